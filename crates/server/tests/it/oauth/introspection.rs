//! Whether a token is good, and for whom that is to know.

use std::time::Duration;

use serde_json::json;
use wardgraph_testkit::{App, Reply};

use super::{access, claims, terms};

#[tokio::test]
async fn a_client_learns_about_its_own_tokens_and_those_that_are_meant_for_it() {
    let app = App::start().await;
    let (ada, eve) = (app.person("ada@example.com").await, app.person("eve@example.com").await);
    let api = "https://api.example/v1";
    let asking = app.client_of(&ada, json!({ "resources": [api], "role": "analyst" })).await;
    let api_server = app.client_of(&ada, json!({ "resources": [api] })).await;
    let sibling = app.client_of(&ada, json!({})).await;
    let gateway = app.client_of(&ada, json!({ "resources": ["activekg"] })).await;
    let stranger = app.client_of(&eve, json!({ "resources": [api, "activekg"] })).await;
    let here = asking.token(&[("scope", "nodes:read")]).await.ok();
    let there = asking.token(&[("resource", api)]).await.ok();
    let own = ada.caller.token.clone().unwrap();

    let told = asking.introspect(access(&here)).await;
    let said = claims(access(&here));
    for name in ["sub", "aud", "iss", "exp", "iat", "jti", "client_id", "tenant_id", "scope"] {
        assert_eq!(told[name], said[name], "{name}");
    }
    assert_eq!((&told["active"], &told["token_type"]), (&json!(true), &json!("Bearer")));
    let nothing = json!({ "active": false });
    for (who, client, token, active) in [
        ("its own, good elsewhere", &asking, access(&there), true),
        ("meant for the API", &api_server, access(&there), true),
        ("not meant for the API", &api_server, access(&here), false),
        ("another's of the organization", &sibling, access(&here), false),
        ("another's of the organization, elsewhere", &sibling, access(&there), false),
        ("meant for who stands before this server", &gateway, access(&here), true),
        ("a person's, for who stands before this server", &gateway, &own, true),
        ("a person's", &sibling, &own, false),
        ("another organization's", &stranger, access(&here), false),
        ("another organization's, elsewhere", &stranger, access(&there), false),
        ("another organization's person's", &stranger, &own, false),
    ] {
        let told = client.introspect(token).await;
        assert_eq!(told["active"], active, "{who}");
        assert!(active || told == nothing, "{who}: {told}");
    }
    let outside = app.caller("tenant-a", &["nodes:read"]).token.unwrap();
    for token in ["a", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "wgr_AAAA", "wgcs_AAAA", &outside, &format!("{}A", access(&here))] {
        assert_eq!(gateway.introspect(token).await, nothing, "{token}");
    }
    assert_eq!(asking.form("/oauth2/introspect", &[]).await.refused(400), "invalid_request");
}

#[tokio::test]
async fn a_token_that_is_over_is_not_active() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let client = app.client_of(&ada, json!({})).await;
    let (first, second) = (client.token(&[]).await.ok(), client.token(&[]).await.ok());
    assert_eq!(client.introspect(access(&first)).await["active"], true);
    client.form("/oauth2/revoke", &[("token", access(&first))]).await.ok();
    app.hear().await;
    assert_eq!(client.introspect(access(&first)).await, json!({ "active": false }));
    assert_eq!(client.introspect(access(&second)).await["active"], true);
    app.clock.advance(Duration::from_hours(2));
    assert_eq!(client.introspect(access(&second)).await, json!({ "active": false }));
}

#[tokio::test]
async fn of_refresh_tokens_a_client_is_told_of_its_own() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let both = json!({ "grant_types": ["client_credentials", "refresh_token"], "resources": ["activekg"] });
    let (client, other) = (app.client_of(&ada, both.clone()).await, app.client_of(&ada, both).await);
    let (_, refresh) = app.grant(&client, &ada, terms(&["nodes:read", "openid"])).await;
    let refresh = refresh.unwrap();
    let told = client.introspect(&refresh).await;
    assert_eq!((&told["active"], &told["sub"], &told["scope"]), (&json!(true), &json!(ada.id), &json!("nodes:read openid")));
    assert_eq!(other.introspect(&refresh).await, json!({ "active": false }));
    client.form("/oauth2/token", &[("grant_type", "refresh_token"), ("refresh_token", &refresh)]).await.ok();
    assert_eq!(client.introspect(&refresh).await, json!({ "active": false }), "it was used");
    assert_eq!(client.introspect(&ada.refresh_token).await, json!({ "active": false }), "no client's");
}

#[tokio::test]
async fn nobody_is_told_anything_who_is_no_client() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let client = app.client_of(&ada, json!({})).await;
    let token = client.token(&[]).await.ok();
    let question = [("token", access(&token))];
    let ask = |fields: &[(&str, &str)]| app.stranger().posting_form("/oauth2/introspect", fields);
    for request in [
        ask(&question),
        ask(&question).basic_auth(&client.id, Some("wrong")),
        ask(&question).bearer_auth(access(&token)),
        ask(&[question[0], ("client_id", &client.id)]),
    ] {
        assert_eq!(Reply::of(request).await.refused(401), "invalid_client");
    }
    // By GET as by POST.
    let target = format!("/oauth2/introspect?token={}", access(&token));
    assert_eq!(app.stranger().get(&target).await.refused(401), "invalid_client");
    let by_get = app.stranger().request("GET", &target).basic_auth(&client.id, client.secret.as_deref());
    assert_eq!(Reply::of(by_get).await.ok()["active"], true);
    let twice = app.stranger().request("GET", &format!("{target}&token=a")).basic_auth(&client.id, client.secret.as_deref());
    assert_eq!(Reply::of(twice).await.refused(400), "invalid_request");
    app.gate.record().await.unwrap();
    let sql =
        "select coalesce(sum((payload->>'count')::int), 0) from wardgraph.events where payload->>'reason' = 'not_the_client'";
    let count: i64 = app.database.behind_the_scenes().await.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(count, 5, "who tried is on record");
}
