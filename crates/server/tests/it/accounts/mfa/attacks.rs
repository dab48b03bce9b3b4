//! What whoever has something of a sign-in, and not all of it, tries with it. After each refusal a new connection sees the event, and nothing
//! changed.

use std::time::Duration;

use serde_json::json;
use wardgraph_testkit::{App, PASSWORD, Person, code};

use super::{
    super::{log, login},
    another_server, number, second, show, show_recovery, token, untouched, with_an_app,
};

/// What `attack` does is refused with 401 and leaves one failure in the log of `tenant`, and nothing else.
async fn refused<T: Future<Output = wardgraph_testkit::Reply>>(app: &App, tenant: &str, attack: T) {
    let failures = async || log(app, tenant).await.iter().filter(|event| *event == "mfa.failed refused").count();
    let (before, failed) = (untouched(app).await, failures().await);
    attack.await.problem(401);
    assert_eq!(untouched(app).await, before);
    assert_eq!(failures().await, failed + 1);
}

#[tokio::test]
async fn a_code_that_was_used_is_good_for_nothing_nor_is_an_earlier_one() {
    let app = App::start().await;
    let (ada, authenticator) = with_an_app(&app, "ada@example.com").await;
    let seen = authenticator.code(&app, 1);
    show(&app, &token(&app, "ada@example.com").await, &seen).await.ok();
    // Within its own step, within the next, and the one before it.
    let challenge = token(&app, "ada@example.com").await;
    refused(&app, &ada.caller.tenant, show(&app, &challenge, &seen)).await;
    app.clock.advance(Duration::from_secs(30));
    refused(&app, &ada.caller.tenant, show(&app, &challenge, &seen)).await;
    refused(&app, &ada.caller.tenant, show(&app, &challenge, &authenticator.code(&app, -1))).await;
    show(&app, &challenge, &authenticator.code(&app, 1)).await.ok();
}

#[tokio::test]
async fn of_two_uses_of_one_code_at_once_one_wins() {
    let app = App::start().await;
    let (_, authenticator) = with_an_app(&app, "ada@example.com").await;
    let sessions = "select count(*) from wardgraph.sessions";
    let before = number(&app, sessions).await;
    let code = authenticator.code(&app, 1);
    let mut challenges = Vec::new();
    for _ in 0..5 {
        challenges.push(token(&app, "ada@example.com").await);
    }
    let servers = [&app, &another_server(&app).await];
    let uses = challenges.iter().enumerate().map(|(n, token)| show(servers[n % 2], token, &code));
    let uses = futures_util::future::join_all(uses).await;
    assert_eq!(uses.iter().filter(|reply| reply.status == 200).count(), 1);
    assert_eq!(number(&app, sessions).await, before + 1);
}

#[tokio::test]
async fn another_accounts_code_and_another_accounts_challenge_open_nothing() {
    let app = App::start().await;
    let (ada, adas) = with_an_app(&app, "ada@example.com").await;
    let (bob, bobs) = with_an_app(&app, "bob@example.com").await;
    let (hers, his) = (token(&app, "ada@example.com").await, token(&app, "bob@example.com").await);
    refused(&app, &ada.caller.tenant, show(&app, &hers, &bobs.code(&app, 1))).await;
    refused(&app, &bob.caller.tenant, show(&app, &his, &adas.code(&app, 1))).await;
    let code = super::codes(&bobs.enabled)[0].clone();
    refused(&app, &ada.caller.tenant, show_recovery(&app, &hers, &code)).await;
    // What was tried elsewhere is not used up.
    show_recovery(&app, &his, &code).await.ok();
}

#[tokio::test]
async fn a_challenge_ends_one_sign_in_and_waits_ten_minutes() {
    let app = App::start().await;
    let (_, authenticator) = with_an_app(&app, "ada@example.com").await;
    let challenge = token(&app, "ada@example.com").await;
    show(&app, &challenge, &authenticator.code(&app, 1)).await.ok();
    app.clock.advance(Duration::from_secs(60));
    let before = untouched(&app).await;
    show(&app, &challenge, &authenticator.code(&app, 0)).await.problem(401);
    let old = token(&app, "ada@example.com").await;
    app.clock.advance(Duration::from_secs(600));
    show(&app, &old, &authenticator.code(&app, 0)).await.problem(401);
    assert_eq!(untouched(&app).await, before);
    assert_eq!(number(&app, "select count(*) from wardgraph.challenges").await, 3);
    app.clock.advance(Duration::from_secs(1));
    app.sweep_accounts().await;
    assert_eq!(number(&app, "select count(*) from wardgraph.challenges").await, 0);
}

