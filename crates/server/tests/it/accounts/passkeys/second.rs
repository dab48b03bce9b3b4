//! Passkeys after the password.

use serde_json::{Value, json};
use wardgraph_testkit::App;

use super::{add, authenticator, begin, begin_adding, claims, give_password, payload, verify, with_passkey};

#[tokio::test]
async fn after_the_password_a_passkey_completes_a_sign_in() {
    let app = App::start().await;
    let (ada, mut phone) = with_passkey(&app, "ada@example.com").await;
    let mut key = authenticator();
    key.verifies = false;
    add(&app, &ada, &mut key, "key").await;
    for authenticator in [&mut phone, &mut key] {
        let half = super::super::login(&app, &ada.email, wardgraph_testkit::PASSWORD).await.ok();
        assert!(half["access_token"].is_null() && half["methods"].as_array().unwrap().contains(&json!("webauthn")), "{half}");
        let begun = begin(&app, Some(&half["mfa_token"])).await;
        let options = &begun["request_options"];
        assert_eq!((&begun["mfa_token"], &options["userVerification"]), (&half["mfa_token"], &json!("preferred")));
        assert_eq!(options["allowCredentials"].as_array().unwrap().len(), 2);
        let tokens = verify(&app, &begun["mfa_token"], &authenticator.get(options)).await.ok();
        let claims = claims(&tokens);
        assert_eq!((&claims["amr"], &claims["acr"]), (&json!(["pwd", "hwk", "user", "mfa"]), &json!("aal2")));
    }
    // One that does not know its user is no passkey to sign in with alone.
    super::sign_in_alone(&app, &mut key).await.problem(401);
    assert_eq!(payload(&app, "passkey.refused").await["reason"], "user_not_verified");
}

#[tokio::test]
async fn the_second_factor_is_the_accounts_own_and_answers_what_was_asked() {
    let app = App::start().await;
    let (ada, mut phone) = with_passkey(&app, "ada@example.com").await;
    let (bob, mut other) = with_passkey(&app, "bob@example.com").await;
    let refused = |reply: wardgraph_testkit::Reply, reason: &'static str| {
        let app = &app;
        async move {
            reply.problem(401);
            assert_eq!(payload(app, "passkey.refused").await["reason"], reason);
        }
    };
    // Another account's passkey.
    let token = give_password(&app, &ada.email).await;
    let begun = begin(&app, Some(&token)).await;
    refused(verify(&app, &token, &other.get(&begun["request_options"])).await, "unknown").await;
    // The answer to another sign-in's challenge, of another account or of the same one.
    let theirs = begin(&app, Some(&give_password(&app, &bob.email).await)).await;
    refused(verify(&app, &token, &phone.get(&theirs["request_options"])).await, "challenge").await;
    let earlier = begin(&app, Some(&give_password(&app, &ada.email).await)).await;
    refused(verify(&app, &token, &phone.get(&earlier["request_options"])).await, "challenge").await;
    // What was asked before it was asked anew.
    let anew = begin(&app, Some(&token)).await;
    refused(verify(&app, &token, &phone.get(&begun["request_options"])).await, "challenge").await;
    let tokens = verify(&app, &token, &phone.get(&anew["request_options"])).await.ok();
    assert_eq!(claims(&tokens)["sub"], json!(ada.id));
    // A token that was used asks nothing any more, and one of another act asks nothing at all.
    let again = |token: Value| {
        let app = &app;
        async move { app.stranger().post("/api/v1/auth/passkeys/begin", &json!({ "mfa_token": token })).await }
    };
    again(token).await.problem(401);
    again(json!("wgm_AAAA")).await.problem(401);
    again(begin(&app, None).await["mfa_token"].clone()).await.problem(401);
    again(begin_adding(&ada, "x").await["mfa_token"].clone()).await.problem(401);
}

#[tokio::test]
async fn five_wrong_answers_end_a_sign_in() {
    let app = App::start().await;
    let (ada, mut phone) = with_passkey(&app, "ada@example.com").await;
    let token = give_password(&app, &ada.email).await;
    phone.origin = "https://evil.example".into();
    for _ in 0..5 {
        let begun = begin(&app, Some(&token)).await;
        verify(&app, &token, &phone.get(&begun["request_options"])).await.problem(401);
    }
    app.stranger().post("/api/v1/auth/passkeys/begin", &json!({ "mfa_token": token })).await.problem(401);
}

#[tokio::test]
async fn who_must_have_a_second_factor_can_get_a_passkey_while_signing_in() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let sql = "update wardgraph.organizations set requires_mfa = true where organization_id = $1";
    app.database.behind_the_scenes().await.execute(sql, &[&ada.caller.tenant]).await.unwrap();
    let half = super::super::login(&app, &ada.email, wardgraph_testkit::PASSWORD).await.ok();
    assert_eq!((&half["methods"], &half["enrol"]), (&json!([]), &json!(["totp", "webauthn"])));
    // There is nothing yet that could be asked for.
    app.stranger().post("/api/v1/auth/passkeys/begin", &json!({ "mfa_token": half["mfa_token"] })).await.problem(409);
    let wanted = json!({ "mfa_token": half["mfa_token"], "method": "webauthn", "name": "phone" });
    let begun = app.stranger().post("/api/v1/auth/mfa/enrol", &wanted).await.created();
    let mut phone = authenticator();
    let made = phone.create(&begun["creation_options"]);
    let enabled = verify(&app, &begun["mfa_token"], &made).await.ok();
    assert_eq!((&enabled["enabled"], &claims(&enabled)["amr"]), (&json!("webauthn"), &json!(["pwd", "hwk", "user", "mfa"])));
    assert_eq!(enabled["recovery_codes"].as_array().unwrap().len(), 10);
    // From now on the passkey is asked for, and the last one stays.
    super::sign_in_alone(&app, &mut phone).await.ok();
    let caller = app.bearer(enabled["access_token"].as_str().unwrap());
    caller.delete(&format!("/api/v1/users/me/mfa/{}", enabled["factor_id"].as_str().unwrap())).await.problem(409);
}
