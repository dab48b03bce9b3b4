//! Issuers that publish their keys: how the keys are fetched, kept, taken back, and missed.

use std::{sync::atomic::Ordering, time::Duration};

use serde_json::{Value, json};
use wardgraph_testkit::{App, AppOptions, Reply};

use crate::issuer_kit::{Outside, SigningKey};

const FLOOR: Duration = Duration::from_secs(11);

async fn app(issuer: &Outside) -> App {
    App::with(AppOptions { issuers: vec![issuer.trusted(|_| {})], ..AppOptions::default() }).await
}

async fn call(app: &App, token: &str) -> Reply {
    app.bearer(token).get("/api/v1/whoami").await
}

#[tokio::test]
async fn keys_are_fetched_when_they_are_needed_and_then_kept() {
    let issuer = Outside::start("a").await;
    let app = app(&issuer).await;
    assert_eq!(issuer.asked(), 0);
    let told = call(&app, &issuer.token("acme")).await.ok();
    assert_eq!((&told["issuer"], &told["tenant_id"]), (&json!("a"), &json!("acme")));
    for tenant in ["acme", "bolt", "acme"] {
        call(&app, &issuer.token(tenant)).await.ok();
    }
    // Without a name, the key is the one that fits.
    call(&app, &issuer.key.sign(None, &issuer.claims("acme"))).await.ok();
    assert_eq!(issuer.asked(), 1);
    // What cannot be good has nothing fetched: another algorithm, another issuer, a bad signature of a known key.
    let impostor = SigningKey::ec("first");
    call(&app, &impostor.sign(Some("first"), &issuer.claims("acme"))).await.problem(401);
    assert_eq!(issuer.asked(), 1);
}

#[tokio::test]
async fn a_new_key_is_fetched_by_its_first_token_and_an_old_one_ends_with_it() {
    let mut issuer = Outside::start("a").await;
    let app = app(&issuer).await;
    let old = issuer.token("acme");
    call(&app, &old).await.ok();
    let before = std::mem::replace(&mut issuer.key, SigningKey::ed("second"));
    issuer.publish(&json!({ "keys": [issuer.key.jwk()] }));
    call(&app, &issuer.token("acme")).await.problem(401);
    assert_eq!(issuer.asked(), 1, "a moment after the last time nobody is asked again");
    app.clock.advance(FLOOR);
    call(&app, &issuer.token("acme")).await.ok();
    assert_eq!(issuer.asked(), 2);
    // The server remembers the old token, and believes it no more.
    call(&app, &old).await.problem(401);
    assert_eq!(before.id, "first");
}

#[tokio::test]
async fn a_key_that_was_taken_back_ends_when_the_keys_are_fetched_by_themselves() {
    let issuer = Outside::start("a").await;
    let app = app(&issuer).await;
    let token = issuer.token("acme");
    call(&app, &token).await.ok();
    // Another key in its place, and none.
    for published in [json!([SigningKey::ec("other").jwk()]), json!([])] {
        issuer.publish(&json!({ "keys": published }));
        call(&app, &token).await.ok();
        app.clock.advance(Duration::from_mins(5));
        assert_eq!(app.gate.renew_keys().await, Some(Duration::from_mins(5)));
        call(&app, &token).await.problem(401);
        issuer.publish(&json!({ "keys": [issuer.key.jwk()] }));
        app.clock.advance(FLOOR);
        call(&app, &token).await.ok();
    }
}

#[tokio::test]
async fn an_issuer_that_is_down_has_no_other_asked_more_often() {
    let (down, up) = (Outside::start("down").await, Outside::start("up").await);
    down.up.store(false, Ordering::SeqCst);
    let issuers = vec![down.trusted(|_| {}), up.trusted(|_| {})];
    let app = App::with(AppOptions { issuers, ..AppOptions::default() }).await;
    for _ in 0..4 {
        assert_eq!(app.gate.renew_keys().await, Some(Duration::from_secs(10)));
        assert_eq!(up.asked(), 1);
        app.clock.advance(Duration::from_secs(10));
    }
    down.up.store(true, Ordering::SeqCst);
    app.gate.renew_keys().await;
    assert_eq!((down.asked(), up.asked()), (1, 1));
}

#[tokio::test]
async fn a_flood_of_unknown_keys_asks_the_issuer_once() {
    let issuer = Outside::start("a").await;
    let app = app(&issuer).await;
    call(&app, &issuer.token("acme")).await.ok();
    app.clock.advance(FLOOR);
    let forger = SigningKey::ec("x");
    let tokens: Vec<_> = (0..40).map(|n| forger.sign(Some(&format!("unknown-{n}")), &issuer.claims("acme"))).collect();
    for reply in futures_util::future::join_all(tokens.iter().map(|token| call(&app, token))).await {
        let told = reply.problem(401);
        assert!(!told.to_string().contains("key"), "{told}");
    }
    assert_eq!(issuer.asked(), 2);
    call(&app, &issuer.token("acme")).await.ok();
}

