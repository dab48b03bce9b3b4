//! Passwords that are changed, and set anew.

use serde_json::json;
use wardgraph_testkit::{App, AppOptions, PASSWORD, Person, Reply};

use super::{is_believed, login, refresh};

const NEXT: &str = "marble-tunnel-ferry-quilt";

async fn change(person: &Person, current: &str, next: &str) -> Reply {
    let body = json!({ "current_password": current, "new_password": next });
    person.caller.post("/api/v1/users/me/change-password", &body).await
}

#[tokio::test]
async fn a_changed_password_ends_every_other_session() {
    let app = App::start().await;
    let (here, there) = (app.person("ada@example.com").await, Person::again(&app, "ada@example.com").await);
    let problem = change(&here, PASSWORD, "passwordpassword").await.problem(422);
    assert_eq!(problem["errors"][0]["field"], "/new_password");
    assert_eq!(change(&here, PASSWORD, NEXT).await.status, 204);
    app.hear().await;
    assert!(is_believed(&here.caller).await && !is_believed(&there.caller).await);
    refresh(&app, &there.refresh_token, "").await.problem(401);
    refresh(&app, &here.refresh_token, "").await.ok();
    login(&app, "ada@example.com", PASSWORD).await.problem(401);
    login(&app, "ada@example.com", NEXT).await.ok();
    app.mail_everything().await;
    assert!(app.mails.to("ada@example.com").last().unwrap().subject.contains("changed"));
}

#[tokio::test]
async fn whoever_stole_an_access_token_does_not_guess_the_password() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    for _ in 0..5 {
        assert_eq!(change(&ada, "not the password", NEXT).await.problem(422)["errors"][0]["field"], "/current_password");
    }
    let locked = change(&ada, PASSWORD, NEXT).await;
    assert!(locked.headers["retry-after"].to_str().unwrap().parse::<u32>().unwrap() <= 31);
    locked.problem(429);
    app.clock.advance(std::time::Duration::from_secs(30));
    assert_eq!(change(&ada, PASSWORD, NEXT).await.status, 204);
}

#[tokio::test]
async fn guesses_of_the_current_password_count_however_many_are_made_at_once() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let guesses = futures_util::future::join_all((0..20).map(|_| change(&ada, "not the password", NEXT))).await;
    let told = guesses.iter().filter(|guess| guess.status == 422).count();
    assert_eq!(told, 5, "the others are told to wait: {:?}", guesses.iter().map(|guess| guess.status).collect::<Vec<_>>());
}

async fn reset_token(app: &App) -> String {
    let asked = app.stranger().post("/api/v1/auth/password-reset", &json!({ "email": "ada@example.com" })).await;
    assert_eq!(asked.status, 202);
    app.mail_everything().await;
    app.mails.token("ada@example.com", "reset-password")
}

async fn reset(app: &App, token: &str, password: &str) -> Reply {
    app.stranger().post("/api/v1/auth/password-reset/confirm", &json!({ "token": token, "new_password": password })).await
}

#[tokio::test]
async fn a_mailed_link_sets_the_password_once_and_ends_everything_before() {
    let app = App::with(AppOptions { verifies: true, ..AppOptions::default() }).await;
    super::register(&app, "ada@example.com").await;
    app.mail_everything().await;
    let verify = app.mails.token("ada@example.com", "verify-email");
    app.stranger().post("/api/v1/auth/verify-email", &json!({ "token": verify, "password": PASSWORD })).await;
    let ada = Person::again(&app, "ada@example.com").await;
    let key = ada.caller.post("/api/v1/users/me/api-keys", &json!({ "name": "k", "scopes": ["nodes:read"] })).await.created();
    let key = app.bearer(key["key"].as_str().unwrap());
    assert!(is_believed(&key).await);
    let (older, token) = (reset_token(&app).await, reset_token(&app).await);
    // A link to verify is none to reset, and one that is too weak a password's can be used again.
    reset(&app, &verify, NEXT).await.problem(422);
    assert_eq!(reset(&app, &token, "passwordpassword").await.problem(422)["errors"][0]["field"], "/new_password");
    assert_eq!(reset(&app, &token, NEXT).await.status, 204);
    assert_eq!(reset(&app, &token, "vowel-otter-sixteen-lamp").await.problem(422)["errors"][0]["field"], "/token");
    reset(&app, &older, "vowel-otter-sixteen-lamp").await.problem(422);
    // This server has not heard of it yet: a token that is believed for a moment still makes no key that would be for good.
    assert!(is_believed(&ada.caller).await);
    let late = ada.caller.post("/api/v1/users/me/api-keys", &json!({ "name": "late", "scopes": ["nodes:read"] })).await;
    assert!(late.problem(401)["detail"].as_str().unwrap().contains("session"));
    app.hear().await;
    assert!(!is_believed(&ada.caller).await && !is_believed(&key).await);
    refresh(&app, &ada.refresh_token, "").await.problem(401);
    login(&app, "ada@example.com", PASSWORD).await.problem(401);
    login(&app, "ada@example.com", NEXT).await.ok();
}

#[tokio::test]
async fn a_sign_in_that_is_under_way_does_not_outlive_its_password() {
    let app = App::start().await;
    app.person("ada@example.com").await;
    let (holder, watcher) = (app.database.behind_the_scenes().await, app.database.behind_the_scenes().await);
    let sessions = async || watcher.query_one("select count(*) from wardgraph.sessions", &[]).await.unwrap().get::<_, i64>(0);
    let before = sessions().await;
    for change in [
        "update wardgraph.users set generation = generation + 1",
        "update wardgraph.users set disabled_at = now(), generation = generation + 1",
        "update wardgraph.passwords set verifier = (select verifier || 'A' from wardgraph.passwords)",
    ] {
        // Changed, and not committed: the sign-in reads what was, works the password out, and meets the change before it begins a session.
        holder.batch_execute(&format!("begin; {change}")).await.unwrap();
        let commit = async {
            let waiting = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
            while watcher.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) == 0 {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            holder.batch_execute("commit").await.unwrap();
        };
        let patience = std::time::Duration::from_secs(4);
        let (reply, waited) = tokio::join!(login(&app, "ada@example.com", PASSWORD), tokio::time::timeout(patience, commit));
        assert!(waited.is_ok(), "the sign-in did not look again: {}", reply.text);
        reply.problem(401);
        holder.batch_execute("update wardgraph.users set disabled_at = null").await.unwrap();
    }
    assert_eq!(sessions().await, before);
}

#[tokio::test]
async fn of_two_uses_of_a_link_at_once_one_succeeds() {
    let app = App::start().await;
    app.person("ada@example.com").await;
    let token = reset_token(&app).await;
    let both = futures_util::future::join_all((0..4).map(|_| reset(&app, &token, NEXT))).await;
    assert_eq!(both.iter().filter(|reply| reply.status == 204).count(), 1);
    assert!(both.iter().all(|reply| reply.status == 204 || reply.status == 422));
}

#[tokio::test]
async fn a_link_is_too_old_after_an_hour() {
    let app = App::start().await;
    app.person("ada@example.com").await;
    let token = reset_token(&app).await;
    app.clock.advance(std::time::Duration::from_hours(1));
    reset(&app, &token, NEXT).await.problem(422);
}
