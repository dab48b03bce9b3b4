//! What stands in a request besides what the code flow needs: it is heeded, or passed over, and breaks nothing.

use serde_json::json;
use wardgraph_testkit::{OWN_ISS, Window};

use super::kit::Scene;
use crate::front::kit::{answer, post};

/// Modules `oidcc-display-page`, `oidcc-display-popup`, `oidcc-ensure-request-with-unknown-parameter-succeeds`, `oidcc-ui-locales`,
/// `oidcc-claims-locales` and `oidcc-ensure-request-with-acr-values-succeeds`.
#[tokio::test]
async fn what_a_client_would_like_breaks_nothing() {
    let scene = Scene::with(json!({})).await;
    for liked in [
        ("display", "page"),
        ("display", "popup"),
        ("display", "touch"),
        ("unheard_of", "foo"),
        ("ui_locales", "se"),
        ("ui_locales", "de-CH fr en"),
        ("claims_locales", "se"),
        ("acr_values", "urn:example:loa:9"),
        ("acr_values", "aal1 urn:example:loa:9"),
    ] {
        let tokens = scene.tokens(&[liked]).await;
        let (_, id) = scene.verified(&tokens["id_token"]).await;
        assert_eq!(id["acr"], "aal1", "{liked:?}");
    }
    // And nobody is shown an error where they sign in.
    for liked in [("display", "popup"), ("ui_locales", "se"), ("claims_locales", "se"), ("unheard_of", "foo")] {
        let window = Window::open(&scene.app);
        let to = window.get(&scene.site.request(&[liked])).await.leads().to_owned();
        assert!(window.get(&to).await.text.contains("name=\"password\""), "{liked:?}");
    }
}

/// Module `oidcc-login-hint`.
#[tokio::test]
async fn who_is_probably_there_is_filled_in_and_decides_nothing() {
    let scene = Scene::with(json!({})).await;
    for hint in ["ada@example.com", "buffy@wardgraph.test", "no address at all", "\"><script>"] {
        let window = Window::open(&scene.app);
        let to = window.get(&scene.site.request(&[("login_hint", hint)])).await.leads().to_owned();
        let page = window.get(&to).await;
        assert!(page.status == 200 && !page.text.contains("<script>"), "{hint}: {}", page.text);
    }
    assert!(scene.send(&[("login_hint", "buffy@wardgraph.test")]).await.contains_key("code"));
}

/// Module `oidcc-response-type-missing`.
#[tokio::test]
async fn a_request_says_what_it_wants_back() {
    let scene = Scene::with(json!({})).await;
    let said = scene.send(&[("response_type", "")]).await;
    assert_eq!((said["error"].as_str(), said["state"].as_str()), ("invalid_request", "a state&of=mine"));
    assert!(!said.contains_key("code") && said["iss"] == OWN_ISS);
    let described = &said["error_description"];
    assert!(described.bytes().all(|byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e)), "{described}");
}

/// Module `oidcc-ensure-post-request-succeeds`.
#[tokio::test]
async fn a_request_may_be_posted_by_the_browser() {
    let scene = Scene::with(json!({})).await;
    let led = post(&scene.app, "/oauth2/authorize", &scene.site.parameters(&[])).await;
    assert_eq!(led.status, 303, "never again with the body");
    let page = scene.window.get(led.leads()).await;
    let said = answer(&crate::front::kit::agree(&scene.window, page).await, &scene.site.redirect);
    scene.site.token(&scene.app, &[("code", &said["code"])]).await.ok();
}

/// Modules `oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported`,
/// `oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported` and `oidcc-ensure-request-object-with-redirect-uri`: no request
/// object is read.
#[tokio::test]
async fn request_objects_are_refused_in_their_own_words_and_lead_nowhere() {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
    let scene = Scene::with(json!({})).await;
    let object = |claims: serde_json::Value| format!("{}.{}.", B64.encode(r#"{"alg":"none"}"#), B64.encode(claims.to_string()));
    let good =
        object(json!({ "client_id": scene.site.id, "redirect_uri": scene.site.redirect, "scope": "openid", "nonce": "inside" }));
    for (name, value, error) in [
        ("request", good.as_str(), "request_not_supported"),
        ("request_uri", "https://app.example/r", "request_uri_not_supported"),
    ] {
        let said = scene.send(&[(name, value)]).await;
        assert_eq!((said["error"].as_str(), said.contains_key("code")), (error, false));
        let misled =
            scene.window.get(&scene.site.request(&[(name, value), ("redirect_uri", "https://app.example/another")])).await;
        assert!(misled.status == 400 && misled.headers.get("location").is_none(), "{name}");
    }
    // An address within an object is no reason to go there either.
    let elsewhere = object(json!({ "redirect_uri": "https://evil.example/cb" }));
    assert_eq!(scene.send(&[("request", &elsewhere)]).await["error"], "request_not_supported");
    let published = scene.app.stranger().get("/.well-known/openid-configuration").await.ok();
    for told in ["request_parameter_supported", "request_uri_parameter_supported"] {
        assert_eq!(published[told], false, "left out, the latter would mean yes");
    }
}
