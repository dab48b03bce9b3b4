//! Whom a client finds: signed in, signed in lately, or not.

use std::time::Duration;

use serde_json::{Value, json};
use wardgraph_testkit::{PASSWORD, Window};

use super::kit::Scene;
use crate::front::kit::answer;

/// Sends somebody who has to sign in again, and who does; what the ID token says then.
async fn again(scene: &Scene, change: (&str, &str)) -> Value {
    let (window, site) = (&scene.window, &scene.site);
    let to = window.get(&site.request(&[change])).await.leads().to_owned();
    assert!(to.starts_with("/sign-in?"), "{change:?}: {to}");
    let page = window.get(&to).await;
    let back = page.text.split_once("name=\"return_to\" value=\"").unwrap().1.split('"').next().unwrap().replace("&amp;", "&");
    let fields = [("email", "ada@example.com"), ("password", PASSWORD), ("return_to", back.as_str())];
    let next = window.send("/sign-in", &fields).await.leads().to_owned();
    let said = answer(&window.get(&next).await, &site.redirect);
    let tokens = site.token(&scene.app, &[("code", &said["code"])]).await.ok();
    scene.verified(&tokens["id_token"]).await.1
}

/// What the ID token says of somebody who is asked nothing.
async fn at_once(scene: &Scene, change: &[(&str, &str)]) -> Value {
    let said = answer(&scene.window.get(&scene.site.request(change)).await, &scene.site.redirect);
    let tokens = scene.site.token(&scene.app, &[("code", &said["code"])]).await.ok();
    scene.verified(&tokens["id_token"]).await.1
}

/// Modules `oidcc-prompt-login` and `oidcc-max-age-1`.
#[tokio::test]
async fn whoever_signed_in_too_long_ago_does_so_again() {
    let scene = Scene::with(json!({})).await;
    for change in [("prompt", "login"), ("max_age", "1")] {
        let first = scene.verified(&scene.tokens(&[]).await["id_token"]).await.1;
        scene.app.clock.advance(Duration::from_secs(2));
        let second = again(&scene, change).await;
        assert_eq!(first["sub"], second["sub"]);
        assert!(second["auth_time"].as_i64() > first["auth_time"].as_i64(), "{change:?}: {second}");
    }
}

/// Module `oidcc-max-age-10000`.
#[tokio::test]
async fn whoever_signed_in_lately_is_not_asked_to() {
    let scene = Scene::with(json!({})).await;
    let first = scene.verified(&scene.tokens(&[("max_age", "15000")]).await["id_token"]).await.1;
    scene.app.clock.advance(Duration::from_secs(60));
    let second = at_once(&scene, &[("max_age", "10000")]).await;
    assert_eq!((&first["sub"], &first["auth_time"]), (&second["sub"], &second["auth_time"]));
}

/// Module `oidcc-prompt-none-not-logged-in`.
#[tokio::test]
async fn where_nobody_is_signed_in_a_silent_request_says_so() {
    let scene = Scene::with(json!({})).await;
    let said = answer(&Window::open(&scene.app).get(&scene.site.request(&[("prompt", "none")])).await, &scene.site.redirect);
    assert_eq!((said["error"].as_str(), said.contains_key("code")), ("login_required", false));
    assert_eq!(said["state"], "a state&of=mine");
}

/// Modules `oidcc-prompt-none-logged-in` and `oidcc-id-token-hint`.
#[tokio::test]
async fn who_is_signed_in_and_agreed_is_asked_nothing() {
    let scene = Scene::with(json!({})).await;
    let tokens = scene.tokens(&[]).await;
    let first = scene.verified(&tokens["id_token"]).await.1;
    scene.app.clock.advance(Duration::from_secs(5));
    let hint = tokens["id_token"].as_str().unwrap();
    for change in [vec![("prompt", "none")], vec![("prompt", "none"), ("id_token_hint", hint)], vec![("id_token_hint", hint)]] {
        let second = at_once(&scene, &change).await;
        assert_eq!((&first["sub"], &first["auth_time"]), (&second["sub"], &second["auth_time"]), "{change:?}");
    }
}
