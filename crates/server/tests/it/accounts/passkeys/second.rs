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
