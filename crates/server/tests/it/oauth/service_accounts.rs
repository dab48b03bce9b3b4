//! Clients on their own behalf.

use serde_json::json;
use wardgraph_testkit::{App, AppOptions};
use wardgraph_tokens::{Algorithm, Thumbprint};

use super::{access, claims, is_believed, log, of_type, whoami};

#[tokio::test]
async fn a_service_gets_a_token_of_its_organization_for_what_its_role_allows() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let client = app.client_of(&ada, json!({ "role": "analyst", "scopes": ["nodes:write", "search:read", "openid"] })).await;
    let answer = client.token(&[]).await.ok();
    assert_eq!((&answer["token_type"], &answer["scope"]), (&json!("Bearer"), &json!("nodes:read search:read")));
    assert!(answer.get("refresh_token").is_none(), "a client with a credential needs none (RFC 6749, section 4.4.3)");
    let said = claims(access(&answer));
    assert_eq!(
        [&said["sub"], &said["client_id"], &said["tenant_id"], &said["aud"]],
        [&json!(client.id), &json!(client.id), &json!(ada.caller.tenant), &json!("activekg")]
    );
    assert!(said.get("sid").is_none() && said.get("auth_time").is_none());

    let service = app.bearer(access(&answer));
    let who = whoami(&service).await.ok();
    assert_eq!((&who["actor_type"], &who["subject"]), (&json!("client"), &json!(client.id)));
    let node = ada.caller.create_node("of the organization").await.created();
    service.get(&format!("/nodes/{}", node["id"].as_str().unwrap())).await.ok();
    service.create_node("more than an analyst may").await.problem(403);
    // No account is a client's: neither to see, nor to change, nor to register more clients from.
    for path in ["/api/v1/users/me", "/api/v1/users/me/sessions", "/api/v1/users/me/api-keys", "/api/v1/clients"] {
        service.get(path).await.problem(403);
    }
    let events = log(&app, &ada.caller.tenant).await;
    let issued = of_type(&events, "token.issued");
    assert_eq!(issued.len(), 1, "{events:?}");
    assert_eq!((&issued[0]["actor"], &issued[0]["actor_type"]), (&json!(client.id), &json!("client")));
    assert_eq!(issued[0]["payload"]["jti"], said["jti"]);
}

#[tokio::test]
async fn a_client_gets_no_more_than_it_may() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let client = app.client_of(&ada, json!({ "role": "analyst" })).await;
    assert_eq!(client.token(&[("scope", "nodes:read")]).await.ok()["scope"], "nodes:read");
    for scope in [
        "nodes:write",
        "nodes:read events:read",
        "users:write",
        "system:read",
        "openid",
        "nodes:*",
        "NODES:READ",
        "kg:write",
        " ",
    ] {
        assert_eq!(client.token(&[("scope", scope)]).await.refused(400), "invalid_scope", "{scope}");
    }
    for (grant_type, word) in [
        ("refresh_token", "unauthorized_client"),
        ("authorization_code", "unauthorized_client"),
        ("password", "unsupported_grant_type"),
        ("implicit", "unsupported_grant_type"),
        ("Client_Credentials", "unsupported_grant_type"),
        ("", "invalid_request"),
    ] {
        let reply = client.form("/oauth2/token", &[("grant_type", grant_type), ("username", "a"), ("password", "b")]).await;
        assert_eq!(reply.refused(400), word, "{grant_type}");
    }
    for resource in ["https://api.example", "http://169.254.169.254/", "activekg2", "*"] {
        assert_eq!(client.token(&[("resource", resource)]).await.refused(400), "invalid_target", "{resource}");
    }
    assert_eq!(client.token(&[("resource", "activekg"), ("resource", "activekg")]).await.refused(400), "invalid_target");
}

#[tokio::test]
async fn a_token_is_good_in_one_place() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let client = app.client_of(&ada, json!({ "resources": ["https://api.example/v1"] })).await;
    let elsewhere = client.token(&[("resource", "https://api.example/v1")]).await.ok();
    assert_eq!(claims(access(&elsewhere))["aud"], "https://api.example/v1");
    assert!(!is_believed(&app, access(&elsewhere)).await);
    let here = client.token(&[("resource", "activekg")]).await.ok();
    assert_eq!(claims(access(&here))["aud"], "activekg");
    assert!(is_believed(&app, access(&here)).await);
}

