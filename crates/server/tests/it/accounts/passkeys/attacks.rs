//! What is tried with passkeys that are somebody's. After each refusal a new connection sees the event and none of the refused change.

use serde_json::{Value, json};
use wardgraph_testkit::{App, SecurityKey};

use super::{begin, count, payload, sign_in_alone, verify, with_passkey};

/// The counter and the last use that are kept of the only passkey.
async fn kept(app: &App) -> (i64, bool, bool) {
    let sql = "select sign_count, last_used_at is not null, went_back_at is not null from wardgraph.passkeys join wardgraph.factors using (factor_id)";
    let row = app.database.behind_the_scenes().await.query_one(sql, &[]).await.unwrap();
    (row.get(0), row.get(1), row.get(2))
}

type Attack = (fn(&mut SecurityKey), fn(&mut Value), &'static str);

#[tokio::test]
async fn an_answer_that_is_not_what_was_asked_opens_nothing() {
    let app = App::start().await;
    let (ada, mut phone) = with_passkey(&app, "ada@example.com").await;
    let (sessions, before) = (count(&app, "sessions").await, kept(&app).await);
    let untouched = |_: &mut Value| {};
    let attacks: [Attack; 14] = [
        (|a| a.origin = "https://evil.example".into(), untouched, "origin"),
        (|a| a.origin = "https://wardgraph.test:8443".into(), untouched, "origin"),
        (|a| a.origin = "https://evil.wardgraph.test".into(), untouched, "origin"),
        (|a| a.framed = true, untouched, "origin"),
        (|a| a.domain = Some("evil.example".into()), untouched, "relying_party"),
        (|a| a.present = false, untouched, "user_absent"),
        (|a| a.verifies = false, untouched, "user_not_verified"),
        (|a| a.synced = true, untouched, "changed"),
        (|a| a.handle = Some("A".repeat(86)), untouched, "unknown"),
        (|a| a.handle = None, untouched, "malformed"),
        (|_| {}, |shown| shown["response"]["signature"] = "MEUCIQ".into(), "signature"),
        (|_| {}, |shown| shown["rawId"] = "AAAAAAAAAAAAAAAAAAAAAA".into(), "unknown"),
        (|_| {}, |shown| shown["response"]["authenticatorData"] = "AAAA".into(), "malformed"),
        (|_| {}, |shown| drop(shown.as_object_mut().unwrap().remove("rawId")), "malformed"),
    ];
    for (index, (misbehave, alter, reason)) in attacks.into_iter().enumerate() {
        // The waits after failures are another test's.
        app.clock.advance(std::time::Duration::from_hours(2));
        let (origin, handle) = (phone.origin.clone(), phone.handle.clone());
        misbehave(&mut phone);
        let begun = begin(&app, None).await;
        let mut shown = phone.get(&begun["request_options"]);
        alter(&mut shown);
        verify(&app, &begun["mfa_token"], &shown).await.problem(401);
        assert_eq!(payload(&app, "passkey.refused").await["reason"], reason, "{index}");
        assert_eq!((count(&app, "sessions").await, kept(&app).await), (sessions, before), "{index}");
        (phone.origin, phone.handle, phone.domain) = (origin, handle, None);
        (phone.framed, phone.present, phone.verifies, phone.synced) = (false, true, true, false);
    }
    app.clock.advance(std::time::Duration::from_hours(2));
    sign_in_alone(&app, &mut phone).await.ok();
    assert_eq!(kept(&app).await, (i64::from(phone.count), true, false));
    assert_eq!(ada.id.len(), 36);
}

#[tokio::test]
async fn an_answer_is_good_once_and_for_ten_minutes() {
    let app = App::start().await;
    let (_, mut phone) = with_passkey(&app, "ada@example.com").await;
    let begun = begin(&app, None).await;
    let shown = phone.get(&begun["request_options"]);
    verify(&app, &begun["mfa_token"], &shown).await.ok();
    let sessions = count(&app, "sessions").await;
    // The same again; the same for a fresh sign-in.
    verify(&app, &begun["mfa_token"], &shown).await.problem(401);
    let fresh = begin(&app, None).await;
    verify(&app, &fresh["mfa_token"], &shown).await.problem(401);
    assert_eq!(payload(&app, "passkey.refused").await["reason"], "challenge");
    // Too late.
    let begun = begin(&app, None).await;
    let shown = phone.get(&begun["request_options"]);
    app.clock.advance(std::time::Duration::from_secs(601));
    verify(&app, &begun["mfa_token"], &shown).await.problem(401);
    assert_eq!(count(&app, "sessions").await, sessions);
}

#[tokio::test]
async fn two_answers_at_once_open_one_session() {
    let app = App::start().await;
    let (_, mut phone) = with_passkey(&app, "ada@example.com").await;
    let sessions = count(&app, "sessions").await;
    let begun = begin(&app, None).await;
    let shown = phone.get(&begun["request_options"]);
    let tries = (0..8).map(|_| verify(&app, &begun["mfa_token"], &shown));
    let answers = futures_util::future::join_all(tries).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert_eq!(count(&app, "sessions").await, sessions + 1);
}

#[tokio::test]
async fn a_counter_that_goes_back_is_refused_and_its_owner_told() {
    let app = App::start().await;
    let (ada, mut phone) = with_passkey(&app, "ada@example.com").await;
    phone.count = 40;
    sign_in_alone(&app, &mut phone).await.ok();
    let sessions = count(&app, "sessions").await;
    for stale in [40, 7] {
        phone.count = stale;
        sign_in_alone(&app, &mut phone).await.problem(401);
        assert_eq!(payload(&app, "passkey.refused").await["reason"], "counter");
        assert_eq!((kept(&app).await, count(&app, "sessions").await), ((41, true, true), sessions), "{stale}");
    }
    let log = crate::accounts::log(&app, &ada.caller.tenant).await;
    assert!(log.contains(&"passkey.counter_went_back refused".to_owned()), "{log:?}");
    app.mail_everything().await;
    let told = || app.mails.to(&ada.email).into_iter().filter(|mail| mail.subject.contains("may have been copied")).count();
    assert_eq!(told(), 2);
    // While passkeys are locked, whoever goes on trying has nothing more mailed.
    phone.origin = "https://evil.example".into();
    for _ in 0..3 {
        sign_in_alone(&app, &mut phone).await.problem(401);
    }
    (phone.origin, phone.count) = (wardgraph_testkit::OWN_ISS.into(), 7);
    sign_in_alone(&app, &mut phone).await.problem(401);
    assert_eq!(payload(&app, "passkey.refused").await["reason"], "locked");
    app.mail_everything().await;
    assert_eq!(told(), 2);
    let listed = ada.caller.get("/api/v1/users/me/mfa").await.ok();
    assert!(listed["factors"][0]["counter_went_back_at"].is_string());
}

#[tokio::test]
async fn what_is_too_large_or_no_object_is_refused_before_it_is_read() {
    let app = App::start().await;
    let (_, mut phone) = with_passkey(&app, "ada@example.com").await;
    let begun = begin(&app, None).await;
    let mut shown = phone.get(&begun["request_options"]);
    shown["response"]["signature"] = "A".repeat(60 << 10).into();
    let refused = verify(&app, &begun["mfa_token"], &shown).await;
    assert!(matches!(refused.status.as_u16(), 413 | 422), "{}", refused.text);
    for bad in [json!("x"), json!([]), json!(7)] {
        verify(&app, &begun["mfa_token"], &bad).await.problem(400);
    }
    let unknown = json!({ "mfa_token": begun["mfa_token"], "email": "ada@example.com" });
    app.stranger().post("/api/v1/auth/passkeys/begin", &unknown).await.problem(400);
}

#[tokio::test]
async fn members_that_browsers_add_are_passed_over() {
    let app = App::start().await;
    let (_, mut phone) = with_passkey(&app, "ada@example.com").await;
    let begun = begin(&app, None).await;
    let mut shown = phone.get(&begun["request_options"]);
    shown["futureMember"] = json!({ "a": [1] });
    shown["clientExtensionResults"] = json!({ "appid": true, "other": { "x": 1 } });
    verify(&app, &begun["mfa_token"], &shown).await.ok();
}
