//! Where answers go.

use serde_json::json;
use wardgraph_testkit::Reply;

use super::kit::{Profile, Scene};

#[track_caller]
fn goes_nowhere(reply: &Reply, what: &str) {
    assert!(reply.status == 400 && reply.headers.get("location").is_none(), "{what}: {} {}", reply.status, reply.text);
    assert!(reply.headers["content-type"].to_str().unwrap().starts_with("text/html"), "{what}: a person is told");
}

/// Module `oidcc-ensure-registered-redirect-uri`.
#[tokio::test]
async fn a_request_for_an_address_that_is_not_registered_is_shown_to_its_person() {
    let scene = Scene::with(json!({})).await;
    for uri in ["https://app.example/another", "https://app.example/cb?added=1", "https://app.example/cb#part", ""] {
        goes_nowhere(&scene.window.get(&scene.site.request(&[("redirect_uri", uri)])).await, uri);
    }
    let scene = Scene::with(json!({ "redirect_uris": ["https://app.example/cb?foo=bar"] })).await;
    assert!(scene.send(&[]).await.contains_key("code"), "with the query that is registered");
    goes_nowhere(&scene.window.get(&scene.site.request(&[("redirect_uri", "https://app.example/cb?foo=baz")])).await, "a query");
}

/// FAPI's modules `ensure-registered-redirect-uri`, `plain-fapi-tolerate-unregistered-redirect-uri` and `ensure-redirect-uri-in-authorization-request`.
#[tokio::test]
async fn no_request_is_pushed_for_an_address_that_is_not_registered() {
    let profile = Profile::new().await;
    for uri in ["https://app.example/another", "https://app.example/cb?added=1", ""] {
        assert_eq!(profile.push(&[("redirect_uri", uri)]).await.refused(400), "invalid_request", "{uri}");
    }
}
