//! What is tried with exchanges of tokens: to get more by them, for somebody else, or for longer.

use std::time::Duration;

use serde_json::json;
use wardgraph_testkit::{App, Signer};

use super::{
    bound,
    exchange::{ACCESS, API, EXCHANGE, exchange, front, own, sent, server, text},
    kit::{Site, VERIFIER, claims, somebody},
};

#[tokio::test]
async fn an_exchange_never_widens() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let (client, api) = (front(&app, &ada.caller.tenant).await, server(&app, &ada.caller.tenant, json!({})).await);
    let token = sent(&app, &client, &window).await;
    for (scope, why) in [
        ("nodes:read search:read", "more than the token says"),
        ("edges:read", "more than the client may"),
        ("users:write", "more than anybody said"),
        ("profile", "what was not given"),
        ("nodes:*", "no scope"),
        (" ", "nothing"),
    ] {
        assert_eq!(exchange(&app, &api, &token, &[("scope", scope)]).await.refused(400), "invalid_scope", "{why}");
    }
    for more in [[("resource", "https://other.example")], [("audience", "https://other.example")], [("audience", "*")]] {
        assert_eq!(exchange(&app, &api, &token, &more).await.refused(400), "invalid_target", "{more:?}");
    }
    let two = [("resource", API), ("audience", "https://deep.example")];
    assert_eq!(exchange(&app, &api, &token, &two).await.refused(400), "invalid_target");
    let less = text(&exchange(&app, &api, &token, &[("scope", "nodes:read")]).await.ok());
    for scope in ["nodes:write", "openid", "nodes:read openid"] {
        assert_eq!(exchange(&app, &api, &less, &[("scope", scope)]).await.refused(400), "invalid_scope", "{scope}");
    }
    assert_eq!(exchange(&app, &api, &less, &[]).await.ok()["scope"], "nodes:read");
    // No longer than the token that it came of, however late it is asked for.
    app.clock.advance(Duration::from_mins(10));
    let late = exchange(&app, &api, &token, &[]).await.ok();
    assert_eq!(claims(&late["access_token"])["exp"], claims(&json!(token))["exp"]);
    app.clock.advance(Duration::from_mins(50));
    assert_eq!(exchange(&app, &api, &token, &[]).await.refused(400), "invalid_request", "expired");
    assert_eq!(exchange(&app, &api, &text(&late), &[]).await.refused(400), "invalid_request", "expired with it");
}

#[tokio::test]
async fn a_role_that_became_less_bounds_what_is_exchanged() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let (client, api) = (front(&app, &ada.caller.tenant).await, server(&app, &ada.caller.tenant, json!({})).await);
    let token = sent(&app, &client, &window).await;
    let database = app.database.behind_the_scenes().await;
    database.execute("update wardgraph.organizations set requires_mfa = true", &[]).await.unwrap();
    assert_eq!(exchange(&app, &api, &token, &[]).await.refused(400), "invalid_target", "one factor where two are asked");
    database.execute("update wardgraph.organizations set requires_mfa = false", &[]).await.unwrap();
    // The role is asked anew, whatever was announced of it and heard.
    let unheard = "set session_replication_role = replica; update wardgraph.memberships set role = 'analyst'; set session_replication_role = origin";
    database.batch_execute(unheard).await.unwrap();
    assert_eq!(exchange(&app, &api, &token, &[]).await.ok()["scope"], "nodes:read openid");
    assert_eq!(exchange(&app, &api, &token, &[("scope", "nodes:write")]).await.refused(400), "invalid_scope");
    database.execute("update wardgraph.memberships set role = 'developer'", &[]).await.unwrap();
    assert_eq!(
        exchange(&app, &api, &token, &[]).await.refused(400),
        "invalid_request",
        "of another role than when it was signed"
    );
    let token = sent(&app, &client, &window).await;
    database.execute("delete from wardgraph.memberships where user_id = $1::text::uuid", &[&ada.id]).await.unwrap();
    assert_eq!(exchange(&app, &api, &token, &[]).await.refused(400), "invalid_request", "no member any more");
}

#[tokio::test]
async fn a_token_of_another_client_is_not_exchanged() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let eve = app.person("eve@example.com").await;
    let organization = &ada.caller.tenant;
    let (client, api) = (front(&app, organization).await, server(&app, organization, json!({})).await);
    let tokens = client.tokens(&app, &window, &[("scope", "openid nodes:read")]).await;
    let (here, there) = (text(&tokens), sent(&app, &client, &window).await);
    let gateway = server(&app, organization, json!({ "resources": ["activekg"] })).await;
    let sibling = server(&app, organization, json!({ "resources": ["https://deep.example"] })).await;
    let stranger = server(&app, &eve.caller.tenant, json!({})).await;
    let persons = ada.caller.token.clone().unwrap();
    let outside = app.caller("tenant-a", &["nodes:read"]).token.unwrap();
    for (who, site, token) in [
        ("for this server, at a server of the API", &api, here.as_str()),
        ("for this server, at whoever stands before it", &gateway, &here),
        ("for the API, at another's", &sibling, &there),
        ("for the API, at another organization's", &stranger, &there),
        ("a person's own", &api, &persons),
        ("a person's own, at whoever stands before this server", &gateway, &persons),
        ("of another issuer", &api, &outside),
        ("an ID token", &api, tokens["id_token"].as_str().unwrap()),
        ("a refresh token", &api, tokens["refresh_token"].as_str().unwrap()),
        ("none", &api, "a.b.c"),
        ("of nobody's", &api, &format!("{there}A")),
    ] {
        assert_eq!(exchange(&app, site, token, &[]).await.refused(400), "invalid_request", "{who}");
    }
    exchange(&app, &api, &there, &[]).await.ok();
}

