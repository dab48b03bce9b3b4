//! Signing in with a second factor.

use serde_json::json;
use wardgraph_testkit::{App, Person};

use super::{
    super::{log, refresh},
    claims, codes, second, show, token, with_an_app,
};

#[tokio::test]
async fn a_code_ends_a_sign_in_and_the_session_remembers_how() {
    let app = App::start().await;
    let (ada, authenticator) = with_an_app(&app, "ada@example.com").await;
    assert_eq!(claims(&json!({ "access_token": ada.caller.token }))["amr"], json!(["pwd"]));
    let asked = Person::signing_in(&app, "ada@example.com").await;
    assert_eq!(asked["mfa_required"], true);
    assert_eq!(asked["methods"], json!(["totp", "recovery_code"]));
    assert_eq!(asked["expires_in"], 600);
    assert!(asked.get("access_token").is_none() && asked.get("enrol").is_none());
    app.clock.advance(std::time::Duration::from_secs(30));
    let tokens = show(&app, asked["mfa_token"].as_str().unwrap(), &authenticator.code(&app, 0)).await.ok();
    let signed = claims(&tokens);
    assert_eq!((&signed["amr"], &signed["acr"]), (&json!(["pwd", "otp", "mfa"]), &json!("aal2")));
    let at = signed["auth_time"].as_i64().unwrap();
    // Kept through a refresh.
    app.clock.advance(std::time::Duration::from_secs(600));
    let next = refresh(&app, tokens["refresh_token"].as_str().unwrap(), "app").await.ok();
    let refreshed = claims(&next);
    assert_eq!((&refreshed["amr"], &refreshed["acr"]), (&signed["amr"], &signed["acr"]));
    assert_eq!(refreshed["auth_time"], at);
    let events = log(&app, &ada.caller.tenant).await;
    for event in ["mfa.required success", "mfa.verified success", "factor.added success", "recovery_codes.made success"] {
        assert!(events.contains(&event.to_owned()), "{event} in {events:?}");
    }
}

#[tokio::test]
async fn whoever_has_no_second_factor_signs_in_as_ever() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let tokens = Person::signing_in(&app, "ada@example.com").await;
    let signed = claims(&tokens);
    assert_eq!((&signed["amr"], &signed["acr"]), (&json!(["pwd"]), &json!("aal1")));
    let listed = ada.caller.get("/api/v1/users/me/mfa").await.ok();
    assert_eq!(listed, json!({ "factors": [], "count": 0, "recovery_codes_left": 0, "required": false }));
}

#[tokio::test]
async fn factors_are_listed_named_and_removed() {
    let app = App::start().await;
    let (ada, authenticator) = with_an_app(&app, "ada@example.com").await;
    assert_eq!(codes(&authenticator.enabled).len(), 10);
    let second = ada.adds_an_app(&app).await;
    assert!(second.enabled.get("recovery_codes").is_none(), "there are some");
    app.clock.advance(std::time::Duration::from_secs(60));
    show(&app, &token(&app, "ada@example.com").await, &second.code(&app, 0)).await.ok();
    let listed = ada.caller.get("/api/v1/users/me/mfa").await.ok();
    assert_eq!((&listed["count"], &listed["recovery_codes_left"]), (&json!(2), &json!(10)));
    let factors = listed["factors"].as_array().unwrap();
    let used: Vec<_> = factors.iter().filter(|factor| !factor["last_used_at"].is_null()).map(|factor| &factor["id"]).collect();
    assert_eq!(used, [&second.enabled["factor_id"]]);
    assert!(factors.iter().all(|factor| factor["method"] == "totp" && factor["name"] == "totp"));
    let path = |factor: &serde_json::Value| format!("/api/v1/users/me/mfa/{}", factor.as_str().unwrap());
    let (first, second) = (path(&authenticator.enabled["factor_id"]), path(&second.enabled["factor_id"]));
    assert_eq!(ada.caller.patch(&first, &json!({ "name": " phone " })).await.ok()["name"], "phone");
    // Nobody else's.
    let bob = app.person("bob@example.com").await;
    bob.caller.patch(&first, &json!({ "name": "mine" })).await.problem(404);
    bob.caller.delete(&first).await.problem(404);
    assert_eq!(ada.caller.delete(&first).await.status, 204);
    ada.caller.delete(&first).await.problem(404);
    assert_eq!(ada.caller.delete(&second).await.status, 204);
    let listed = ada.caller.get("/api/v1/users/me/mfa").await.ok();
    assert_eq!((&listed["count"], &listed["recovery_codes_left"]), (&json!(0), &json!(0)));
    assert!(Person::signing_in(&app, "ada@example.com").await["access_token"].is_string());
    app.mail_everything().await;
    let told = |what: &str| app.mails.to("ada@example.com").iter().filter(|mail| mail.subject.contains(what)).count();
    assert_eq!((told("another second factor"), told("one second factor less")), (2, 2));
}

#[tokio::test]
async fn an_account_has_three_apps_at_most() {
    let app = App::start().await;
    let (ada, _) = with_an_app(&app, "ada@example.com").await;
    for _ in 0..2 {
        ada.adds_an_app(&app).await;
    }
    let begun = ada.caller.post("/api/v1/auth/mfa/enable", &json!({ "method": "totp" })).await.created();
    let code = wardgraph_testkit::code(begun["secret"].as_str().unwrap(), second(&app));
    show(&app, begun["mfa_token"].as_str().unwrap(), &code).await.problem(409);
    assert_eq!(ada.caller.get("/api/v1/users/me/mfa").await.ok()["count"], 3);
}
