//! What is told of a person, and how it is asked.

use serde_json::{Value, json};
use wardgraph_testkit::Reply;

use super::kit::{Scene, access};

fn names(told: &Value) -> Vec<&str> {
    let mut names: Vec<_> = told.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

/// Modules `oidcc-userinfo-get`, `oidcc-userinfo-post-header` and `oidcc-userinfo-post-body`.
#[tokio::test]
async fn userinfo_is_asked_by_get_and_by_post_with_the_token_in_the_header() {
    let scene = Scene::with(json!({})).await;
    let tokens = scene.tokens(&[]).await;
    let (_, id) = scene.verified(&tokens["id_token"]).await;
    let ask = |method: &str| scene.app.bearer(access(&tokens)).request(method, "/oauth2/userinfo");
    for request in [ask("GET"), ask("POST"), ask("POST").header("content-type", "application/x-www-form-urlencoded")] {
        let reply = Reply::of(request).await;
        assert_eq!(reply.headers["content-type"], "application/json");
        assert_eq!(reply.ok()["sub"], id["sub"]);
    }
    // A token in the form is not taken (RFC 6750, section 2.2, leaves it open), and nothing is told.
    let by_form = scene.app.stranger().posting_form("/oauth2/userinfo", &[("access_token", access(&tokens))]);
    let refused = Reply::of(by_form).await;
    assert_eq!(refused.status.as_u16(), 401, "{}", refused.text);
    assert!(!refused.text.contains("ada@example.com"));
}

/// Modules `oidcc-scope-profile`, `oidcc-scope-email` and FAPI's `ensure-other-scope-order-succeeds`.
#[tokio::test]
async fn what_a_scope_stands_for_is_told_by_userinfo_alone() {
    let scene = Scene::with(json!({})).await;
    for (scope, expected) in [
        ("openid profile", vec!["name", "sub", "updated_at"]),
        ("email openid", vec!["email", "email_verified", "sub"]),
        ("openid", vec!["sub"]),
    ] {
        let tokens = scene.tokens(&[("scope", scope)]).await;
        let told = scene.told(&tokens).await;
        assert_eq!(names(&told), expected, "{scope}");
        let (_, id) = scene.verified(&tokens["id_token"]).await;
        assert_eq!(told["sub"], id["sub"]);
        assert!(id.get("name").is_none() && id.get("email").is_none(), "{scope}: {id}");
    }
    let told = scene.told(&scene.tokens(&[("scope", "openid email profile")]).await).await;
    assert!(told["email_verified"].is_boolean() && told["updated_at"].is_i64() && told["name"].is_string(), "{told}");
}

/// Modules `oidcc-scope-address`, `oidcc-scope-phone` and `oidcc-scope-all`: nobody's address or telephone is kept here, and both scopes are passed over.
#[tokio::test]
async fn a_scope_that_is_not_known_is_passed_over_and_not_promised() {
    let scene = Scene::with(json!({})).await;
    let published = scene.app.stranger().get("/.well-known/openid-configuration").await.ok();
    for scope in ["openid address", "openid phone", "openid address email phone profile"] {
        let tokens = scene.tokens(&[("scope", scope)]).await;
        let given = tokens["scope"].as_str().unwrap();
        assert!(!given.contains("address") && !given.contains("phone"), "{given}");
        let told = scene.told(&tokens).await;
        assert!(told.get("address").is_none() && told.get("phone_number").is_none(), "{told}");
        assert_eq!(told.get("email").is_some(), scope.contains("email"), "{told}");
    }
    let scopes = published["scopes_supported"].as_array().unwrap();
    assert!(!scopes.contains(&json!("address")) && !scopes.contains(&json!("phone")));
}

/// Modules `oidcc-claims-essential` and FAPI's `test-claims-parameter-identity-claims`.
#[tokio::test]
async fn a_claim_may_be_asked_for_by_itself() {
    let scene = Scene::with(json!({})).await;
    let wish = json!({ "userinfo": { "name": { "essential": true } } }).to_string();
    let tokens = scene.tokens(&[("scope", "openid profile"), ("claims", &wish)]).await;
    assert!(scene.told(&tokens).await["name"].is_string());
    let (_, id) = scene.verified(&tokens["id_token"]).await;
    assert!(id.get("name").is_none(), "it was asked for elsewhere: {id}");
    let wish = json!({ "id_token": { "name": { "essential": true } } }).to_string();
    let (_, id) = scene.verified(&scene.tokens(&[("scope", "openid profile"), ("claims", &wish)]).await["id_token"]).await;
    assert!(id["name"].is_string());
    assert_eq!(scene.send(&[("claims", "[")]).await["error"], "invalid_request");
}
