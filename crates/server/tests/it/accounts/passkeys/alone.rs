//! Signing in with a passkey and nothing else.

use serde_json::json;
use wardgraph_testkit::App;

use super::{authenticator, begin, claims, payload, sign_in_alone, verify, with_passkey};
use crate::accounts::{anonymous, is_believed, log};

#[tokio::test]
async fn a_passkey_alone_signs_its_owner_in() {
    let app = App::start().await;
    let (ada, mut phone) = with_passkey(&app, "ada@example.com").await;
    let begun = begin(&app, None).await;
    let options = &begun["request_options"];
    assert_eq!((&options["rpId"], &options["userVerification"]), (&json!("wardgraph.test"), &json!("required")));
    assert_eq!((&options["allowCredentials"], &options["timeout"]), (&json!([]), &json!(600_000)));
    let tokens = verify(&app, &begun["mfa_token"], &phone.get(options)).await.ok();
    let claims = claims(&tokens);
    assert_eq!(
        (&claims["sub"], &claims["amr"], &claims["acr"]),
        (&json!(ada.id), &json!(["hwk", "user", "mfa"]), &json!("aal2"))
    );
    let caller = app.bearer(tokens["access_token"].as_str().unwrap());
    assert!(is_believed(&caller).await);
    let next = app.stranger().post("/api/v1/auth/refresh", &json!({ "refresh_token": tokens["refresh_token"] })).await.ok();
    assert_eq!(super::claims(&next)["amr"], json!(["hwk", "user", "mfa"]));
    assert!(log(&app, &ada.caller.tenant).await.contains(&"session.created success".to_owned()));
    // What is told of the second factor is about the person, as after a password.
    assert_eq!(subject(&app, "mfa.verified").await, format!("user {}", ada.id));
    assert!(payload(&app, "mfa.verified").await["factor"].is_string());
}

/// What the newest event of this type is about.
async fn subject(app: &App, event: &str) -> String {
    let sql = "select subject_type || ' ' || subject from wardgraph.events where type = $1 order by xact desc limit 1";
    app.database.behind_the_scenes().await.query_one(sql, &[&event]).await.unwrap().get(0)
}

#[tokio::test]
async fn a_passkey_that_may_be_copied_says_so() {
    let app = App::start().await;
    let (ada, mut phone) = (app.person("ada@example.com").await, authenticator());
    (phone.synced, phone.count) = (true, 0);
    super::add(&app, &ada, &mut phone, "synced").await;
    let listed = ada.caller.get("/api/v1/users/me/mfa").await.ok();
    assert_eq!(listed["factors"][0]["synced"], true);
    for _ in 0..2 {
        let tokens = sign_in_alone(&app, &mut phone).await.ok();
        assert_eq!(claims(&tokens)["amr"], json!(["swk", "user", "mfa"]));
    }
    // One that was of one kind is of no other.
    phone.synced = false;
    sign_in_alone(&app, &mut phone).await.problem(401);
    assert_eq!(payload(&app, "passkey.refused").await["reason"], "changed");
}