#[tokio::test]
async fn strangers_who_hang_up_cost_one_fetch_and_stand_in_nobodys_way() {
    let mut issuer = Outside::start("a").await;
    let app = app(&issuer).await;
    call(&app, &issuer.token("acme")).await.ok();
    issuer.key = SigningKey::ed("second");
    issuer.publish(&json!({ "keys": [issuer.key.jwk()] }));
    app.clock.advance(FLOOR);
    let forged = SigningKey::ec("x").sign(Some("unknown"), &issuer.claims("acme"));
    for _ in 0..20 {
        let _ = tokio::time::timeout(Duration::from_millis(5), call(&app, &forged)).await;
    }
    call(&app, &issuer.token("acme")).await.ok();
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn an_issuer_that_is_down_is_missed_for_a_while_and_then_told_and_comes_back_by_itself() {
    let issuer = Outside::start("a").await;
    let app = app(&issuer).await;
    call(&app, &issuer.token("acme")).await.ok();
    issuer.up.store(false, Ordering::SeqCst);
    app.clock.advance(Duration::from_hours(5));
    assert_eq!(app.gate.renew_keys().await, Some(Duration::from_secs(10)));
    // A token that was seen, one that was not, and one of a key that nobody here can know.
    call(&app, &issuer.token("acme")).await.ok();
    call(&app, &issuer.token("bolt")).await.ok();
    let unknown = SigningKey::ec("unknown").sign(Some("unknown"), &issuer.claims("acme"));
    call(&app, &unknown).await.problem(503);
    // Too long.
    app.clock.advance(Duration::from_hours(1) + FLOOR);
    for token in [issuer.token("acme"), issuer.token("bolt"), issuer.token("new")] {
        let reply = call(&app, &token).await;
        assert_eq!(reply.headers.get("retry-after").unwrap(), "10");
        assert_eq!(reply.problem(503)["detail"], "the token cannot be verified now");
    }
    // Others' tokens are as good as ever.
    app.caller("acme", &["kg:read"]).get("/api/v1/whoami").await.ok();
    issuer.up.store(true, Ordering::SeqCst);
    call(&app, &issuer.token("acme")).await.problem(503);
    app.clock.advance(FLOOR);
    call(&app, &issuer.token("acme")).await.ok();
    call(&app, &unknown).await.problem(401);
}

#[tokio::test]
async fn a_server_that_starts_while_the_issuer_is_down_serves_it_when_it_is_up() {
    let issuer = Outside::start("a").await;
    issuer.up.store(false, Ordering::SeqCst);
    let app = app(&issuer).await;
    call(&app, &issuer.token("acme")).await.problem(503);
    issuer.up.store(true, Ordering::SeqCst);
    app.clock.advance(FLOOR);
    call(&app, &issuer.token("acme")).await.ok();
}

#[tokio::test]
async fn what_is_no_key_set_is_as_good_as_none() {
    let issuer = Outside::start("a").await;
    let app = app(&issuer).await;
    let good = issuer.key.jwk();
    let with = |name: &str, value: Value| {
        let mut key = good.clone();
        key[name] = value;
        json!({ "keys": [key] }).to_string()
    };
    let body = |body: &str| format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{body}");
    let set = json!({ "keys": [good] }).to_string();
    for answer in [
        body(""),
        body("[]"),
        body(r#"{"keys":{}}"#),
        body(&json!({ "keys": vec![good.clone(); 33] }).to_string()),
        // Private, shared, twice.
        body(&with("d", json!("AAAA"))),
        body(r#"{"keys":[{"kty":"oct","kid":"first","k":"c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA"}]}"#),
        body(&json!({ "keys": [good, { "kty": "oct", "k": "AAAA" }] }).to_string()),
        body(&json!({ "keys": [good, SigningKey::ec("first").jwk()] }).to_string()),
        body(&set.replace("\"kty\"", "\"kty\":\"RSA\",\"kty\"")),
        body(&set.replace("{\"keys\"", "{\"keys\":[],\"keys\"")),
        body(&format!("{set}{}", " ".repeat(256 * 1024))),
        format!("HTTP/1.1 500 X\r\nconnection: close\r\n\r\n{set}"),
        format!("HTTP/1.1 404 X\r\nconnection: close\r\n\r\n{set}"),
        format!("HTTP/1.1 200 X\r\nconnection: close\r\ncontent-length: 9999\r\n\r\n{set}"),
        "HTTP/1.1 302 X\r\nconnection: close\r\nlocation: http://169.254.169.254/\r\n\r\n".to_owned(),
        "HTTP/1.1 302 X\r\nconnection: close\r\nlocation: file:///etc/passwd\r\n\r\n".to_owned(),
    ] {
        *issuer.answer.lock().unwrap() = answer.clone().into();
        app.clock.advance(FLOOR);
        let reply = call(&app, &issuer.token("acme")).await;
        assert_eq!(reply.status, 503, "{answer}");
    }
    // None of the keys can be used: there is none, or it is for another use, of another algorithm, off the curve, short.
    for answer in [
        body(r#"{"keys":[]}"#),
        body(&with("use", json!("enc"))),
        body(&with("key_ops", json!(["sign"]))),
        body(&with("alg", json!("ES384"))),
        body(&with("crv", json!("P-384"))),
        body(&with("x", good["y"].clone())),
        body(&with("y", json!("AAAA"))),
    ] {
        *issuer.answer.lock().unwrap() = answer.clone().into();
        app.clock.advance(FLOOR);
        let reply = call(&app, &issuer.token("acme")).await;
        assert_eq!(reply.status, 401, "{answer}");
    }
    // Among keys that nobody here can use, the good one is found.
    issuer.publish(&json!({ "keys": [{ "kty": "RSA", "n": "AAAA", "e": "AQAB" }, { "kty": "new" }, {}, good] }));
    app.clock.advance(FLOOR);
    call(&app, &issuer.token("acme")).await.ok();
}
