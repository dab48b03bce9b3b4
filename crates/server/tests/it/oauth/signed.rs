//! What clients are told of tokens, signed (RFC 9701).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde_json::{Value, json};
use wardgraph_kernel::Clock;
use wardgraph_testkit::{App, AppOptions, OAuthClient, OWN_ISS, Reply};
use wardgraph_tokens::Algorithm;

use super::access;

const JWT: &str = "application/token-introspection+jwt";
const JSON: &str = "application/json";

async fn ask(client: &OAuthClient, token: &str, accept: Option<&str>) -> Reply {
    let request = client.posting("/oauth2/introspect", &[("token", token)]);
    Reply::of(match accept {
        Some(accept) => request.header("accept", accept),
        None => request,
    })
    .await
}

/// Header and claims.
fn parts(token: &str) -> [Value; 2] {
    let part = |place: usize| serde_json::from_slice(&B64.decode(token.split('.').nth(place).unwrap()).unwrap()).unwrap();
    [part(0), part(1)]
}

#[tokio::test]
async fn a_client_is_told_of_tokens_as_it_would_be_told() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let plain = app.client_of(&ada, json!({})).await;
    let signed = app.client_of(&ada, json!({ "introspection_signed_response_alg": "ES256" })).await;
    for (accept, of_plain, of_signed) in [
        (None, JSON, JWT),
        (Some("*/*"), JSON, JWT),
        (Some(JSON), JSON, JSON),
        (Some(JWT), JWT, JWT),
        (Some("application/json, application/token-introspection+jwt"), JSON, JWT),
        (Some("application/json;q=0.9, application/token-introspection+jwt"), JWT, JWT),
        (Some("application/json, application/token-introspection+jwt;q=0.9"), JSON, JSON),
        (Some("application/token-introspection+jwt;q=0, */*;q=0.1"), JSON, JSON),
        (Some("application/*;q=0.2, application/token-introspection+jwt;q=0.3"), JWT, JWT),
        (Some("text/html"), JSON, JWT),
        (Some("application/json;q=nonsense"), JSON, JWT),
        (Some(""), JSON, JWT),
    ] {
        for (client, expected) in [(&plain, of_plain), (&signed, of_signed)] {
            let token = client.token(&[]).await.ok();
            let reply = ask(client, access(&token), accept).await;
            assert_eq!((reply.status.as_u16(), reply.headers["content-type"].to_str().unwrap()), (200, expected), "{accept:?}");
            assert_eq!(reply.headers["cache-control"], "no-store", "{accept:?}");
        }
    }
}

#[tokio::test]
async fn all_that_is_known_of_a_token_is_one_claim_for_who_asks() {
    let app =
        App::with(AppOptions { algorithms: vec![Algorithm::ES256, Algorithm::EdDSA, Algorithm::RS256], ..AppOptions::default() })
            .await;
    let (ada, eve) = (app.person("ada@example.com").await, app.person("eve@example.com").await);
    let client = app.client_of(&ada, json!({})).await;
    let bound = app.client_of(&ada, json!({ "introspection_signed_response_alg": "EdDSA" })).await;
    let stranger = app.client_of(&eve, json!({ "resources": ["activekg"] })).await;
    // What the RFC has for who says nothing, and what is registered.
    for (client, alg) in [(&client, "RS256"), (&bound, "EdDSA")] {
        let token = client.token(&[]).await.ok();
        let reply = ask(client, access(&token), Some(JWT)).await;
        let [header, said] = parts(&reply.text);
        assert_eq!((&header["typ"], &header["alg"]), (&json!("token-introspection+jwt"), &json!(alg)));
        let names: Vec<_> = said.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, ["aud", "iat", "iss", "token_introspection"]);
        let now = app.clock.now().as_second();
        assert_eq!((&said["iss"], &said["aud"], &said["iat"]), (&json!(OWN_ISS), &json!(client.id), &json!(now)));
        assert_eq!(said["token_introspection"], ask(client, access(&token), Some(JSON)).await.ok());
        // It opens nothing, and nobody is told anything about it.
        app.bearer(&reply.text).get("/api/v1/whoami").await.problem(401);
        assert_eq!(parts(&ask(client, &reply.text, Some(JWT)).await.text)[1]["token_introspection"], json!({ "active": false }));
    }
    // Of what is none of its business a client learns nothing, signed or not.
    let token = client.token(&[]).await.ok();
    for token in [access(&token), "nonsense", ada.caller.token.as_deref().unwrap()] {
        let [_, said] = parts(&ask(&stranger, token, Some(JWT)).await.text);
        assert_eq!((&said["token_introspection"], &said["aud"]), (&json!({ "active": false }), &json!(stranger.id)));
    }
    // By GET, too; and who is no client is told so as ever.
    let target = format!("/oauth2/introspect?token={}", access(&token));
    let by_get = app.stranger().request("GET", &target).basic_auth(&client.id, client.secret.as_deref()).header("accept", JWT);
    assert_eq!(parts(&Reply::of(by_get).await.text)[1]["token_introspection"]["active"], true);
    let wrong = app.stranger().request("GET", &target).basic_auth(&client.id, Some("wrong")).header("accept", JWT);
    assert_eq!(Reply::of(wrong).await.refused(401), "invalid_client");
}

#[tokio::test]
async fn what_is_registered_of_answers_is_kept_and_shown() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let wanted = json!({
        "backchannel_logout_uri": "https://app.example/out",
        "backchannel_logout_session_required": true,
        "userinfo_signed_response_alg": "ES256",
        "introspection_signed_response_alg": "ES256",
    });
    let made = ada.caller.post("/api/v1/clients", &wardgraph_testkit::registration(wanted.clone())).await.created();
    let path = format!("/api/v1/clients/{}", made["client_id"].as_str().unwrap());
    let seen = ada.caller.get(&path).await.ok();
    for (name, value) in wanted.as_object().unwrap() {
        assert_eq!((&made[name], &seen[name]), (value, value), "{name}");
    }
    let plain = ada.caller.put(&path, &wardgraph_testkit::registration(json!({}))).await.ok();
    for name in ["backchannel_logout_uri", "userinfo_signed_response_alg", "introspection_signed_response_alg"] {
        assert_eq!(plain[name], Value::Null, "{name}");
    }
    assert_eq!(plain["backchannel_logout_session_required"], false);
}
