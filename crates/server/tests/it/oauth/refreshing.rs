//! Refresh tokens of grants.

use serde_json::json;
use wardgraph_oauth::grant::Terms;
use wardgraph_testkit::{App, OAuthClient, Person, Reply};
use wardgraph_tokens::Thumbprint;

use super::{access, claims, is_believed, log, of_type, terms};

async fn client(app: &App, ada: &Person) -> OAuthClient {
    let scopes = ["nodes:write", "search:read", "events:read", "openid", "offline_access"];
    app.client_of(ada, json!({ "grant_types": ["client_credentials", "refresh_token"], "scopes": scopes })).await
}

async fn refresh(client: &OAuthClient, token: &str, more: &[(&str, &str)]) -> Reply {
    client.form("/oauth2/token", &[&[("grant_type", "refresh_token"), ("refresh_token", token)], more].concat()).await
}

fn next(answer: &serde_json::Value) -> String {
    answer["refresh_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_refresh_token_brings_the_next_for_what_was_granted() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let client = client(&app, &ada).await;
    let (granted, first) = app.grant(&client, &ada, terms(&["nodes:write", "openid", "offline_access"])).await;
    let said = claims(&granted);
    assert_eq!(
        [&said["sub"], &said["client_id"], &said["scope"]],
        [&json!(ada.id), &json!(client.id), &json!("nodes:write offline_access openid")]
    );
    let bearer = app.bearer(&granted);
    bearer.create_node("by a person's leave").await.created();
    bearer.post("/search", &json!({ "query": "leave" })).await.problem(403);
    // What a client was given leave to do is not to be the person.
    for path in ["/api/v1/users/me", "/api/v1/users/me/sessions", "/api/v1/clients"] {
        bearer.get(path).await.problem(403);
    }
    let answer = refresh(&client, &first.unwrap(), &[]).await.ok();
    assert_eq!(answer["scope"], "nodes:write openid offline_access");
    assert_eq!(claims(access(&answer))["sid"], said["sid"], "it is the same grant");
    assert!(is_believed(&app, access(&answer)).await);
}

#[tokio::test]
async fn a_refresh_token_brings_less_and_never_more() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let client = client(&app, &ada).await;
    let (_, first) = app.grant(&client, &ada, terms(&["nodes:write", "openid"])).await;
    let first = first.unwrap();
    for beyond in ["search:read", "nodes:write search:read", "offline_access", "system:read", "nodes:*"] {
        assert_eq!(refresh(&client, &first, &[("scope", beyond)]).await.refused(400), "invalid_scope", "{beyond}");
    }
    for elsewhere in ["https://api.example/v1", "activekg2"] {
        assert_eq!(refresh(&client, &first, &[("resource", elsewhere)]).await.refused(400), "invalid_target");
    }
    // What was refused used nothing up; what is narrower is so for once.
    let narrow = refresh(&client, &first, &[("scope", "nodes:read"), ("resource", "activekg")]).await.ok();
    assert_eq!(narrow["scope"], "nodes:read");
    app.bearer(access(&narrow)).create_node("too much").await.problem(403);
    let wide = refresh(&client, &next(&narrow), &[]).await.ok();
    assert_eq!(wide["scope"], "nodes:write openid");
    // A grant for another place is for no other.
    let elsewhere = Terms { audience: Some("https://api.example/v1".into()), ..terms(&["nodes:read"]) };
    let (granted, token) = app.grant(&client, &ada, elsewhere).await;
    assert!(!is_believed(&app, &granted).await);
    let token = token.unwrap();
    assert_eq!(refresh(&client, &token, &[("resource", "activekg")]).await.refused(400), "invalid_target");
    let answer = refresh(&client, &token, &[]).await.ok();
    assert_eq!(claims(access(&answer))["aud"], "https://api.example/v1");
}

