//! The tokens by which an organization lets programs register clients.

use std::time::Duration;

use serde_json::json;
use wardgraph_http::Joining;
use wardgraph_testkit::{App, Person};

use super::{application, joining, register, text};

#[tokio::test]
async fn a_token_registers_so_many_clients_of_its_organization_until_it_ends() {
    let app = joining(Joining::ByToken).await;
    assert_eq!(register(&app, None, &application(json!({}))).await.refused(401), "invalid_token");
    let ada = app.person("ada@example.com").await;
    let wanted = json!({ "uses": 2, "expires_in": 600, "scopes": ["openid", "nodes:read"] });
    let made = ada.caller.post("/api/v1/initial-tokens", &wanted).await.created();
    let token = text(&made, "initial_token");
    assert!(token.starts_with("wgit_"));
    // A mistake uses nothing up.
    assert_eq!(
        register(&app, Some(token), &application(json!({ "redirect_uris": [] }))).await.refused(400),
        "invalid_redirect_uri"
    );
    for _ in 0..2 {
        let client =
            register(&app, Some(token), &application(json!({ "scope": "openid nodes:read nodes:write" }))).await.created();
        assert_eq!(client["scope"], "openid nodes:read");
    }
    assert_eq!(register(&app, Some(token), &application(json!({}))).await.refused(401), "invalid_token");
    let seen = ada.caller.get("/api/v1/clients").await.ok();
    assert_eq!((&seen["count"], &seen["clients"][0]["source"]), (&json!(2), &json!("dynamic")));
    assert_eq!(ada.caller.get("/api/v1/initial-tokens").await.ok()["count"], 0);

    let made = ada.caller.post("/api/v1/initial-tokens", &wanted).await.created();
    let list = ada.caller.get("/api/v1/initial-tokens").await.ok();
    assert_eq!((&list["count"], &list["initial_tokens"][0]["uses_left"]), (&json!(1), &json!(2)));
    assert!(!list.to_string().contains(text(&made, "initial_token")));
    app.clock.advance(Duration::from_secs(600));
    assert_eq!(register(&app, Some(text(&made, "initial_token")), &application(json!({}))).await.refused(401), "invalid_token");
}

#[tokio::test]
async fn a_token_is_used_by_one_at_a_time() {
    let app = joining(Joining::ByToken).await;
    let ada = app.person("ada@example.com").await;
    let made = ada.caller.post("/api/v1/initial-tokens", &json!({ "uses": 3 })).await.created();
    let said = application(json!({}));
    let tries = (0..8).map(|_| register(&app, Some(text(&made, "initial_token")), &said));
    let done = futures_util::future::join_all(tries).await;
    assert_eq!(done.iter().filter(|reply| reply.status == 201).count(), 3);
    assert_eq!(ada.caller.get("/api/v1/clients").await.ok()["count"], 3);
}

#[tokio::test]
async fn a_token_gives_a_role_that_its_maker_has() {
    let app = joining(Joining::ByToken).await;
    let ada = app.person("ada@example.com").await;
    let wanted = json!({ "role": "analyst", "scopes": ["nodes:write"], "uses": 9 });
    let made = ada.caller.post("/api/v1/initial-tokens", &wanted).await.created();
    let service = json!({ "grant_types": ["client_credentials"], "client_name": "a service", "scope": "nodes:write" });
    let client = register(&app, Some(text(&made, "initial_token")), &service).await.created();
    let client = app.client(&client);
    let answer = client.token(&[]).await.ok();
    assert_eq!(answer["scope"], "nodes:read");
    app.bearer(text(&answer, "access_token")).get("/nodes").await.ok();
    // Whose token has no role makes no service.
    let without = ada.caller.post("/api/v1/initial-tokens", &json!({})).await.created();
    assert_eq!(register(&app, Some(text(&without, "initial_token")), &service).await.refused(400), "invalid_client_metadata");
    // Nobody gives away what they have not, and no token is worth more than its maker is by then.
    for more in [json!({ "scopes": ["system:read"] }), json!({ "role": "super_admin" }), json!({ "scopes": ["no:such"] })] {
        ada.caller.post("/api/v1/initial-tokens", &more).await.problem(422);
    }
    for odd in [json!({ "uses": 0 }), json!({ "uses": 1_001 }), json!({ "expires_in": 0 }), json!({ "expires_in": 7_776_001 })] {
        ada.caller.post("/api/v1/initial-tokens", &odd).await.problem(422);
    }
    let superuser = app.database.behind_the_scenes().await;
    let demote = "update wardgraph.memberships set role = 'developer' where user_id = $1::text::uuid";
    superuser.execute(demote, &[&ada.id]).await.unwrap();
    assert_eq!(register(&app, Some(text(&made, "initial_token")), &service).await.refused(401), "invalid_token");
    let developer = Person::again(&app, "ada@example.com").await;
    developer.caller.post("/api/v1/initial-tokens", &json!({})).await.problem(403);
}

#[tokio::test]
async fn a_token_that_is_withdrawn_registers_nobody_and_is_withdrawn_by_its_organization_alone() {
    let app = App::start().await;
    let (ada, eve) = (app.person("ada@example.com").await, app.person("eve@example.com").await);
    let made = ada.caller.post("/api/v1/initial-tokens", &json!({ "uses": 5 })).await.created();
    let path = format!("/api/v1/initial-tokens/{}", text(&made, "id"));
    eve.caller.delete(&path).await.problem(404);
    assert_eq!(eve.caller.get("/api/v1/initial-tokens").await.ok()["count"], 0);
    register(&app, Some(text(&made, "initial_token")), &application(json!({}))).await.created();
    assert_eq!(ada.caller.delete(&path).await.status, 204);
    // Also where anybody may register: a token that is shown is looked at.
    assert_eq!(register(&app, Some(text(&made, "initial_token")), &application(json!({}))).await.refused(401), "invalid_token");
    app.clock.advance(Duration::from_mins(11));
    ada.caller.post("/api/v1/initial-tokens", &json!({})).await.asks_for_a_credential();
}
