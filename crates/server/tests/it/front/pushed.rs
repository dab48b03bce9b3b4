//! Pushed requests (RFC 9126).

use std::time::Duration;

use serde_json::json;
use wardgraph_testkit::{App, Reply};

use super::kit::{Site, agree, answer, post, somebody};

async fn push(app: &App, site: &Site, change: &[(&str, &str)]) -> Reply {
    let mut fields = site.parameters(change);
    fields.extend(site.secret.map(|secret| ("client_secret".to_owned(), secret.to_owned())));
    post(app, "/oauth2/par", &fields).await
}

fn by_reference(site: &Site, reference: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("client_id", &site.id)
        .append_pair("request_uri", reference)
        .finish();
    format!("/oauth2/authorize?{query}")
}

#[tokio::test]
async fn a_pushed_request_is_good_once_for_its_client() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({ "require_par": true })).await;
    let other = Site::of(&app, &ada.caller.tenant, json!({})).await;
    let said = answer(&window.get(&site.request(&[])).await, &site.redirect);
    assert_eq!(said["error"], "invalid_request", "what is not pushed is refused");
    let pushed = push(&app, &site, &[]).await;
    assert_eq!(pushed.headers["cache-control"], "no-store");
    let pushed = pushed.created();
    let reference = pushed["request_uri"].as_str().unwrap().to_owned();
    assert!(reference.starts_with("urn:ietf:params:oauth:request_uri:"));
    assert!(pushed["expires_in"].as_u64().is_some_and(|seconds| (5..600).contains(&seconds)));
    assert_eq!(window.get(&by_reference(&other, &reference)).await.status, 400, "another client's");
    // What the browser says besides changes nothing.
    let tampered =
        format!("{}&scope=nodes%3Awrite&redirect_uri=https%3A%2F%2Fevil.example&state=other", by_reference(&site, &reference));
    let page = window.get(&tampered).await;
    assert!(!page.text.contains("create, change and delete nodes"), "{}", page.text);
    let said = answer(&agree(&window, page).await, &site.redirect);
    assert_eq!(said["state"], "a state&of=mine");
    assert!(site.token(&app, &[("code", &said["code"])]).await.ok()["id_token"].is_string());
    let again = window.get(&by_reference(&site, &reference)).await;
    assert!(again.status == 400 && again.headers.get("location").is_none(), "it was used");
}

#[tokio::test]
async fn a_pushed_request_ends_soon_and_with_its_answer() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    let reference = push(&app, &site, &[]).await.created()["request_uri"].as_str().unwrap().to_owned();
    app.clock.advance(Duration::from_secs(90));
    assert_eq!(window.get(&by_reference(&site, &reference)).await.status, 400);
    // A person who came in time has time to decide.
    let reference = push(&app, &site, &[]).await.created()["request_uri"].as_str().unwrap().to_owned();
    let page = window.get(&by_reference(&site, &reference)).await;
    app.clock.advance(Duration::from_secs(600));
    assert!(answer(&agree(&window, page).await, &site.redirect).contains_key("code"));
    let silent =
        push(&app, &site, &[("prompt", "none"), ("max_age", "1")]).await.created()["request_uri"].as_str().unwrap().to_owned();
    assert_eq!(answer(&window.get(&by_reference(&site, &silent)).await, &site.redirect)["error"], "login_required");
    assert_eq!(window.get(&by_reference(&site, &silent)).await.status, 400, "an answer uses it up, whatever it says");
    for forged in ["urn:ietf:params:oauth:request_uri:x", &format!("{}A", &reference[..reference.len() - 1])] {
        assert_eq!(window.get(&by_reference(&site, forged)).await.status, 400);
    }
}

#[tokio::test]
async fn what_is_pushed_is_judged_at_once_in_the_words_of_the_standards() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    for (change, error) in [
        (("redirect_uri", "https://evil.example/cb"), "invalid_request"),
        (("response_type", "token"), "unsupported_response_type"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("request_uri", "urn:ietf:params:oauth:request_uri:x"), "invalid_request"),
        (("request", "eyJ"), "request_not_supported"),
        (("scope", "unheard:of"), "invalid_scope"),
        (("resource", "https://elsewhere.example"), "invalid_target"),
    ] {
        assert_eq!(push(&app, &site, &[change]).await.refused(400), error);
    }
    let nobody = Site { secret: None, ..site.clone() };
    assert_eq!(push(&app, &nobody, &[]).await.refused(401), "invalid_client");
    let wrong = Site { secret: Some("wgcs_another"), ..site };
    assert_eq!(push(&app, &wrong, &[]).await.refused(401), "invalid_client");
    assert_eq!(app.stranger().get("/oauth2/par").await.status, 405);
}
