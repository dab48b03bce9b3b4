//! A second factor that somebody else put on an account, whose password they have: what its owner can do about it, alone and with the help of an
//! administrator, and what nobody gains by that.

use std::time::Duration;

use serde_json::json;
use wardgraph_kernel::Clock;
use wardgraph_testkit::{App, PASSWORD, Person, Reply, Window};

use super::{is_believed, log, login, people, refresh};

const EMAIL: &str = "ada@example.com";
const NEXT: &str = "marble-tunnel-ferry-quilt";

async fn disown(app: &App, token: &str) -> Reply {
    app.stranger().post("/api/v1/auth/mfa/disown", &json!({ "token": token })).await
}

/// Sets the password anew by mail.
async fn reset(app: &App, password: &str) -> Reply {
    app.clock.advance(Duration::from_hours(1));
    app.stranger().post("/api/v1/auth/password-reset", &json!({ "email": EMAIL })).await;
    app.mail_everything().await;
    let body = json!({ "token": app.mails.token(EMAIL, "reset-password"), "new_password": password });
    app.stranger().post("/api/v1/auth/password-reset/confirm", &body).await
}

/// Ada, whose address was shown, and a thief who has her password and added a factor.
async fn stolen(app: &App) -> (Person, Person) {
    let ada = app.person(EMAIL).await;
    stolen_from(app, ada).await
}

async fn stolen_from(app: &App, ada: Person) -> (Person, Person) {
    let shown = "update wardgraph.users set verified_at = now()";
    app.database.behind_the_scenes().await.execute(shown, &[]).await.unwrap();
    let thief = Person::again(app, EMAIL).await;
    app.clock.advance(Duration::from_secs(1));
    thief.adds_an_app(app).await;
    app.mail_everything().await;
    (ada, thief)
}

async fn number(app: &App, sql: &str) -> i64 {
    app.database.behind_the_scenes().await.query_one(sql, &[]).await.unwrap().get(0)
}

const FACTORS: &str = "select (select count(*) from wardgraph.factors) + (select count(*) from wardgraph.recovery_codes)";

#[tokio::test]
async fn the_owner_says_that_it_was_not_them_and_gets_the_account_back() {
    let app = App::start().await;
    let (ada, thief) = stolen(&app).await;
    let key = thief.caller.post("/api/v1/users/me/api-keys", &json!({ "name": "k", "scopes": ["nodes:read"] })).await.created();
    let key = app.bearer(key["key"].as_str().unwrap());
    let accomplice = json!({ "email": "thief@example.com", "role": "owner" });
    thief.caller.post("/api/v1/invitations", &accomplice).await.created();
    app.mail_everything().await;
    let invitation = app.mails.token("thief@example.com", "invitation");
    assert!(is_believed(&thief.caller).await && is_believed(&key).await);
    let token = app.mails.token(EMAIL, "not-me");
    assert_eq!(disown(&app, &token).await.status, 204);
    app.hear().await;
    assert!(!is_believed(&thief.caller).await && !is_believed(&key).await && !is_believed(&ada.caller).await);
    refresh(&app, &thief.refresh_token, "").await.problem(401);
    assert_eq!(number(&app, FACTORS).await, 0);
    // The thief knows the password: it is good for nothing.
    login(&app, EMAIL, PASSWORD).await.problem(401);
    let events = log(&app, &ada.caller.tenant).await;
    for told in ["factor.disowned success", "factor.removed success"] {
        assert!(events.contains(&told.to_owned()), "{events:?}");
    }
    // Whom the thief invited stays out.
    let accepted = json!({ "token": invitation, "name": "Thief", "password": NEXT });
    app.stranger().post("/api/v1/auth/accept-invitation", &accepted).await.problem(422);
    assert!(events.contains(&"invitation.withdrawn success".to_owned()), "{events:?}");
    // Once.
    disown(&app, &token).await.problem(422);
    assert_eq!(reset(&app, NEXT).await.status, 204);
    login(&app, EMAIL, PASSWORD).await.problem(401);
    assert!(login(&app, EMAIL, NEXT).await.ok()["access_token"].is_string());
}

