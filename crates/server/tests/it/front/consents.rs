//! What people agreed to: seen and taken back.

use serde_json::json;
use wardgraph_testkit::App;

use super::{
    devices::{ask, decide, player},
    kit::{Site, answer, hidden, somebody},
};

#[tokio::test]
async fn a_consent_that_is_taken_back_ends_what_the_client_got() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let (bob, bobs) = somebody(&app, "bob@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    let (tokens, theirs) = (site.tokens(&app, &window, &[]).await, site.tokens(&app, &bobs, &[]).await);
    let list = ada.caller.get("/api/v1/users/me/consents").await.ok();
    assert_eq!(list["count"], 1);
    let consent = &list["consents"][0];
    assert_eq!((&consent["client_id"], &consent["client_name"]), (&json!(site.id), &json!("Graph Atlas")));
    assert_eq!(consent["scopes"], json!(["email", "nodes:read", "openid"]));
    let path = format!("/api/v1/users/me/consents/{}", consent["id"].as_str().unwrap());
    bob.caller.delete(&path).await.problem(404);
    assert_eq!(ada.caller.delete(&path).await.status, 204);
    ada.caller.delete(&path).await.problem(404);
    app.hear().await;
    let (client, other) =
        (app.bearer(tokens["access_token"].as_str().unwrap()), app.bearer(theirs["access_token"].as_str().unwrap()));
    client.get("/nodes").await.problem(401);
    assert_eq!(other.get("/nodes").await.status, 200, "somebody else's goes on");
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", tokens["refresh_token"].as_str().unwrap())];
    assert_eq!(site.token(&app, &refresh).await.refused(400), "invalid_grant");
    assert!(window.get(&site.request(&[])).await.text.contains("action=\"/oauth2/consent\""), "it is asked again");
    assert_eq!(window.get("/account").await.status, 200, "the browser's own session goes on");
}

#[tokio::test]
async fn applications_are_seen_and_taken_back_by_page() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    assert!(window.get("/account/applications").await.text.contains("allowed nothing"));
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    site.code(&window, &[]).await;
    let page = window.get("/account/applications").await;
    assert!(page.text.contains("Graph Atlas") && page.text.contains("read nodes"), "{}", page.text);
    let action = page.text.split_once("action=\"/account/applications/").unwrap().1.split('"').next().unwrap();
    let done = window.send(&format!("/account/applications/{action}"), &[]).await;
    assert_eq!(done.leads(), "/account/applications?done=consent_revoked");
    assert!(window.get(done.leads()).await.text.contains("allowed nothing"));
}

#[tokio::test]
async fn a_client_takes_no_consent_back_and_gives_none() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    let tokens = site.tokens(&app, &window, &[]).await;
    let client = app.bearer(tokens["access_token"].as_str().unwrap());
    client.get("/api/v1/users/me/consents").await.problem(403);
}

#[tokio::test]
async fn userinfo_tells_what_was_agreed_to_and_nothing_to_others() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    let tokens = site.tokens(&app, &window, &[("scope", "openid profile")]).await;
    let told = app.bearer(tokens["access_token"].as_str().unwrap()).get("/oauth2/userinfo").await.ok();
    let mut names: Vec<_> = told.as_object().unwrap().keys().cloned().collect();
    names.sort();
    assert_eq!(names, ["name", "sub", "updated_at"]);
    let plain = site.tokens(&app, &window, &[("scope", "nodes:read")]).await;
    assert!(plain.get("id_token").is_none());
    let refused = app.bearer(plain["access_token"].as_str().unwrap()).get("/oauth2/userinfo").await;
    assert!(refused.headers["www-authenticate"].to_str().unwrap().contains("insufficient_scope"));
    refused.problem(403);
    app.bearer(tokens["id_token"].as_str().unwrap()).get("/oauth2/userinfo").await.problem(401);
    let stranger = app.stranger().get("/oauth2/userinfo").await;
    let pointer = stranger.headers["www-authenticate"].to_str().unwrap().to_owned();
    assert!(pointer.contains("resource_metadata=\"") && pointer.contains("/.well-known/oauth-protected-resource\""), "{pointer}");
    let document = app.stranger().get("/.well-known/oauth-protected-resource").await.ok();
    assert_eq!(document["authorization_servers"][0], wardgraph_testkit::OWN_ISS);
}

