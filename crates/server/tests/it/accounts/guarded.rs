//! What an account is guarded by changes: whoever got in by what was asked before is out, in programs and in browsers.

use serde_json::{Value, json};
use wardgraph_testkit::{App, Person, Reply, Window};

use super::{is_believed, refresh};

const FACTORS: &str = "/api/v1/users/me/mfa";

/// The reasons of the sessions that ended in a log.
async fn reasons(app: &App, tenant: &str) -> Vec<Value> {
    let sql = "select payload -> 'reason' from wardgraph.events where tenant_id = $1 and type = 'session.ended'";
    let rows = app.database.behind_the_scenes().await.query(sql, &[&tenant]).await.unwrap();
    rows.iter().map(|row| row.get::<_, Option<Value>>(0).unwrap_or_default()).collect()
}

async fn is_out(app: &App, person: &Person) -> bool {
    app.hear().await;
    let refreshed = refresh(app, &person.refresh_token, "").await.status;
    assert_eq!(refreshed == 401, !is_believed(&person.caller).await);
    refreshed == 401
}

#[tokio::test]
async fn whoever_got_in_with_the_password_alone_is_out_once_there_is_a_second_factor() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    // Somebody who knows the password, with a program and with a browser.
    let thief = Person::again(&app, "ada@example.com").await;
    let window = Window::open(&app);
    window.sign_in("ada@example.com").await;
    assert_eq!(window.get("/account/security").await.status, 200);
    let phone = ada.adds_an_app(&app).await;
    let factor = format!("{FACTORS}/{}", phone.enabled["factor_id"].as_str().unwrap());
    // Within the second in which a server need not have heard of it, the act looks for itself.
    thief.caller.delete(&factor).await.problem(401);
    assert!(is_out(&app, &thief).await && !is_out(&app, &ada).await);
    let shut = window.send("/account/security/recovery-codes", &[]).await;
    assert!(shut.leads().starts_with("/sign-in"), "{}", shut.text);
    assert_eq!(ada.caller.get(FACTORS).await.ok()["count"], 1);
    assert_eq!(reasons(&app, &ada.caller.tenant).await, [json!("factors"), json!("factors")]);
    app.mail_everything().await;
    assert!(app.mails.to("ada@example.com").last().unwrap().text.contains("your other sessions were ended"));
}

#[tokio::test]
async fn a_factor_that_goes_and_new_recovery_codes_end_every_other_session() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let phone = ada.adds_an_app(&app).await;
    let other = Person::again_with(&app, "ada@example.com", &phone.recovery_code(0)).await;
    assert!(!is_out(&app, &other).await);
    Reply::of(ada.caller.request("POST", "/api/v1/users/me/mfa/recovery-codes")).await.created();
    assert!(is_out(&app, &other).await && !is_out_of_programs(&app, &ada).await);
    let factor = format!("{FACTORS}/{}", phone.enabled["factor_id"].as_str().unwrap());
    let begun = ada.caller.post("/api/v1/auth/mfa/enable", &json!({ "method": "totp" })).await.created();
    app.clock.advance(std::time::Duration::from_secs(30));
    wardgraph_testkit::Authenticator::begun(&app, &begun).await;
    let asked = Person::signing_in(&app, "ada@example.com").await;
    app.clock.advance(std::time::Duration::from_secs(30));
    let shown = json!({ "mfa_token": asked["mfa_token"], "code": phone.code(&app, 0) });
    let third = Person::of(&app, "ada@example.com", &app.stranger().post("/api/v1/auth/mfa/verify", &shown).await.ok());
    assert!(is_believed(&third.caller).await);
    assert_eq!(ada.caller.delete(&factor).await.status, 204);
    assert!(is_out(&app, &third).await && is_believed(&ada.caller).await);
}

/// The same, of somebody whose refresh token is to stay unused.
async fn is_out_of_programs(app: &App, person: &Person) -> bool {
    app.hear().await;
    !is_believed(&person.caller).await
}
