//! What people agreed to: seen and taken back.

use serde_json::json;
use wardgraph_testkit::App;

use super::kit::{Site, somebody};

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
