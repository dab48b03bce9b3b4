//! Where browsers are led to in which nobody signed in: nobody makes an address of this server one that leads to theirs (RFC 9700, section 4.11.2).

use serde_json::json;
use wardgraph_testkit::{App, Reply, Window};

use super::kit::{Site, answer, events, somebody};

/// A page that says where it would lead, and leads there by nothing but its button.
#[track_caller]
fn asks_before(reply: &Reply, href: &str) {
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert!(reply.headers.get("location").is_none() && reply.headers.get("refresh").is_none());
    for part in ["<strong>app.example</strong>", "<strong>Graph Atlas</strong>", href] {
        assert!(reply.text.contains(part), "{part} in {}", reply.text);
    }
    assert!(!reply.text.contains("http-equiv") && !reply.text.contains("/assets/send.js"), "{}", reply.text);
}

#[tokio::test]
async fn who_did_not_sign_in_is_told_where_a_client_would_lead_them() {
    let app = App::start().await;
    let (ada, signed_in) = somebody(&app, "ada@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    let own = Site::of(&app, &ada.caller.tenant, json!({ "first_party": true })).await;
    let stranger = Window::open(&app);
    for change in [("scope", "unheard:of"), ("response_type", "token"), ("prompt", "none login"), ("id_token_hint", "eyJ")] {
        for client in [&site, &own] {
            let reply = stranger.get(&client.request(&[change])).await;
            asks_before(&reply, "href=\"https://app.example/cb?error=");
        }
        assert!(answer(&signed_in.get(&site.request(&[change])).await, &site.redirect).contains_key("error"), "{change:?}");
    }
    assert!(events(&app, "authorization.refused").await >= 12);
    let posted = stranger.get(&site.request(&[("scope", "unheard:of"), ("response_mode", "form_post")])).await;
    asks_before(&posted, "<form method=\"post\" action=\"https://app.example/cb\">");
    assert!(posted.headers["content-security-policy"].to_str().unwrap().contains("form-action https://app.example;"));
    // Whose session has ended is a stranger.
    signed_in.get("/account").await;
    signed_in.send("/sign-out", &[]).await;
    asks_before(&signed_in.get(&site.request(&[("scope", "unheard:of")])).await, "href=\"https://app.example/cb?error=");
}

#[tokio::test]
async fn where_no_page_may_be_shown_and_where_the_operator_vouches_the_client_is_told() {
    let app = App::start().await;
    let (ada, _) = somebody(&app, "ada@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    let stranger = Window::open(&app);
    let silent = stranger.get(&site.request(&[("prompt", "none")])).await;
    assert_eq!((silent.status.as_u16(), &*answer(&silent, &site.redirect)["error"]), (303, "login_required"));
    let silent = stranger.get(&site.request(&[("prompt", "none"), ("scope", "unheard:of")])).await;
    assert_eq!((silent.status.as_u16(), &*answer(&silent, &site.redirect)["error"]), (303, "invalid_scope"));
    let operators = Site::of(&app, &ada.caller.tenant, json!({ "first_party": true, "source": "cli" })).await;
    let wrong = stranger.get(&operators.request(&[("scope", "unheard:of")])).await;
    assert_eq!((wrong.status.as_u16(), &*answer(&wrong, &operators.redirect)["error"]), (303, "invalid_scope"));
}

#[tokio::test]
async fn who_is_signed_out_is_told_where_a_client_would_lead_them() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    let hint = site.tokens(&app, &window, &[]).await["id_token"].as_str().unwrap().to_owned();
    let back = "https://app.example/out";
    let out = |fields: &[(&str, &str)]| {
        let fields = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        format!("/oauth2/logout?{fields}")
    };
    let stranger = Window::open(&app);
    let to = ("post_logout_redirect_uri", back);
    asks_before(&stranger.get(&out(&[("client_id", &site.id), to])).await, "href=\"https://app.example/out\"");
    asks_before(&stranger.get(&out(&[("id_token_hint", &hint), to])).await, "href=\"https://app.example/out\"");
    let operators = Site::of(&app, &ada.caller.tenant, json!({ "first_party": true, "source": "cli" })).await;
    assert_eq!(stranger.get(&out(&[("client_id", &operators.id), to])).await.leads(), back);
    // Who is signed in reads where it leads before they sign out.
    let asked = window.get(&out(&[("client_id", &site.id), to])).await;
    assert!(asked.text.contains("you are led to app.example"), "{}", asked.text);
}
