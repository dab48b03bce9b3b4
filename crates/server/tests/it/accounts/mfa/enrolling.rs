//! Adding a second factor.

use serde_json::json;
use wardgraph_testkit::{App, Reply, code};

use super::{number, second, show, token, untouched, with_an_app, wrong_code};

#[tokio::test]
async fn an_app_is_told_its_secret_once_and_counts_after_its_first_code() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let body = json!({ "method": "totp", "name": "phone" });
    let begun = ada.caller.post("/api/v1/auth/mfa/enable", &body).await.created();
    let secret = begun["secret"].as_str().unwrap();
    assert!(begun["otpauth_uri"].as_str().unwrap().contains(&format!("secret={secret}")));
    assert!(begun["qr_svg"].as_str().unwrap().starts_with("<svg "));
    assert_eq!(begun["method"], "totp");
    // Not yet.
    assert_eq!(ada.caller.get("/api/v1/users/me/mfa").await.ok()["count"], 0);
    let before = untouched(&app).await;
    let mfa_token = begun["mfa_token"].as_str().unwrap();
    let wrong = code(secret, second(&app) + 300);
    show(&app, mfa_token, &wrong).await.problem(401);
    assert_eq!(untouched(&app).await, before);
    let enabled = show(&app, mfa_token, &code(secret, second(&app))).await.ok();
    assert_eq!(enabled["enabled"], "totp");
    assert!(enabled.get("access_token").is_none(), "the session is there already");
    assert_eq!(ada.caller.get("/api/v1/users/me/mfa").await.ok()["factors"][0]["name"], "phone");
    // Once.
    show(&app, mfa_token, &code(secret, second(&app) + 30)).await.problem(401);
    assert_eq!(number(&app, "select count(*) from wardgraph.factors").await, 1);
}

#[tokio::test]
async fn what_is_sent_is_understood_or_refused() {
    let app = App::start().await;
    let (ada, _) = with_an_app(&app, "ada@example.com").await;
    let mfa_token = token(&app, "ada@example.com").await;
    for body in [
        json!({ "mfa_token": mfa_token }),
        json!({ "mfa_token": mfa_token, "code": "123456", "recovery_code": "x" }),
        json!({ "mfa_token": mfa_token, "code": "" }),
        json!({ "mfa_token": "", "code": "123456" }),
        json!({ "mfa_token": mfa_token, "code": "1".repeat(65) }),
    ] {
        app.stranger().post("/api/v1/auth/mfa/verify", &body).await.problem(422);
    }
    for body in [json!({ "mfa_token": mfa_token, "code": 123_456 }), json!({ "mfa_token": mfa_token, "kode": "123456" })] {
        app.stranger().post("/api/v1/auth/mfa/verify", &body).await.problem(400);
    }
    for (body, status) in [(json!({ "method": "sms" }), 400), (json!({ "method": "totp", "name": " " }), 422), (json!({}), 400)] {
        ada.caller.post("/api/v1/auth/mfa/enable", &body).await.problem(status);
    }
    for mfa_token in ["x", "wgm_x", &mfa_token[..40], &format!("{mfa_token}AAAA")] {
        show(&app, mfa_token, "123456").await.problem(401);
    }
}

#[tokio::test]
async fn neither_a_key_nor_an_ended_session_adds_a_factor() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let key = ada.caller.post("/api/v1/users/me/api-keys", &json!({ "name": "k", "scopes": ["nodes:read"] })).await.created();
    let body = json!({ "method": "totp" });
    app.bearer(key["key"].as_str().unwrap()).post("/api/v1/auth/mfa/enable", &body).await.problem(403);
    app.caller("tenant-a", &["kg:read"]).post("/api/v1/auth/mfa/enable", &body).await.problem(403);
    let begun = ada.caller.post("/api/v1/auth/mfa/enable", &body).await.created();
    // The session ends between the two steps: the token of the enrolment is good for nothing.
    assert_eq!(Reply::of(ada.caller.request("POST", "/api/v1/auth/logout")).await.status, 204);
    let first = code(begun["secret"].as_str().unwrap(), second(&app));
    show(&app, begun["mfa_token"].as_str().unwrap(), &first).await.problem(401);
    // The token is believed for a moment still, and adds nothing.
    ada.caller.post("/api/v1/auth/mfa/enable", &body).await.problem(401);
    assert_eq!(number(&app, "select count(*) from wardgraph.factors").await, 0);
}