#[tokio::test]
async fn the_token_of_a_challenge_is_no_credential_and_no_credential_is_one() {
    let app = App::start().await;
    let (ada, authenticator) = with_an_app(&app, "ada@example.com").await;
    let challenge = token(&app, "ada@example.com").await;
    for path in ["/api/v1/whoami", "/api/v1/users/me", "/api/v1/users/me/mfa"] {
        app.bearer(&challenge).get(path).await.problem(401);
    }
    app.stranger().post("/api/v1/auth/refresh", &json!({ "refresh_token": challenge })).await.problem(401);
    app.bearer(&challenge).post("/api/v1/auth/mfa/enable", &json!({ "method": "totp" })).await.problem(401);
    let access = ada.caller.token.clone().unwrap();
    for other in [&ada.refresh_token, &access] {
        let reply = show(&app, other, &authenticator.code(&app, 1)).await;
        assert!(reply.status == 401 || reply.status == 422, "{}", reply.text);
    }
    // A sign-in's token adds no factor where there is one; an enrolment's ends no sign-in and begins no other enrolment.
    let body = json!({ "mfa_token": challenge, "method": "totp" });
    app.stranger().post("/api/v1/auth/mfa/enrol", &body).await.problem(403);
    let begun = ada.caller.post("/api/v1/auth/mfa/enable", &json!({ "method": "totp" })).await.created();
    let body = json!({ "mfa_token": begun["mfa_token"], "method": "totp" });
    app.stranger().post("/api/v1/auth/mfa/enrol", &body).await.problem(401);
    show(&app, begun["mfa_token"].as_str().unwrap(), &authenticator.code(&app, 1)).await.problem(401);
    assert_eq!(number(&app, "select count(*) from wardgraph.factors").await, 1);
}

#[tokio::test]
async fn an_account_that_is_disabled_between_the_two_steps_stays_shut() {
    let app = App::start().await;
    let (ada, authenticator) = with_an_app(&app, "ada@example.com").await;
    let challenge = token(&app, "ada@example.com").await;
    let superuser = app.database.behind_the_scenes().await;
    superuser.batch_execute("update wardgraph.users set disabled_at = now()").await.unwrap();
    refused(&app, &ada.caller.tenant, show(&app, &challenge, &authenticator.code(&app, 1))).await;
    superuser.batch_execute("update wardgraph.users set disabled_at = null").await.unwrap();
    show(&app, &challenge, &authenticator.code(&app, 1)).await.ok();
}

#[tokio::test]
async fn a_password_that_is_changed_between_the_two_steps_ends_the_sign_in() {
    const NEXT: &str = "marble-tunnel-ferry-quilt";
    let app = App::start().await;
    let (ada, authenticator) = with_an_app(&app, "ada@example.com").await;
    let (stolen, enrolment) = (
        token(&app, "ada@example.com").await,
        ada.caller.post("/api/v1/auth/mfa/enable", &json!({ "method": "totp" })).await.created(),
    );
    let changed = json!({ "current_password": PASSWORD, "new_password": NEXT });
    assert_eq!(ada.caller.post("/api/v1/users/me/change-password", &changed).await.status, 204);
    refused(&app, &ada.caller.tenant, show(&app, &stolen, &authenticator.code(&app, 1))).await;
    let code = code(enrolment["secret"].as_str().unwrap(), second(&app));
    refused(&app, &ada.caller.tenant, show(&app, enrolment["mfa_token"].as_str().unwrap(), &code)).await;
    // Set anew by mail: the second factor of an account whose address was shown is asked still.
    let shown = "update wardgraph.users set verified_at = now()";
    app.database.behind_the_scenes().await.execute(shown, &[]).await.unwrap();
    let waiting = login(&app, "ada@example.com", NEXT).await.ok()["mfa_token"].as_str().unwrap().to_owned();
    app.stranger().post("/api/v1/auth/password-reset", &json!({ "email": "ada@example.com" })).await;
    app.mail_everything().await;
    let reset = json!({ "token": app.mails.token("ada@example.com", "reset-password"), "new_password": PASSWORD });
    assert_eq!(app.stranger().post("/api/v1/auth/password-reset/confirm", &reset).await.status, 204);
    refused(&app, &ada.caller.tenant, show(&app, &waiting, &authenticator.code(&app, 1))).await;
    let asked = Person::signing_in(&app, "ada@example.com").await;
    assert_eq!(asked["mfa_required"], true);
    show(&app, asked["mfa_token"].as_str().unwrap(), &authenticator.code(&app, 1)).await.ok();
}

#[tokio::test]
async fn what_is_sealed_of_one_factor_does_not_open_in_anothers_row() {
    let app = App::start().await;
    let (_, adas) = with_an_app(&app, "ada@example.com").await;
    let (_, bobs) = with_an_app(&app, "bob@example.com").await;
    let superuser = app.database.behind_the_scenes().await;
    let sql = "update wardgraph.factors f set secret = o.secret from wardgraph.factors o where o.factor_id = $2::text::uuid and f.factor_id = $1::text::uuid";
    let ids = [&adas, &bobs].map(|app| app.enabled["factor_id"].as_str().unwrap().to_owned());
    superuser.execute(sql, &[&ids[0], &ids[1]]).await.unwrap();
    let before = untouched(&app).await;
    show(&app, &token(&app, "ada@example.com").await, &bobs.code(&app, 1)).await.problem(500);
    assert_eq!(untouched(&app).await, before);
}
