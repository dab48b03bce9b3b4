//! Tokens in exchange for tokens (RFC 8693): who may act where for whom, and what is told of it.

use serde_json::{Value, json};
use wardgraph_testkit::{App, Reply, Window};

use super::kit::{Site, claims, post, somebody};

pub(super) const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
pub(super) const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";
pub(super) const API: &str = "https://api.example/v1";

/// A client that people use, whose tokens may be for an API.
pub(super) async fn front(app: &App, organization: &str) -> Site {
    let change = json!({ "resources": [API], "scopes": ["openid", "profile", "nodes:read", "nodes:write", "edges:read"] });
    Site::of(app, organization, change).await
}

/// A server of that API, which exchanges tokens and has a role of its own, but for what `change` says.
pub(super) async fn server(app: &App, organization: &str, change: Value) -> Site {
    let mut registered = json!({
        "name": "Atlas API", "grant_types": [EXCHANGE, "client_credentials"], "resources": [API, "https://deep.example"], "role": "developer",
        "scopes": ["openid", "nodes:read", "nodes:write", "search:read"],
    });
    registered.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    Site::of(app, organization, registered).await
}

/// What the server of the API was sent by a person's client.
pub(super) async fn sent(app: &App, site: &Site, window: &Window) -> String {
    let asked = [("resource", API), ("scope", "openid nodes:read nodes:write edges:read")];
    let code = site.code(window, &asked).await;
    text(&site.token(app, &[("code", &code)]).await.ok())
}

/// The access token of an answer.
pub(super) fn text(answer: &Value) -> String {
    answer["access_token"].as_str().unwrap().to_owned()
}

/// Exchanges a token.
pub(super) async fn exchange(app: &App, site: &Site, token: &str, more: &[(&str, &str)]) -> Reply {
    let own = [("client_id", site.id.as_str())].into_iter().chain(site.secret.map(|secret| ("client_secret", secret)));
    let subject = [("grant_type", EXCHANGE), ("subject_token", token), ("subject_token_type", ACCESS)];
    let kept = subject.into_iter().filter(|(name, _)| !more.iter().any(|(other, _)| other == name));
    let fields = own.chain(kept).chain(more.iter().copied()).filter(|(_, value)| !value.is_empty());
    let fields: Vec<_> = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    post(app, "/oauth2/token", &fields).await
}

/// A token of a client's own.
pub(super) async fn own(app: &App, site: &Site, more: &[(&str, &str)]) -> String {
    let base = [("grant_type", "client_credentials"), ("redirect_uri", ""), ("code_verifier", "")];
    text(&site.token(app, &[&base, more].concat()).await.ok())
}

