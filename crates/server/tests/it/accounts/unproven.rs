//! Addresses that nobody showed to be theirs: what a stranger gains by registering somebody else's, and by having it mailed to.

use std::time::Duration;

use serde_json::{Value, json};
use wardgraph_testkit::{App, AppOptions, PASSWORD, Person, Reply};

use super::{anonymous, is_believed, login, refresh};

const EMAIL: &str = "victim@example.com";
const SQUATTERS: &str = "marble-tunnel-ferry-quilt";

async fn verifying() -> App {
    App::with(AppOptions { verifies: true, ..AppOptions::default() }).await
}

async fn register_as(app: &App, email: &str, password: &str, name: &str) -> Reply {
    let new = json!({ "email": email, "password": password, "name": name });
    app.stranger().post("/api/v1/auth/register", &new).await
}

/// Registers, has the mail sent, and tells the token of the link in it.
async fn mailed(app: &App, password: &str, name: &str) -> String {
    assert_eq!(register_as(app, EMAIL, password, name).await.status, 202);
    app.mail_everything().await;
    app.mails.token(EMAIL, "verify-email")
}

async fn verify(app: &App, token: &str, password: &str) -> Reply {
    app.stranger().post("/api/v1/auth/verify-email", &json!({ "token": token, "password": password })).await
}

async fn reset(app: &App, email: &str) -> Reply {
    app.stranger().post("/api/v1/auth/password-reset", &json!({ "email": email })).await
}