#[tokio::test]
async fn a_link_takes_away_what_was_added_since_and_nothing_from_before() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    let shown = "update wardgraph.users set verified_at = now()";
    app.database.behind_the_scenes().await.execute(shown, &[]).await.unwrap();
    let own = ada.adds_an_app(&app).await;
    app.clock.advance(Duration::from_mins(1));
    // Six more: the owner is told of some of them alone.
    for _ in 0..6 {
        super::passkeys::add(&app, &ada, &mut super::passkeys::authenticator(), "another").await;
    }
    app.mail_everything().await;
    assert_eq!(number(&app, "select count(*) from wardgraph.factors").await, 7);
    let links: Vec<_> = app.mails.to(EMAIL).into_iter().filter(|message| message.text.contains("/not-me?token=")).collect();
    assert_eq!(links.len(), 5, "the first one, and four");
    let token = links[1].text.split_once("/not-me?token=").unwrap().1.split_whitespace().next().unwrap().to_owned();
    assert_eq!(disown(&app, &token).await.status, 204);
    assert_eq!(number(&app, "select count(*) from wardgraph.factors").await, 1);
    assert_eq!(number(&app, "select count(*) from wardgraph.recovery_codes").await, 0);
    assert_eq!(reset(&app, PASSWORD).await.status, 204);
    let asked = Person::signing_in(&app, EMAIL).await;
    let shown = json!({ "mfa_token": asked["mfa_token"], "code": own.code(&app, 0) });
    app.stranger().post("/api/v1/auth/mfa/verify", &shown).await.ok();
}

#[tokio::test]
async fn a_link_of_another_kind_another_age_or_another_server_takes_nothing_away() {
    let app = App::start().await;
    let (_, thief) = stolen(&app).await;
    let before = number(&app, FACTORS).await;
    let token = app.mails.token(EMAIL, "not-me");
    let cut = &token[..token.len() - 1];
    for bad in [cut, "AAAA", &app.mails.token(EMAIL, "verify-email")] {
        disown(&app, bad).await.problem(422);
    }
    // It sets no password and confirms no address either.
    let body = json!({ "token": token, "new_password": NEXT });
    app.stranger().post("/api/v1/auth/password-reset/confirm", &body).await.problem(422);
    let elsewhere = App::start().await;
    disown(&elsewhere, &token).await.problem(422);
    app.clock.advance(Duration::from_hours(7 * 24));
    disown(&app, &token).await.problem(422);
    assert_eq!(number(&app, FACTORS).await, before);
    refresh(&app, &thief.refresh_token, "").await.ok();
    let refused = "select count(*) from wardgraph.events where type = 'request.refused' and subject = 'DisownFactor'";
    assert_eq!(number(&app, refused).await, 4);
}

#[tokio::test]
async fn the_page_of_the_link_changes_nothing_until_its_button_is_pressed() {
    let app = App::start().await;
    stolen(&app).await;
    let token = app.mails.token(EMAIL, "not-me");
    let (before, window) = (number(&app, FACTORS).await, Window::open(&app));
    let page = window.get(&format!("/not-me?token={token}")).await;
    assert!(page.status == 200 && page.text.contains("It was not me"), "{}", page.text);
    assert_eq!(number(&app, FACTORS).await, before);
    // From another site, or without the form's token, nothing happens either.
    assert!(window.send_raw("/not-me", [("token", token.as_str())]).await.status.is_client_error());
    assert_eq!(number(&app, FACTORS).await, before);
    let sent = window.send("/not-me", &[("token", &token)]).await;
    assert!(sent.status == 200 && sent.text.contains("href=\"/forgot-password\""), "{}", sent.text);
    assert_eq!(number(&app, FACTORS).await, 0);
    login(&app, EMAIL, PASSWORD).await.problem(401);
}

#[tokio::test]
async fn an_administrator_takes_factors_away_and_leaves_an_account_that_only_its_mail_opens() {
    let app = App::start().await;
    let root = people::administrator(&app, "root@example.com").await;
    let (ada, thief) = stolen(&app).await;
    let key = thief.caller.post("/api/v1/users/me/api-keys", &json!({ "name": "k", "scopes": ["nodes:read"] })).await.created();
    let key = app.bearer(key["key"].as_str().unwrap());
    let mfa = |person: &Person| format!("{}/mfa", people::user(person));
    // Not members, not owners, not keys, not tokens of others; nor the administrator's own.
    let owner = people::member(&app, &ada, "owner@example.com", "owner").await;
    owner.caller.delete(&mfa(&ada)).await.problem(403);
    app.operator("tenant-a", &["users:write"]).delete(&mfa(&ada)).await.problem(403);
    root.adds_an_app(&app).await;
    assert!(root.caller.delete(&mfa(&root)).await.problem(409)["detail"].as_str().unwrap().contains("another administrator"));
    assert_eq!(number(&app, "select count(*) from wardgraph.factors").await, 2);
    assert_eq!(root.caller.delete(&mfa(&ada)).await.status, 204);
    app.hear().await;
    for caller in [&ada.caller, &thief.caller, &key] {
        assert!(!is_believed(caller).await);
    }
    assert_eq!(number(&app, "select count(*) from wardgraph.factors").await, 1, "the administrator's own stays");
    // Whoever knows the password, the administrator who looked it up somewhere included, is not in.
    login(&app, EMAIL, PASSWORD).await.problem(401);
    app.mail_everything().await;
    let told = app.mails.to(EMAIL).into_iter().filter(|message| message.subject.contains("taken away")).count();
    assert_eq!(told, 1);
    assert!(log(&app, &root.caller.tenant).await.contains(&"user.factors_taken success".to_owned()));
    assert_eq!(reset(&app, NEXT).await.status, 204);
    assert!(login(&app, EMAIL, NEXT).await.ok()["access_token"].is_string());
}