#[tokio::test]
async fn a_server_acts_here_for_whoever_called_it() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let (client, api) = (front(&app, &ada.caller.tenant).await, server(&app, &ada.caller.tenant, json!({})).await);
    let token = sent(&app, &client, &window).await;
    app.bearer(&token).get("/nodes").await.problem(401);
    let answer = exchange(&app, &api, &token, &[("scope", "nodes:read")]).await;
    assert_eq!(answer.headers["cache-control"], "no-store");
    let answer = answer.ok();
    assert_eq!(
        (&answer["issued_token_type"], &answer["token_type"], &answer["scope"]),
        (&json!(ACCESS), &json!("Bearer"), &json!("nodes:read"))
    );
    assert!(answer.get("refresh_token").is_none() && answer.get("id_token").is_none());
    let (before, after) = (claims(&json!(token)), claims(&answer["access_token"]));
    for name in ["sub", "sid", "tenant_id", "exp", "amr", "acr", "auth_time", "gen"] {
        assert_eq!(after[name], before[name], "{name}");
    }
    assert_eq!((&after["client_id"], &after["aud"]), (&json!(api.id), &json!("activekg")));
    assert_eq!((&after["via"][0]["jti"], after.get("act")), (&before["jti"], None));
    let here = app.bearer(&text(&answer));
    assert_eq!(here.get("/nodes").await.status, 200);
    here.create_node("more than was asked").await.problem(403);
    here.get("/api/v1/users/me").await.problem(403);
    // On record: for whom, by what, and of which token.
    let sql = "select payload || jsonb_build_object('actor', actor_id) from wardgraph.events where type = 'token.issued' and payload ->> 'grant_type' = $1";
    let said: Value = app.database.behind_the_scenes().await.query_one(sql, &[&EXCHANGE]).await.unwrap().get(0);
    assert_eq!((&said["actor"], &said["sub"], &said["via"]), (&json!(ada.id), &json!(ada.id), &json!([before["jti"]])));
    // And on: where else the server may ask.
    let deep = exchange(&app, &api, &text(&answer), &[("audience", "https://deep.example")]).await.ok();
    assert_eq!(claims(&deep["access_token"])["aud"], "https://deep.example");
    assert_eq!(claims(&deep["access_token"])["via"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_client_makes_less_of_its_own_token() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let change = json!({ "grant_types": ["authorization_code", "refresh_token", EXCHANGE] });
    let site = Site::of(&app, &ada.caller.tenant, change).await;
    let tokens = site.tokens(&app, &window, &[("scope", "openid nodes:write")]).await;
    for kind in [ACCESS, "urn:ietf:params:oauth:token-type:jwt"] {
        let more = [("scope", "nodes:read"), ("subject_token_type", kind), ("requested_token_type", ACCESS)];
        let less = exchange(&app, &site, &text(&tokens), &more).await.ok();
        assert_eq!(less["scope"], "nodes:read");
        app.bearer(&text(&less)).create_node("more").await.problem(403);
    }
    let same = exchange(&app, &site, &text(&tokens), &[]).await.ok();
    assert_eq!(same["scope"], "nodes:write openid", "all of it where nothing is asked");
    assert_eq!(app.bearer(&text(&same)).get("/oauth2/userinfo").await.ok()["sub"], json!(ada.id));
}

#[tokio::test]
async fn somebody_acts_in_a_persons_place_and_is_named() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let (client, api) = (front(&app, &ada.caller.tenant).await, server(&app, &ada.caller.tenant, json!({})).await);
    let (token, actor) = (sent(&app, &client, &window).await, own(&app, &api, &[]).await);
    let acting = [("actor_token", actor.as_str()), ("actor_token_type", ACCESS)];
    let answer = exchange(&app, &api, &token, &acting).await.ok();
    let said = claims(&answer["access_token"]);
    assert_eq!((&said["sub"], &said["act"]), (&json!(ada.id), &json!({ "sub": api.id })));
    let about = [("token", text(&answer)), ("client_id", api.id.clone()), ("client_secret", api.secret.unwrap().to_owned())];
    let about: Vec<_> = about.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let told = post(&app, "/oauth2/introspect", &about).await.ok();
    assert_eq!((&told["active"], &told["sub"], &told["act"]), (&json!(true), &json!(ada.id), &json!({ "sub": api.id })));
    // What is done with it says so.
    app.bearer(&text(&answer)).create_node("by a server, for a person").await.created();
    let sql = "select payload -> 'act', actor_id from wardgraph.events where type = 'request.committed' and subject like '%CreateNode%'";
    let row = app.database.behind_the_scenes().await.query_one(sql, &[]).await.unwrap();
    assert_eq!((row.get::<_, Value>(0), row.get::<_, &str>(1)), (json!({ "sub": api.id }), ada.id.as_str()));
    // Who acted before stays named, and there is an end to it.
    let (mut token, mut act) = (text(&answer), json!({ "sub": api.id }));
    for _ in 1..4 {
        let next = exchange(&app, &api, &token, &acting).await.ok();
        act = json!({ "sub": api.id, "act": act });
        assert_eq!(claims(&next["access_token"])["act"], act);
        token = text(&next);
    }
    assert_eq!(exchange(&app, &api, &token, &acting).await.refused(400), "invalid_request", "a fifth");
    // Nobody who acted is left out by an exchange without an actor.
    let without = exchange(&app, &api, &text(&answer), &[]).await.ok();
    assert_eq!(claims(&without["access_token"])["act"], json!({ "sub": api.id }));
}