/// One value of the database, as a connection of its own sees it.
async fn seen(app: &App, sql: &str) -> i64 {
    app.database.behind_the_scenes().await.query_one(sql, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn the_log_tells_a_registration_that_was_taken_from_one_that_was_not() {
    let app = verifying().await;
    let last = async || {
        let sql = "select jsonb_build_object('outcome', outcome, 'subject', subject is not null, 'payload', payload) from wardgraph.events
                   where type = 'user.registered' order by xact desc limit 1";
        app.database.behind_the_scenes().await.query_one(sql, &[]).await.unwrap().get::<_, Value>(0)
    };
    let told =
        |outcome: &str, subject: bool, payload: Value| json!({ "outcome": outcome, "subject": subject, "payload": payload });
    register_as(&app, EMAIL, SQUATTERS, "Mallory").await;
    assert_eq!(last().await, told("success", true, json!({})));
    let own = mailed(&app, PASSWORD, "Grace Hopper").await;
    assert_eq!(last().await, told("success", true, json!({ "registered_again": true })));
    register_as(&app, EMAIL, SQUATTERS, "Mallory").await;
    register_as(&app, EMAIL, SQUATTERS, "Mallory").await;
    let often = "the address was mailed to lately as often as it may be";
    assert_eq!(last().await, told("refused", false, json!({ "reason": often })));
    assert_eq!(verify(&app, &own, PASSWORD).await.status, 204);
    app.clock.advance(Duration::from_hours(1));
    register_as(&app, EMAIL, SQUATTERS, "Mallory").await;
    assert_eq!(last().await, told("refused", false, json!({ "reason": "the address is taken" })));
}

#[tokio::test]
async fn a_confirmed_registration_leaves_no_other_link_of_the_account_good() {
    let app = verifying().await;
    register_as(&app, EMAIL, SQUATTERS, "Mallory").await;
    assert_eq!(reset(&app, EMAIL).await.status, 202);
    app.mail_everything().await;
    let before = app.mails.token(EMAIL, "reset-password");
    let own = mailed(&app, PASSWORD, "Grace Hopper").await;
    assert_eq!(verify(&app, &own, PASSWORD).await.status, 204);
    let body = json!({ "token": before, "new_password": SQUATTERS });
    app.stranger().post("/api/v1/auth/password-reset/confirm", &body).await.problem(422);
    login(&app, EMAIL, PASSWORD).await.ok();
}

#[tokio::test]
async fn what_a_mailed_link_did_stands_in_the_log_of_the_accounts_organization() {
    let app = verifying().await;
    let own = mailed(&app, PASSWORD, "Grace Hopper").await;
    assert_eq!(verify(&app, &own, PASSWORD).await.status, 204);
    reset(&app, EMAIL).await;
    app.mail_everything().await;
    let body = json!({ "token": app.mails.token(EMAIL, "reset-password"), "new_password": SQUATTERS });
    assert_eq!(app.stranger().post("/api/v1/auth/password-reset/confirm", &body).await.status, 204);
    let owner = Person::of(&app, EMAIL, &login(&app, EMAIL, SQUATTERS).await.ok());
    let seen: Vec<_> = owner.caller.events().await.into_iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect();
    for told in ["user.verified", "password.reset"] {
        assert!(seen.contains(&told.to_owned()), "{seen:?}");
    }
    assert!(!super::log(&app, "_system").await.iter().any(|event| event.starts_with("user.verified")));
}

#[tokio::test]
async fn a_click_alone_confirms_nothing() {
    let app = verifying().await;
    let link = mailed(&app, SQUATTERS, "Mallory").await;
    let problem = verify(&app, &link, PASSWORD).await.problem(422);
    assert_eq!(problem["errors"][0]["field"], "/password");
    let bare = app.stranger().post("/api/v1/auth/verify-email", &json!({ "token": link })).await;
    assert!(bare.status.is_client_error(), "{}", bare.text);
    // A new connection sees the event, and none of the refused change: the account is unconfirmed, and the link was not used up.
    let refused = "select count(*) from wardgraph.events where type = 'request.refused' and subject = 'VerifyEmail'";
    assert_eq!(seen(&app, refused).await, 1);
    assert_eq!(seen(&app, "select count(*) from wardgraph.users where verified_at is not null").await, 0);
    assert_eq!(seen(&app, "select count(*) from wardgraph.links where used_at is not null").await, 0);
    login(&app, EMAIL, SQUATTERS).await.problem(401);
}

#[tokio::test]
async fn whoever_squats_an_address_loses_it_to_who_shows_it() {
    let app = verifying().await;
    let squatted = mailed(&app, SQUATTERS, "Mallory").await;
    let own = mailed(&app, PASSWORD, "Grace Hopper").await;
    assert_ne!(squatted, own);
    // A third registration takes nothing from the second, whose link stays good: nobody is kept from an account by registering after them.
    let late = mailed(&app, SQUATTERS, "Mallory again").await;
    for (link, password) in [(&squatted, PASSWORD), (&own, SQUATTERS), (&late, PASSWORD)] {
        verify(&app, link, password).await.problem(422);
    }
    assert_eq!(verify(&app, &own, PASSWORD).await.status, 204);
    for (link, password) in [(&squatted, SQUATTERS), (&own, PASSWORD), (&late, SQUATTERS)] {
        verify(&app, link, password).await.problem(422);
    }
    login(&app, EMAIL, SQUATTERS).await.problem(401);
    let victim = Person::again(&app, EMAIL).await;
    let me = victim.caller.get("/api/v1/users/me").await.ok();
    assert_eq!((&me["name"], &me["email_verified"]), (&json!("Grace Hopper"), &json!(true)));
    assert_eq!(me["organization"]["name"], "Grace Hopper's organization");
    // From now on the address is taken: its owner is told, and nothing changes.
    app.clock.advance(Duration::from_hours(1));
    register_as(&app, EMAIL, SQUATTERS, "Mallory").await;
    app.mail_everything().await;
    assert!(app.mails.to(EMAIL).last().unwrap().subject.contains("already"));
    login(&app, EMAIL, SQUATTERS).await.problem(401);
}

#[tokio::test]
async fn who_used_an_address_that_is_anothers_is_out_within_a_second() {
    // Where no address needs to be shown, the squatter worked with the account meanwhile.
    let app = App::start().await;
    assert_eq!(register_as(&app, EMAIL, SQUATTERS, "Mallory").await.status, 202);
    let tokens = login(&app, EMAIL, SQUATTERS).await.ok();
    let squatter = Person::of(&app, EMAIL, &tokens);
    let key = json!({ "name": "k", "scopes": ["nodes:read"] });
    let key = squatter.caller.post("/api/v1/users/me/api-keys", &key).await.created();
    let key = app.bearer(key["key"].as_str().unwrap());
    squatter.adds_an_app(&app).await;
    assert!(is_believed(&key).await);

    let own = mailed(&app, PASSWORD, "Grace Hopper").await;
    // Registering again by itself changed nothing: it is no way to take an account.
    login(&app, EMAIL, PASSWORD).await.problem(401);
    assert!(is_believed(&squatter.caller).await);
    assert_eq!(verify(&app, &own, PASSWORD).await.status, 204);
    app.hear().await;
    assert!(!is_believed(&squatter.caller).await && !is_believed(&key).await);
    refresh(&app, &squatter.refresh_token, "").await.problem(401);
    login(&app, EMAIL, SQUATTERS).await.problem(401);
    // No second factor of the squatter's keeps the owner out.
    let answer = login(&app, EMAIL, PASSWORD).await.ok();
    assert!(answer["access_token"].is_string(), "{answer}");
    assert_eq!(seen(&app, "select count(*) from wardgraph.factors").await, 0);
}

#[tokio::test]
async fn of_two_registrations_that_are_confirmed_at_once_one_is() {
    let app = verifying().await;
    let (one, other) = (mailed(&app, SQUATTERS, "One").await, mailed(&app, PASSWORD, "Other").await);
    let (first, second) = futures_util::join!(verify(&app, &one, SQUATTERS), verify(&app, &other, PASSWORD));
    let good = [first.status, second.status].iter().filter(|status| **status == 204).count();
    assert_eq!(good, 1, "{} {}", first.text, second.text);
    let holds = if first.status == 204 { (SQUATTERS, PASSWORD) } else { (PASSWORD, SQUATTERS) };
    login(&app, EMAIL, holds.0).await.ok();
    login(&app, EMAIL, holds.1).await.problem(401);
}

#[tokio::test]
async fn a_strangers_words_are_not_mailed_to_an_address_that_nobody_showed() {
    let app = App::start().await;
    let name = "Win a prize at prizes.example";
    register_as(&app, EMAIL, SQUATTERS, name).await;
    register_as(&app, EMAIL, SQUATTERS, name).await;
    reset(&app, EMAIL).await;
    let squatter = Person::of(&app, EMAIL, &login(&app, EMAIL, SQUATTERS).await.ok());
    squatter.adds_an_app(&app).await;
    let change = json!({ "current_password": SQUATTERS, "new_password": "vowel-otter-sixteen-lamp" });
    assert_eq!(squatter.caller.post("/api/v1/users/me/change-password", &change).await.status, 204);
    for _ in 0..5 {
        login(&app, EMAIL, "wrong").await.problem(401);
    }
    app.mail_everything().await;
    let messages = app.mails.to(EMAIL);
    assert!(messages.len() >= 6, "{}", messages.len());
    assert!(messages.iter().all(|message| !message.text.contains("prize") && !message.subject.contains("prize")));
    // Whose address was shown is called by the name.
    reset(&app, EMAIL).await;
    app.mail_everything().await;
    let body = json!({ "token": app.mails.token(EMAIL, "reset-password"), "new_password": PASSWORD });
    assert_eq!(app.stranger().post("/api/v1/auth/password-reset/confirm", &body).await.status, 204);
    reset(&app, EMAIL).await;
    app.mail_everything().await;
    assert!(app.mails.to(EMAIL).last().unwrap().text.contains(name));
}

#[tokio::test]
async fn an_address_is_not_flooded_and_no_answer_tells_when_it_would_be() {
    let app = App::start().await;
    app.person("ada@example.com").await;
    let sent = async |subject: &str| {
        app.mail_everything().await;
        app.mails.to("ada@example.com").iter().filter(|message| message.subject.contains(subject)).count()
    };
    let first = anonymous(&reset(&app, "ada@example.com").await);
    for _ in 0..20 {
        assert_eq!(anonymous(&reset(&app, "ada@example.com").await), first);
        assert_eq!(anonymous(&reset(&app, "nobody@example.com").await), first);
    }
    assert_eq!(sent("new password").await, 3);
    // Another kind is counted by itself.
    let registered = anonymous(&register_as(&app, "ada@example.com", PASSWORD, "Ada").await);
    for _ in 0..8 {
        assert_eq!(anonymous(&register_as(&app, "ada@example.com", PASSWORD, "Ada").await), registered);
    }
    assert_eq!(sent("confirm").await, 3, "the first one, and two");
    // In a day: ten, and then one an hour, so that nobody is kept from the own account by somebody who asks all the time.
    let mut counts = Vec::new();
    for _ in 0..6 {
        app.clock.advance(Duration::from_hours(1));
        let before = sent("new password").await;
        for _ in 0..5 {
            reset(&app, "ada@example.com").await;
        }
        counts.push(sent("new password").await - before);
    }
    assert_eq!(counts, [3, 3, 1, 1, 1, 1]);
    // The counts name nobody, and are forgotten.
    let rows =
        app.database.behind_the_scenes().await.query("select to_jsonb(c) from wardgraph.mail_counts c", &[]).await.unwrap();
    assert!(rows.len() >= 3 && rows.iter().all(|row| !row.get::<_, Value>(0).to_string().contains("example.com")));
    app.clock.advance(Duration::from_hours(25));
    app.sweep_accounts().await;
    assert_eq!(seen(&app, "select count(*) from wardgraph.mail_counts").await, 0);
}

#[tokio::test]
async fn a_full_outbox_takes_no_more_from_strangers_and_says_when_to_come_back() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let fill = "insert into wardgraph.mail (mail_id, kind, recipient, name, created_at, due_at)
                select gen_random_uuid(), 'reset', null, '', now(), now() + interval '1 year' from generate_series(1, 10000)";
    app.database.behind_the_scenes().await.batch_execute(fill).await.unwrap();
    let before = seen(&app, "select count(*) from wardgraph.mail").await;
    let register = register_as(&app, "new@example.com", PASSWORD, "New").await;
    assert!(register.headers.contains_key("retry-after"));
    register.problem(503);
    // Whether anybody has the address does not matter.
    let both = [reset(&app, "ada@example.com").await, reset(&app, "nobody@example.com").await];
    assert_eq!(anonymous(&both[0]), anonymous(&both[1]));
    assert_eq!(both[0].status, 503);
    assert_eq!(seen(&app, "select count(*) from wardgraph.mail").await, before);
    assert_eq!(seen(&app, "select count(*) from wardgraph.users").await, 1);
    // Who signed in is served.
    let change = json!({ "current_password": PASSWORD, "new_password": SQUATTERS });
    assert_eq!(ada.caller.post("/api/v1/users/me/change-password", &change).await.status, 204);
}

#[tokio::test]
async fn a_squatters_second_factor_does_not_outlive_the_reset_of_who_has_the_address() {
    // Without a mail server an account works before its address was shown.
    let app = App::start().await;
    let squatter = app.person(EMAIL).await;
    squatter.adds_an_app(&app).await;
    assert_eq!(reset(&app, EMAIL).await.status, 202);
    app.mail_everything().await;
    let set = |token: String, password: &'static str| {
        let app = &app;
        async move {
            let body = json!({ "token": token, "new_password": password });
            app.stranger().post("/api/v1/auth/password-reset/confirm", &body).await
        }
    };
    assert_eq!(set(app.mails.token(EMAIL, "reset-password"), SQUATTERS).await.status, 204);
    let factors = "select (select count(*) from wardgraph.factors) + (select count(*) from wardgraph.recovery_codes)";
    assert_eq!(seen(&app, factors).await, 0);
    let owner = Person::of(&app, EMAIL, &login(&app, EMAIL, SQUATTERS).await.ok());
    // Once the address is shown, a factor stays whatever is reset.
    owner.adds_an_app(&app).await;
    app.clock.advance(Duration::from_hours(2));
    assert_eq!(reset(&app, EMAIL).await.status, 202);
    app.mail_everything().await;
    assert_eq!(set(app.mails.token(EMAIL, "reset-password"), PASSWORD).await.status, 204);
    assert_eq!(login(&app, EMAIL, PASSWORD).await.ok()["mfa_required"], true);
}