#[tokio::test]
async fn a_sign_in_that_is_under_way_ends_with_the_password() {
    let app = App::start().await;
    let root = people::administrator(&app, "root@example.com").await;
    let ada = app.person(EMAIL).await;
    let authenticator = ada.adds_an_app(&app).await;
    let waiting = Person::signing_in(&app, EMAIL).await;
    assert_eq!(root.caller.delete(&format!("{}/mfa", people::user(&ada))).await.status, 204);
    let shown = json!({ "mfa_token": waiting["mfa_token"], "code": authenticator.code(&app, 1) });
    app.stranger().post("/api/v1/auth/mfa/verify", &shown).await.problem(401);
    // Neither does a token that is believed for a moment change the password back.
    let change = json!({ "current_password": PASSWORD, "new_password": NEXT });
    let late = ada.caller.post("/api/v1/users/me/change-password", &change).await;
    assert!(late.status.is_client_error(), "{}", late.text);
    login(&app, EMAIL, NEXT).await.problem(401);
}

#[tokio::test]
async fn a_client_that_a_thief_registered_or_opened_does_nothing_until_somebody_looked() {
    let app = App::start().await;
    let ada = app.person(EMAIL).await;
    let old = app.client_of(&ada, json!({})).await;
    let opened = app.client_of(&ada, json!({})).await;
    let mara = people::member(&app, &ada, "mara@example.com", "admin").await;
    let at = app.clock.now();
    let long_ago = "update wardgraph.client_acts set acted_at = $1::timestamptz - interval '2 days'";
    app.database.behind_the_scenes().await.execute(long_ago, &[&at]).await.unwrap();
    let (ada, thief) = stolen_from(&app, ada).await;
    let theirs = app.client_of(&thief, json!({})).await;
    let rotated = thief.caller.post(&format!("/api/v1/clients/{}/secrets", opened.id), &json!({})).await.created();
    let mut reopened = opened.clone();
    reopened.secret = rotated["client_secret"].as_str().map(str::to_owned);
    // Somebody else sees to both since: it makes neither the thief's any less, nor what was there any more.
    for client in [&old, &opened] {
        let path = format!("/api/v1/clients/{}", client.id);
        mara.caller.put(&path, &wardgraph_testkit::registration(json!({}))).await.ok();
    }
    app.hear().await;
    let held = [theirs.caller(&app).await, reopened.caller(&app).await];
    let kept = old.caller(&app).await;
    for caller in held.iter().chain([&kept]) {
        assert_eq!(caller.get("/nodes").await.status, 200);
    }
    let updated = async || log(&app, &ada.caller.tenant).await.iter().filter(|event| *event == "client.updated success").count();
    let before = updated().await;
    assert_eq!(disown(&app, &app.mails.token(EMAIL, "not-me")).await.status, 204);
    app.hear().await;
    for (client, caller) in [(&theirs, &held[0]), (&reopened, &held[1])] {
        caller.get("/nodes").await.problem(401);
        assert_eq!(client.token(&[]).await.refused(401), "invalid_client");
    }
    assert_eq!(kept.get("/nodes").await.status, 200, "what was there long before goes on");
    old.token(&[]).await.ok();
    assert_eq!(updated().await - before, 2);
    // Whoever sees to the organization finds them, and decides.
    reset(&app, NEXT).await;
    let ada = Person::of(&app, EMAIL, &login(&app, EMAIL, NEXT).await.ok());
    let seen = ada.caller.get(&format!("/api/v1/clients/{}", theirs.id)).await.ok();
    assert!(seen["disabled_at"].is_string(), "{seen}");
}