#[tokio::test]
async fn a_service_that_called_is_a_service_still() {
    let app = App::start().await;
    let (ada, _) = somebody(&app, "ada@example.com").await;
    let change = json!({ "grant_types": ["client_credentials"], "role": "analyst", "resources": [API] });
    let (caller, api) = (server(&app, &ada.caller.tenant, change).await, server(&app, &ada.caller.tenant, json!({})).await);
    let token = own(&app, &caller, &[("resource", API)]).await;
    let answer = exchange(&app, &api, &token, &[]).await.ok();
    assert_eq!(answer["scope"], "nodes:read search:read", "what an analyst may, although the server may more");
    let said = claims(&answer["access_token"]);
    assert_eq!((&said["sub"], &said["client_id"]), (&json!(caller.id), &json!(api.id)));
    let who = app.bearer(&text(&answer)).get("/api/v1/whoami").await.ok();
    assert_eq!((&who["actor_type"], &who["subject"]), (&json!("client"), &json!(caller.id)));
    let again = exchange(&app, &api, &text(&answer), &[("scope", "nodes:read")]).await.ok();
    assert_eq!(app.bearer(&text(&again)).get("/api/v1/whoami").await.ok()["actor_type"], "client");
    assert_eq!(exchange(&app, &api, &token, &[("organization", "org_other")]).await.refused(400), "invalid_target");
}

#[tokio::test]
async fn a_token_works_in_another_organization_where_its_person_let_the_client() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let bob = app.person("bob@example.com").await;
    let change = json!({ "grant_types": ["authorization_code", "refresh_token", EXCHANGE] });
    let site = Site::of(&app, &ada.caller.tenant, change).await;
    let token = text(&site.tokens(&app, &window, &[("scope", "openid nodes:read nodes:write")]).await);
    let there = [("organization", bob.caller.tenant.as_str())];
    assert_eq!(exchange(&app, &site, &token, &there).await.refused(400), "invalid_target", "no member");
    let sql = "insert into wardgraph.memberships (organization_id, user_id, role, created_at) values ($1, $2::text::uuid, 'analyst', '2027-01-01')";
    app.database.behind_the_scenes().await.execute(sql, &[&bob.caller.tenant, &ada.id]).await.unwrap();
    assert_eq!(
        exchange(&app, &site, &token, &there).await.refused(400),
        "invalid_target",
        "a member who agreed to nothing there"
    );
    let asked = [("organization", bob.caller.tenant.as_str()), ("scope", "openid nodes:read nodes:write")];
    site.code(&window, &asked).await;
    let answer = exchange(&app, &site, &token, &there).await.ok();
    let said = claims(&answer["access_token"]);
    assert_eq!(
        (&said["tenant_id"], &said["sub"], &answer["scope"]),
        (&json!(bob.caller.tenant), &json!(ada.id), &json!("nodes:read openid"))
    );
    let wide = [("organization", bob.caller.tenant.as_str()), ("scope", "nodes:write")];
    assert_eq!(exchange(&app, &site, &token, &wide).await.refused(400), "invalid_scope", "an analyst reads");
    let node = bob.caller.create_node("of the other organization").await.created();
    let client = app.bearer(&text(&answer));
    client.get(&format!("/nodes/{}", node["id"].as_str().unwrap())).await.ok();
    // It ends with what was agreed to there, and with the token that it came of.
    let list = ada.caller.get("/api/v1/users/me/consents").await.ok();
    let there =
        list["consents"].as_array().unwrap().iter().find(|one| one["organization_id"] == json!(bob.caller.tenant)).unwrap();
    ada.caller.delete(&format!("/api/v1/users/me/consents/{}", there["id"].as_str().unwrap())).await;
    app.hear().await;
    client.get("/nodes").await.problem(401);
    assert_eq!(app.bearer(&token).get("/nodes").await.status, 200);
}