#[tokio::test]
async fn passwords_that_are_guessed_beside_a_link_wait_as_they_do_at_the_door() {
    let app = verifying().await;
    let link = mailed(&app, PASSWORD, "Grace").await;
    let mut answers = Vec::new();
    for _ in 0..5 {
        answers.push(verify(&app, &link, "not the password at all").await);
    }
    // The right one now is answered as a wrong one is, and changes nothing; neither makes the wait longer.
    answers.push(verify(&app, &link, PASSWORD).await);
    answers.push(verify(&app, &link, "not the password at all").await);
    let answers: Vec<_> = answers.iter().map(anonymous).collect();
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(seen(&app, "select count(*) from wardgraph.users where verified_at is not null").await, 0);
    assert_eq!(seen(&app, "select max(failures)::int8 from wardgraph.attempts").await, 5);
    app.clock.advance(Duration::from_secs(29));
    verify(&app, &link, PASSWORD).await.problem(422);
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(verify(&app, &link, PASSWORD).await.status, 204);
    assert_eq!(seen(&app, "select count(*) from wardgraph.attempts").await, 0);
    login(&app, EMAIL, PASSWORD).await.ok();
}

#[tokio::test]
async fn whoever_has_no_link_keeps_nobody_from_confirming_an_address() {
    let app = verifying().await;
    let link = mailed(&app, PASSWORD, "Grace").await;
    for _ in 0..12 {
        login(&app, EMAIL, "not the password at all").await.problem(401);
    }
    assert_eq!(verify(&app, &link, PASSWORD).await.status, 204);
}