#[tokio::test]
async fn an_enrolment_is_its_owners_whoever_sends_it() {
    let app = App::start().await;
    let (ada, bob) = (app.person("ada@example.com").await, app.person("bob@example.com").await);
    let [adas, bobs] = [&ada, &bob].map(|person| {
        let caller = person.caller.clone();
        async move { caller.post("/api/v1/auth/mfa/enable", &json!({ "method": "totp" })).await.created() }
    });
    let (adas, bobs) = (adas.await, bobs.await);
    let before = untouched(&app).await;
    // Bob, signed in, with Ada's token and his own code.
    let mixed = json!({ "mfa_token": adas["mfa_token"], "code": code(bobs["secret"].as_str().unwrap(), second(&app)) });
    bob.caller.post("/api/v1/auth/mfa/verify", &mixed).await.problem(401);
    assert_eq!(untouched(&app).await, before);
    // With her code, too, it is her factor and no one else's.
    let hers = json!({ "mfa_token": adas["mfa_token"], "code": code(adas["secret"].as_str().unwrap(), second(&app)) });
    bob.caller.post("/api/v1/auth/mfa/verify", &hers).await.ok();
    assert_eq!(ada.caller.get("/api/v1/users/me/mfa").await.ok()["count"], 1);
    assert_eq!(bob.caller.get("/api/v1/users/me/mfa").await.ok()["count"], 0);
}

#[tokio::test]
async fn an_enrolment_takes_five_tries() {
    let app = App::start().await;
    let (ada, authenticator) = with_an_app(&app, "ada@example.com").await;
    let begun = ada.caller.post("/api/v1/auth/mfa/enable", &json!({ "method": "totp" })).await.created();
    let (mfa_token, secret) = (begun["mfa_token"].as_str().unwrap(), begun["secret"].as_str().unwrap());
    for _ in 0..5 {
        show(&app, mfa_token, &code(secret, second(&app) + 3_000)).await.problem(401);
    }
    show(&app, mfa_token, &code(secret, second(&app))).await.problem(401);
    assert_eq!(number(&app, "select count(*) from wardgraph.factors").await, 1);
    // They lock nobody out of signing in.
    assert_ne!(wrong_code(&app, &authenticator), authenticator.code(&app, 1));
    show(&app, &token(&app, "ada@example.com").await, &authenticator.code(&app, 1)).await.ok();
}

/// Why a second factor was refused, for the last time.
async fn reason(app: &App) -> String {
    let sql = "select payload ->> 'reason' from wardgraph.events where type = 'mfa.failed' order by xact desc limit 1";
    app.database.behind_the_scenes().await.query_one(sql, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn why_a_factor_is_refused_is_told_in_words_of_its_own() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let begin = async || ada.caller.post("/api/v1/auth/mfa/enable", &json!({ "method": "totp" })).await.created();
    let begun = begin().await;
    let (mfa_token, secret) = (begun["mfa_token"].as_str().unwrap(), begun["secret"].as_str().unwrap());
    show(&app, mfa_token, &code(secret, second(&app) + 300)).await.problem(401);
    assert_eq!(reason(&app).await, "the first code is wrong");
    super::show_recovery(&app, mfa_token, "0000").await.problem(401);
    assert_eq!(reason(&app).await, "no code was shown");
    // What breaks is no fault of the person's, and is not told as one.
    let client = app.database.behind_the_scenes().await;
    let fails =
        "create function wardgraph.fails() returns trigger language plpgsql as $$ begin raise exception 'out of order'; end $$;
                 create trigger fails before insert on wardgraph.factors for each row execute function wardgraph.fails()";
    client.batch_execute(fails).await.unwrap();
    let failures = "select count(*) from wardgraph.events where type = 'mfa.failed'";
    let before = number(&app, failures).await;
    let broken = show(&app, mfa_token, &code(secret, second(&app))).await;
    assert!(broken.status.is_server_error(), "{}", broken.text);
    assert_eq!(number(&app, failures).await, before);
    client.batch_execute("drop trigger fails on wardgraph.factors").await.unwrap();
    // It was tried and nothing was lost by it: the same code still does.
    show(&app, mfa_token, &code(secret, second(&app))).await.ok();
    for _ in 0..2 {
        let begun = begin().await;
        let first = code(begun["secret"].as_str().unwrap(), second(&app));
        show(&app, begun["mfa_token"].as_str().unwrap(), &first).await.ok();
    }
    let begun = begin().await;
    let first = code(begun["secret"].as_str().unwrap(), second(&app));
    show(&app, begun["mfa_token"].as_str().unwrap(), &first).await.problem(409);
    assert_eq!(reason(&app).await, "as many factors as there may be");
}