#[tokio::test]
async fn a_refresh_token_follows_its_owners_role_and_its_clients_registration() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let client = client(&app, &ada).await;
    let (_, first) = app.grant(&client, &ada, terms(&["nodes:write", "events:read"])).await;
    let superuser = app.database.behind_the_scenes().await;
    let role = "update wardgraph.memberships set role = $2 where user_id = $1::text::uuid";
    superuser.execute(role, &[&ada.id, &"analyst"]).await.unwrap();
    let answer = refresh(&client, &first.unwrap(), &[]).await.ok();
    assert_eq!(answer["scope"], "nodes:read");
    superuser.execute(role, &[&ada.id, &"owner"]).await.unwrap();
    let wanted = wardgraph_testkit::registration(
        json!({ "grant_types": ["client_credentials", "refresh_token"], "scopes": ["events:read"] }),
    );
    let again = Person::again(&app, "ada@example.com").await;
    again.caller.put(&format!("/api/v1/clients/{}", client.id), &wanted).await.ok();
    app.hear().await;
    let answer = refresh(&client, &next(&answer), &[]).await.ok();
    assert_eq!(answer["scope"], "events:read");
    // Nobody's member, nothing.
    superuser.execute("update wardgraph.users set disabled_at = now() where user_id = $1::text::uuid", &[&ada.id]).await.unwrap();
    assert_eq!(refresh(&client, &next(&answer), &[]).await.refused(400), "invalid_grant");
}

#[tokio::test]
async fn a_refresh_token_is_its_clients_alone() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let (mine, other) = (client(&app, &ada).await, client(&app, &ada).await);
    let (_, first) = app.grant(&mine, &ada, terms(&["nodes:read"])).await;
    let first = first.unwrap();
    assert_eq!(refresh(&other, &first, &[]).await.refused(400), "invalid_grant");
    // Where people's own sessions are refreshed it is nothing, and theirs is nothing here.
    app.stranger().post("/api/v1/auth/refresh", &json!({ "refresh_token": first })).await.problem(401);
    assert_eq!(refresh(&mine, &ada.refresh_token, &[]).await.refused(400), "invalid_grant");
    for nothing in ["wgr_AAAA", "a", &format!("{first}A"), &first.to_lowercase()] {
        assert_eq!(refresh(&mine, nothing, &[]).await.refused(400), "invalid_grant", "{nothing}");
    }
    assert_eq!(mine.form("/oauth2/token", &[("grant_type", "refresh_token")]).await.refused(400), "invalid_request");
    refresh(&mine, &first, &[]).await.ok();
    app.stranger().post("/api/v1/auth/refresh", &json!({ "refresh_token": ada.refresh_token })).await.ok();
}

#[tokio::test]
async fn a_refresh_token_that_comes_twice_helps_its_client_for_a_while_and_then_ends_the_grant() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let client = client(&app, &ada).await;
    let (granted, first) = app.grant(&client, &ada, terms(&["nodes:read"])).await;
    let first = first.unwrap();
    let second = next(&refresh(&client, &first, &[]).await.ok());
    // The answer was lost: the same again.
    assert_eq!(next(&refresh(&client, &first, &[]).await.ok()), second);
    let third = next(&refresh(&client, &second, &[]).await.ok());
    app.clock.advance(std::time::Duration::from_secs(30));
    // Long after its successor was used.
    assert_eq!(refresh(&client, &first, &[]).await.refused(400), "invalid_grant");
    app.hear().await;
    assert!(!is_believed(&app, &granted).await);
    assert_eq!(refresh(&client, &third, &[]).await.refused(400), "invalid_grant");
    let events = log(&app, &ada.caller.tenant).await;
    assert_eq!(of_type(&events, "session.replayed").len(), 1, "{events:?}");
}

#[tokio::test]
async fn a_grant_that_is_bound_to_a_key_needs_it() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let public = json!({
        "grant_types": ["authorization_code", "refresh_token"], "redirect_uris": ["https://app.example/cb"],
        "token_endpoint_auth_method": "none", "role": null,
    });
    let client = app.client_of(&ada, public).await;
    let bound = Terms { jkt: Thumbprint::parse("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"), ..terms(&["nodes:read"]) };
    let (granted, token) = app.grant(&client, &ada, bound).await;
    assert!(!is_believed(&app, &granted).await);
    assert_eq!(refresh(&client, &token.unwrap(), &[]).await.refused(400), "invalid_grant");
}

#[tokio::test]
async fn whatever_ends_sessions_ends_grants() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let client = client(&app, &ada).await;
    let (granted, first) = app.grant(&client, &ada, terms(&["nodes:read"])).await;
    assert_eq!(ada.caller.delete("/api/v1/users/me/sessions").await.status, 204);
    app.hear().await;
    assert!(!is_believed(&app, &granted).await);
    assert_eq!(refresh(&client, &first.unwrap(), &[]).await.refused(400), "invalid_grant");
}
