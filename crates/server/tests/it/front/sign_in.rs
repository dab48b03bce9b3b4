//! Whom a client finds: `prompt`, `max_age`, `acr_values`, hints.

use std::time::Duration;

use serde_json::json;
use wardgraph_testkit::{App, PASSWORD, Reply, Window};

use super::kit::{Site, answer, claims, somebody};

/// The page to sign in that a request led to, and where it leads back.
async fn to_sign_in(window: &Window, reply: &Reply) -> String {
    let to = reply.leads().to_owned();
    assert!(to.starts_with("/sign-in?"), "{to}");
    let page = window.get(&to).await;
    page.text.split_once("name=\"return_to\" value=\"").unwrap().1.split('"').next().unwrap().replace("&amp;", "&")
}

async fn signs_in(window: &Window, email: &str, back: &str) -> Reply {
    let fields = [("email", email), ("password", PASSWORD), ("return_to", back)];
    let next = window.send("/sign-in", &fields).await.leads().to_owned();
    window.get(&next).await
}

#[tokio::test]
async fn who_may_not_be_asked_is_not() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    let silent = [("prompt", "none")];
    let nobody = answer(&Window::open(&app).get(&site.request(&silent)).await, &site.redirect);
    assert_eq!(nobody["error"], "login_required");
    assert_eq!(answer(&window.get(&site.request(&silent)).await, &site.redirect)["error"], "consent_required");
    site.code(&window, &[]).await;
    assert!(answer(&window.get(&site.request(&silent)).await, &site.redirect).contains_key("code"));
    app.clock.advance(Duration::from_secs(100));
    let old = [("prompt", "none"), ("max_age", "99")];
    assert_eq!(answer(&window.get(&site.request(&old)).await, &site.redirect)["error"], "login_required");
    let recent = [("prompt", "none"), ("max_age", "10000")];
    assert!(answer(&window.get(&site.request(&recent)).await, &site.redirect).contains_key("code"));
}

#[tokio::test]
async fn a_client_may_ask_for_a_new_sign_in_and_gets_one() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    let first = site.tokens(&app, &window, &[]).await;
    for change in [[("prompt", "login")], [("max_age", "0")], [("max_age", "5")]] {
        app.clock.advance(Duration::from_secs(10));
        let asked = window.get(&site.request(&change)).await;
        let back = to_sign_in(&window, &asked).await;
        // Who comes back without having signed in is asked again.
        assert!(window.get(&back).await.leads().starts_with("/sign-in?"), "{change:?}");
        let done = signs_in(&window, "ada@example.com", &back).await;
        let said = answer(&done, &site.redirect);
        let tokens = site.token(&app, &[("code", &said["code"])]).await.ok();
        assert!(
            claims(&tokens["id_token"])["auth_time"].as_i64() > claims(&first["id_token"])["auth_time"].as_i64(),
            "{change:?}"
        );
    }
}

#[tokio::test]
async fn a_second_factor_is_asked_of_whoever_has_one() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    site.code(&window, &[]).await;
    let essential = json!({ "id_token": { "acr": { "essential": true, "values": ["aal2"] } } }).to_string();
    let silent = [("prompt", "none"), ("claims", essential.as_str())];
    let said = answer(&window.get(&site.request(&silent)).await, &site.redirect);
    assert_eq!(said["error"], "unmet_authentication_requirements");
    // Who has none signs in once more, and the client is told.
    let asked = window.get(&site.request(&[("claims", &essential)])).await;
    let back = to_sign_in(&window, &asked).await;
    let said = answer(&signs_in(&window, "ada@example.com", &back).await, &site.redirect);
    assert_eq!(said["error"], "unmet_authentication_requirements");
    // What is merely liked is no condition.
    let asked = window.get(&site.request(&[("acr_values", "aal2")])).await;
    let back = to_sign_in(&window, &asked).await;
    assert!(answer(&signs_in(&window, "ada@example.com", &back).await, &site.redirect).contains_key("code"));
    assert!(answer(&window.get(&site.request(&[("acr_values", "urn:unheard:of")])).await, &site.redirect).contains_key("code"));
}

#[tokio::test]
async fn a_hint_says_who_must_be_there() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    app.person("bob@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    let other = Site::of(&app, &ada.caller.tenant, json!({})).await;
    let tokens = site.tokens(&app, &window, &[]).await;
    let hint = tokens["id_token"].as_str().unwrap();
    let with_hint = [("prompt", "none"), ("id_token_hint", hint)];
    assert!(answer(&window.get(&site.request(&with_hint)).await, &site.redirect).contains_key("code"));
    assert_eq!(answer(&window.get(&other.request(&with_hint)).await, &other.redirect)["error"], "invalid_request");
    let access = [("prompt", "none"), ("id_token_hint", tokens["access_token"].as_str().unwrap())];
    assert_eq!(answer(&window.get(&site.request(&access)).await, &site.redirect)["error"], "invalid_request");
    let bobs = Window::open(&app);
    bobs.sign_in("bob@example.com").await;
    assert_eq!(answer(&bobs.get(&site.request(&with_hint)).await, &site.redirect)["error"], "login_required");
    let asked = bobs.get(&site.request(&[("id_token_hint", hint)])).await;
    let back = to_sign_in(&bobs, &asked).await;
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(answer(&signs_in(&bobs, "bob@example.com", &back).await, &site.redirect)["error"], "login_required");
    // An old token is a hint still.
    app.clock.advance(Duration::from_secs(2 * 3_600));
    let later = Window::open(&app);
    later.sign_in("ada@example.com").await;
    assert!(answer(&later.get(&site.request(&with_hint)).await, &site.redirect).contains_key("code"));
}

#[tokio::test]
async fn a_request_survives_the_second_factor() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let phone = ada.adds_an_app(&app).await;
    let site = Site::of(&app, &ada.caller.tenant, json!({ "first_party": true })).await;
    let window = Window::open(&app);
    let asked = window.get(&site.request(&[("acr_values", "aal2")])).await;
    let back = to_sign_in(&window, &asked).await;
    let fields = [("email", "ada@example.com"), ("password", PASSWORD), ("return_to", back.as_str())];
    let page = window.send("/sign-in", &fields).await;
    let token = page.text.split_once("name=\"mfa_token\" value=\"").unwrap().1.split('"').next().unwrap().to_owned();
    let shown = phone.code(&app, 1);
    let fields = [("mfa_token", token.as_str()), ("code", &shown), ("return_to", back.as_str())];
    let next = window.send("/sign-in/second-factor", &fields).await.leads().to_owned();
    let said = answer(&window.get(&next).await, &site.redirect);
    let tokens = site.token(&app, &[("code", &said["code"])]).await.ok();
    assert_eq!(claims(&tokens["id_token"])["acr"], "aal2");
}

#[tokio::test]
async fn a_request_that_no_browser_carries_is_to_be_pushed() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    let long = "x".repeat(2_000);
    let said = answer(&window.get(&site.request(&[("state", &long), ("nonce", &long)])).await, &site.redirect);
    assert_eq!((said["error"].as_str(), said["state"].len()), ("invalid_request", 2_000));
    let longer = "x".repeat(9_000);
    assert_eq!(Window::open(&app).get(&site.request(&[("state", &longer)])).await.status, 400);
}