#[tokio::test]
async fn a_client_chooses_what_its_tokens_are_signed_with() {
    let algorithms = vec![Algorithm::ES256, Algorithm::EdDSA, Algorithm::RS256];
    let app = App::with(AppOptions { algorithms, ..AppOptions::default() }).await;
    let ada = app.person("ada@example.com").await;
    for algorithm in ["EdDSA", "RS256", "ES256"] {
        let client = app.client_of(&ada, json!({ "access_token_signed_response_alg": algorithm })).await;
        let answer = client.token(&[]).await.ok();
        let header = jsonwebtoken_header(access(&answer));
        assert_eq!(header["alg"], algorithm);
        assert!(is_believed(&app, access(&answer)).await, "{algorithm}");
    }
    let none = wardgraph_testkit::registration(json!({ "access_token_signed_response_alg": "HS256" }));
    let faults = ada.caller.post("/api/v1/clients", &none).await.problem(422);
    assert_eq!(faults["errors"][0]["field"], "/access_token_signed_response_alg");
}

fn jsonwebtoken_header(token: &str) -> serde_json::Value {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap()).unwrap()
}

#[tokio::test]
async fn a_client_that_is_bound_to_a_key_gets_nothing_without_it() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let client = app.client_of(&ada, json!({ "dpop_bound_access_tokens": true })).await;
    assert_eq!(client.token(&[]).await.status, 400);
    // Nor is a token that is bound to one believed by its bearer alone.
    let mut request = app.access_request(&ada.caller.tenant, &ada.id, &["nodes:read"]);
    request.jkt = Thumbprint::parse("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
    let bound = whoami(&app.user_with(&request)).await;
    assert_eq!(bound.status, 401);
    assert!(bound.headers["www-authenticate"].to_str().unwrap().starts_with("DPoP "));
}

#[tokio::test]
async fn what_many_clients_ask_at_once_is_on_record_before_it_is_answered() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let eve = app.person("eve@example.com").await;
    let (client, other) = (app.client_of(&ada, json!({})).await, app.client_of(&eve, json!({})).await);
    let asked = futures_util::future::join_all((0..60).map(|turn| {
        let client = if turn % 3 == 0 { &other } else { &client };
        async move { client.token(&[]).await.ok() }
    }));
    let answers = asked.await;
    let (mine, hers) = (log(&app, &ada.caller.tenant).await, log(&app, &eve.caller.tenant).await);
    assert_eq!((of_type(&mine, "token.issued").len(), of_type(&hers, "token.issued").len()), (40, 20));
    for answer in &answers {
        let jti = &claims(access(answer))["jti"];
        assert_eq!([&mine, &hers].iter().flat_map(|log| log.iter()).filter(|event| event["payload"]["jti"] == *jti).count(), 1);
    }
    let client = app.database.behind_the_scenes().await;
    let sql = "select count(distinct xact), count(*) filter (where type = 'request.committed') from wardgraph.events where type in ('token.issued', 'request.committed')
               and request_id in (select request_id from wardgraph.events where type = 'token.issued')";
    let row = client.query_one(sql, &[]).await.unwrap();
    let (commits, requests): (i64, i64) = (row.get(0), row.get(1));
    assert_eq!(requests, 60);
    assert!(commits < 60, "{commits} commits for 60 requests");
}

#[tokio::test]
async fn a_token_that_cannot_be_put_on_record_is_not_given() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let client = app.client_of(&ada, json!({})).await;
    client.token(&[]).await.ok();
    let superuser = app.database.behind_the_scenes().await;
    superuser.batch_execute("revoke insert on wardgraph.events from wardgraph_app").await.unwrap();
    let refused = client.token(&[]).await;
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(refused.refused(503), "temporarily_unavailable");
    superuser.batch_execute("grant insert on wardgraph.events to wardgraph_app").await.unwrap();
    client.token(&[]).await.ok();
}