#[tokio::test]
async fn what_was_agreed_to_counts_no_more_once_an_organization_leads_its_client_elsewhere() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let (_, window) = somebody(&app, "bob@example.com").await;
    let registered = json!({
        "client_name": "Graph Atlas", "grant_types": ["authorization_code"], "token_endpoint_auth_method": "none",
        "redirect_uris": ["https://app.example/cb"], "scopes": ["openid", "email", "nodes:read"],
    });
    let made = ada.caller.post("/api/v1/clients", &registered).await.created();
    let id = made["client_id"].as_str().unwrap().to_owned();
    let site = Site { id, redirect: "https://app.example/cb".into(), secret: None };
    let evil = Site { redirect: "https://evil.example/cb".into(), ..site.clone() };
    let silent = async |site: &Site, scope: &str| {
        let asked = site.request(&[("prompt", "none"), ("scope", scope)]);
        answer(&window.get(&asked).await, &site.redirect).get("error").cloned().unwrap_or_default()
    };
    let all = "openid email nodes:read";
    site.code(&window, &[("scope", all)]).await;
    let changes = async |change: serde_json::Value| {
        let mut said = registered.clone();
        said.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        ada.caller.put(&format!("/api/v1/clients/{}", site.id), &said).await.ok();
        app.hear().await;
    };
    changes(json!({ "scopes": ["openid", "email", "nodes:read", "nodes:write"] })).await;
    assert_eq!(silent(&site, all).await, "", "what is nothing to people asks nobody");
    changes(json!({ "redirect_uris": ["https://app.example/cb", "https://evil.example/cb"] })).await;
    for site in [&evil, &site] {
        assert_eq!(silent(site, all).await, "consent_required", "{}", site.redirect);
    }
    // What is agreed to now is all that counts.
    site.code(&window, &[("scope", "openid")]).await;
    assert_eq!((silent(&site, "openid").await, silent(&site, all).await), (String::new(), "consent_required".to_owned()));
    changes(json!({ "client_name": "Your Bank", "redirect_uris": ["https://app.example/cb", "https://evil.example/cb"] })).await;
    assert_eq!(silent(&site, "openid").await, "consent_required");
}

#[tokio::test]
async fn nobody_agrees_to_more_than_they_can_see() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    let device = player(&app, &ada.caller.tenant, json!({})).await;
    let client = app.database.behind_the_scenes().await;
    let clients = "insert into wardgraph.clients select (jsonb_populate_record(null::wardgraph.clients, to_jsonb(c) ||
                     jsonb_build_object('client_id', 'wgc_many_' || n))).* from wardgraph.clients c, generate_series(1, 200) n where c.client_id = $1";
    client.execute(clients, &[&site.id]).await.unwrap();
    let consents = "insert into wardgraph.consents (consent_id, user_id, client_id, organization_id, client_name, scopes, created_at, updated_at)
                    select gen_random_uuid(), $1::text::uuid, client_id, $2, 'One of many', '{openid}', now(), now() from wardgraph.clients
                    where client_id like 'wgc_many_%'";
    client.execute(consents, &[&ada.id, &ada.caller.tenant]).await.unwrap();
    let agrees = async || {
        let page = window.get(&site.request(&[])).await;
        let fields = hidden(&page);
        let fields = fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        window.send_raw("/oauth2/consent", fields.collect::<Vec<_>>()).await
    };
    let refused = agrees().await;
    assert!(refused.status == 409 && refused.text.contains("200"), "{} {}", refused.status, refused.text);
    let started = ask(&app, &device, &[]).await.ok();
    assert_eq!(decide(&window, &started, "allow").await.status, 409);
    let list = ada.caller.get("/api/v1/users/me/consents").await.ok();
    assert_eq!(list["count"], 200);
    let path = format!("/api/v1/users/me/consents/{}", list["consents"][0]["id"].as_str().unwrap());
    assert_eq!(ada.caller.delete(&path).await.status, 204);
    assert_eq!(agrees().await.status, 303);
    // Of those that there are, more may be agreed to.
    site.code(&window, &[("scope", "openid email profile nodes:read")]).await;
    assert_eq!(ada.caller.get("/api/v1/users/me/consents").await.ok()["count"], 200);
}