#[tokio::test]
async fn whoever_may_not_exchange_does_not() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let organization = &ada.caller.tenant;
    let (client, api) = (front(&app, organization).await, server(&app, organization, json!({})).await);
    let token = sent(&app, &client, &window).await;
    assert_eq!(exchange(&app, &client, &token, &[]).await.refused(400), "unauthorized_client", "not registered for it");
    let public = server(&app, organization, json!({ "auth_method": "none" })).await;
    assert_eq!(exchange(&app, &public, &token, &[]).await.refused(400), "unauthorized_client", "proves nothing");
    assert_eq!(
        exchange(&app, &Site { secret: Some("wgcs_wrong"), ..api.clone() }, &token, &[]).await.refused(401),
        "invalid_client"
    );
    for (name, value, why) in [
        ("subject_token", "", "no token"),
        ("subject_token_type", "", "no type"),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:id_token", "another type"),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:refresh_token", "another type"),
        ("subject_token_type", "access_token", "no type"),
        ("requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token", "asks for a refresh token"),
        ("requested_token_type", "urn:ietf:params:oauth:token-type:id_token", "asks for an ID token"),
        ("requested_token_type", "urn:ietf:params:oauth:token-type:saml2", "asks for something else"),
        ("actor_token", &token, "an actor without a type"),
        ("actor_token_type", ACCESS, "a type without an actor"),
    ] {
        assert_eq!(exchange(&app, &api, &token, &[(name, value)]).await.refused(400), "invalid_request", "{why}");
    }
}

#[tokio::test]
async fn nobody_acts_by_anothers_word() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let eve = app.person("eve@example.com").await;
    let organization = &ada.caller.tenant;
    let (client, api) = (front(&app, organization).await, server(&app, organization, json!({})).await);
    let (other, stranger) = (server(&app, organization, json!({})).await, server(&app, &eve.caller.tenant, json!({})).await);
    let token = sent(&app, &client, &window).await;
    let mine = own(&app, &api, &[]).await;
    let acted = text(&exchange(&app, &api, &token, &[("actor_token", &mine), ("actor_token_type", ACCESS)]).await.ok());
    for (actor, why) in [
        (own(&app, &other, &[]).await, "another client's"),
        (own(&app, &stranger, &[]).await, "another organization's"),
        (ada.caller.token.clone().unwrap(), "a person's own"),
        (token.clone(), "the very person's"),
        (acted, "one that came of others"),
        ("a.b.c".into(), "none"),
    ] {
        let acting = [("actor_token", actor.as_str()), ("actor_token_type", ACCESS)];
        assert_eq!(exchange(&app, &api, &token, &acting).await.refused(400), "invalid_request", "{why}");
    }
}

#[tokio::test]
async fn a_bound_token_is_exchanged_by_its_key_alone() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let change = json!({ "grant_types": ["authorization_code", "refresh_token", EXCHANGE], "resources": [API] });
    let site = Site::of(&app, &ada.caller.tenant, change).await;
    let api = server(&app, &ada.caller.tenant, json!({})).await;
    let (key, thief) = (Signer::es256(), Signer::es256());
    let code = site.code(&window, &[("resource", API)]).await;
    let fields =
        [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", &site.redirect), ("code_verifier", VERIFIER)];
    let token = text(&bound::post(&app, &site, Some(&key), "/oauth2/token", &fields).await.ok());
    let fields = [("grant_type", EXCHANGE), ("subject_token", token.as_str()), ("subject_token_type", ACCESS)];
    for (client, holder, why) in [
        (&site, None, "without a proof"),
        (&site, Some(&thief), "by another key"),
        (&api, None, "whoever was sent it"),
        (&api, Some(&thief), "whoever was sent it, by a key of theirs"),
    ] {
        assert_eq!(bound::post(&app, client, holder, "/oauth2/token", &fields).await.refused(400), "invalid_request", "{why}");
    }
    let answer = bound::post(&app, &site, Some(&key), "/oauth2/token", &fields).await.ok();
    assert_eq!(
        (&answer["token_type"], &claims(&answer["access_token"])["cnf"]),
        (&json!("DPoP"), &json!({ "jkt": key.thumbprint() }))
    );
    app.bearer(&text(&answer)).get("/nodes").await.problem(401);
    // What is bound to nothing is bound to whoever exchanges it with a proof.
    let free = sent(&app, &front(&app, &ada.caller.tenant).await, &window).await;
    let fields = [("grant_type", EXCHANGE), ("subject_token", free.as_str()), ("subject_token_type", ACCESS)];
    let answer = bound::post(&app, &api, Some(&thief), "/oauth2/token", &fields).await.ok();
    assert_eq!(claims(&answer["access_token"])["cnf"], json!({ "jkt": thief.thumbprint() }));
    let strict = server(&app, &ada.caller.tenant, json!({ "dpop_bound": true })).await;
    assert_eq!(exchange(&app, &strict, &free, &[]).await.refused(400), "invalid_dpop_proof");
}