#[tokio::test]
async fn nothing_tells_whether_a_passkey_is_anybodys() {
    let app = App::start().await;
    let (_, mut known) = with_passkey(&app, "ada@example.com").await;
    let mut unknown = authenticator();
    unknown.handle = Some("A".repeat(86));
    known.present = false;
    let mut answers = Vec::new();
    for authenticator in [&mut known, &mut unknown] {
        let begun = app.stranger().post("/api/v1/auth/passkeys/begin", &json!({})).await;
        let shown = authenticator.get(&begun.body["request_options"]);
        let refused = verify(&app, &begun.body["mfa_token"], &shown).await;
        assert_eq!(refused.status, 401);
        answers.push(anonymous(&refused));
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn who_may_not_sign_in_may_not_with_a_passkey() {
    let app = App::start().await;
    let (ada, mut phone) = with_passkey(&app, "ada@example.com").await;
    let admin = app.database.behind_the_scenes().await;
    let set = |sql: &'static str| {
        let (admin, email) = (&admin, ada.email.clone());
        async move { admin.execute(sql, &[&email]).await.unwrap() }
    };
    set("update wardgraph.users set disabled_at = now() where email = $1").await;
    sign_in_alone(&app, &mut phone).await.problem(401);
    set("update wardgraph.users set disabled_at = null where email = $1").await;
    sign_in_alone(&app, &mut phone).await.ok();
    set("delete from wardgraph.memberships where user_id = (select user_id from wardgraph.users where email = $1)").await;
    // Who was put out of their only organization works in one of their own.
    let token = sign_in_alone(&app, &mut phone).await.ok()["access_token"].as_str().unwrap().to_owned();
    let here = app.bearer(&token).get("/api/v1/organization").await.ok();
    assert!(here["role"] == "owner" && here["id"] != json!(ada.caller.tenant), "{here}");
}

#[tokio::test]
async fn no_password_locks_a_passkey_out_and_no_passkey_a_password() {
    let app = App::start().await;
    let (ada, mut phone) = with_passkey(&app, "ada@example.com").await;
    for _ in 0..8 {
        super::super::login(&app, &ada.email, "wrong-wrong-wrong").await.problem(401);
    }
    sign_in_alone(&app, &mut phone).await.ok();
    // Failures of the passkey count by themselves, and have it wait.
    app.clock.advance(std::time::Duration::from_hours(2));
    phone.origin = "https://evil.example".into();
    for _ in 0..6 {
        sign_in_alone(&app, &mut phone).await.problem(401);
    }
    assert_eq!(payload(&app, "passkey.refused").await["reason"], "locked");
    assert_eq!(subject(&app, "mfa.locked").await, format!("user {}", ada.id));
    phone.origin = wardgraph_testkit::OWN_ISS.into();
    sign_in_alone(&app, &mut phone).await.problem(401);
    super::super::login(&app, &ada.email, wardgraph_testkit::PASSWORD).await.ok();
    app.clock.advance(std::time::Duration::from_mins(2));
    sign_in_alone(&app, &mut phone).await.ok();
}

#[tokio::test]
async fn whoever_only_asks_leaves_nothing_behind() {
    let app = App::start().await;
    let (_, mut phone) = with_passkey(&app, "ada@example.com").await;
    let before = super::count(&app, "challenges").await;
    let mut offers = Vec::new();
    for _ in 0..20 {
        offers.push(begin(&app, None).await);
    }
    assert_eq!(super::count(&app, "challenges").await, before);
    // One that is used is used: it is there from its first try on, and ends one sign-in.
    let (offer, other, late) = (&offers[0], &offers[1], &offers[2]);
    let shown = phone.get(&offer["request_options"]);
    verify(&app, &offer["mfa_token"], &shown).await.ok();
    verify(&app, &offer["mfa_token"], &shown).await.problem(401);
    verify(&app, &offer["mfa_token"], &phone.get(&offer["request_options"])).await.problem(401);
    // What was asked by one answers no other.
    verify(&app, &other["mfa_token"], &phone.get(&late["request_options"])).await.problem(401);
    // Five tries.
    for _ in 0..4 {
        verify(&app, &other["mfa_token"], &shown).await.problem(401);
    }
    verify(&app, &other["mfa_token"], &phone.get(&other["request_options"])).await.problem(401);
    assert_eq!(super::count(&app, "challenges").await, before + 2);
    // Ten minutes.
    app.clock.advance(std::time::Duration::from_secs(600));
    verify(&app, &late["mfa_token"], &phone.get(&late["request_options"])).await.problem(401);
    assert_eq!(super::count(&app, "challenges").await, before + 2);
    // Of the clock that it says it was made by, nothing can be changed; and it begins nothing else.
    let token = begin(&app, None).await["mfa_token"].as_str().unwrap().to_owned();
    let flipped: String =
        token.char_indices().map(|(at, c)| if at == 8 { if c == 'A' { 'B' } else { 'A' } } else { c }).collect();
    for token in [flipped, token.replace("wgo_", "wgm_")] {
        verify(&app, &json!(token), &shown).await.problem(401);
    }
    app.stranger().post("/api/v1/auth/mfa/enrol", &json!({ "mfa_token": token, "method": "totp" })).await.problem(401);
    app.stranger().post("/api/v1/auth/passkeys/begin", &json!({ "mfa_token": token })).await.problem(401);
    app.clock.advance(std::time::Duration::from_secs(1));
    app.sweep_accounts().await;
    assert_eq!(super::count(&app, "challenges").await, 0);
}
