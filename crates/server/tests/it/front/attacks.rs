//! What is tried with somebody else's browser.

use serde_json::json;
use wardgraph_gate::browser::{FORM_TOKEN, SESSION, form_token};
use wardgraph_testkit::{App, OWN_ISS, Reply, Window};

use super::kit::{Site, answer, hidden, somebody};

#[tokio::test]
async fn no_browser_is_sent_to_an_address_that_was_not_registered() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({ "first_party": true })).await;
    for uri in [
        "https://evil.example/cb",
        "https://app.example/cb/",
        "https://app.example/cb?x=1",
        "https://app.example/cb#x",
        "https://app.example/CB",
        "https://APP.example/cb",
        "https://app.example:443/cb",
        "https://app.example:8443/cb",
        "https://app.example/../cb",
        "https://app.example/%63b",
        "https://app.example@evil.example/cb",
        "https://app.example.evil.example/cb",
        "https://[::1]/cb",
        "http://app.example/cb",
        "//app.example/cb",
        "javascript:alert(1)",
        "data:text/html,x",
    ] {
        for change in [("prompt", "none"), ("response_type", "token"), ("scope", "unheard:of"), ("response_mode", "form_post")] {
            let reply = window.get(&site.request(&[("redirect_uri", uri), change])).await;
            assert_eq!(reply.status, 400, "{uri} {change:?}");
            assert!(reply.headers.get("location").is_none() && !reply.text.contains("evil.example"), "{uri}: {}", reply.text);
        }
    }
    for change in [[("client_id", "wgc_nobody")], [("client_id", "")], [("redirect_uri", "")]] {
        assert_eq!(window.get(&site.request(&change)).await.status, 400);
    }
    for twin in ["client_id=wgc_2", "redirect_uri=https%3A%2F%2Fapp.example%2Fcb"] {
        assert_eq!(window.get(&format!("{}&{twin}", site.request(&[]))).await.status, 400, "{twin}");
    }
    let sql = "update wardgraph.clients set disabled_at = now(), generation = generation + 1";
    app.database.behind_the_scenes().await.execute(sql, &[]).await.unwrap();
    let disabled = Site::of(&app, &ada.caller.tenant, json!({ "disabled_at": "2026-01-01T00:00:00Z" })).await;
    assert_eq!(window.get(&disabled.request(&[])).await.status, 400);
}

#[tokio::test]
async fn what_is_wrong_is_told_to_the_client_that_asked_and_says_who_tells_it() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    for (change, error) in [
        (("response_type", "token"), "unsupported_response_type"),
        (("response_type", ""), "invalid_request"),
        (("code_challenge", ""), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("code_challenge_method", ""), "invalid_request"),
        (("scope", "unheard:of"), "invalid_scope"),
        (("request", "eyJhbGciOiJub25lIn0.e30."), "request_not_supported"),
        (("request_uri", "https://app.example/r"), "request_uri_not_supported"),
        (("resource", "https://elsewhere.example"), "invalid_target"),
        (("prompt", "none consent"), "invalid_request"),
        (("id_token_hint", "eyJ"), "invalid_request"),
    ] {
        let said = answer(&window.get(&site.request(&[change])).await, &site.redirect);
        assert_eq!(
            (said["error"].as_str(), said["iss"].as_str(), said["state"].as_str()),
            (error, OWN_ISS, "a state&of=mine"),
            "{change:?}"
        );
    }
    let twice = window.get(&format!("{}&nonce=another", site.request(&[]))).await;
    assert_eq!(answer(&twice, &site.redirect)["error"], "invalid_request");
    let unknown = window.get(&site.request(&[("unheard_of", "1"), ("ui_locales", "de en"), ("display", "popup")])).await;
    assert!(unknown.text.contains("action=\"/oauth2/consent\""), "what is unknown is passed over");
}

#[tokio::test]
async fn nobody_agrees_by_a_form_of_another_page() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    let page = window.get(&site.request(&[])).await;
    let fields = hidden(&page);
    let sent = |site: &'static str, token: &str| {
        let fields = fields.iter().map(|(name, value)| (name.as_str(), if name == FORM_TOKEN { token } else { value.as_str() }));
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        Reply::of(
            window
                .request_from(site, "POST", "/oauth2/consent")
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body),
        )
    };
    let (good, other) = (window.token(), form_token("another browser's cookie"));
    for (site, token) in
        [("same-origin", ""), ("same-origin", &*other), ("cross-site", &*good), ("same-site", &*good), ("none", &*good)]
    {
        assert_eq!(sent(site, token).await.status, 403, "{site} {token}");
    }
    let sql = "select count(*) from wardgraph.consents";
    let count: i64 = app.database.behind_the_scenes().await.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(count, 0);
    assert!(sent("same-origin", &good).await.leads().starts_with("/oauth2/authorize?"));
}

#[tokio::test]
async fn who_agrees_is_led_nowhere_else_and_gives_no_more_than_the_client_may_have() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let bob = app.person("bob@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    let page = window.get(&site.request(&[])).await;
    let fields = hidden(&page);
    let with = |name: &str, value: &str| {
        let change =
            |(field, text): &(String, String)| (field.clone(), if field == name { value.to_owned() } else { text.clone() });
        fields.iter().map(change).collect::<Vec<_>>()
    };
    let send = async |fields: Vec<(String, String)>| {
        let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        window.send_raw("/oauth2/consent", fields).await
    };
    for to in [
        "https://evil.example/",
        "//evil.example/oauth2/authorize?x",
        "/account",
        "/oauth2/authorize",
        "/oauth2/authorize/../x?y",
    ] {
        let reply = send(with("return_to", to)).await;
        assert_eq!(reply.status, 400, "{to}");
    }
    assert_eq!(send(with("organization", &bob.caller.tenant)).await.status, 404, "an organization that the person is not in");
    assert_eq!(send(with("client_id", "wgc_nobody")).await.status, 404);
    assert_eq!(send(with("scopes", "system:read")).await.status, 400, "more than the client may have");
    let sql = "select coalesce(string_agg(scopes::text, ' '), '') from wardgraph.consents";
    let agreed: String = app.database.behind_the_scenes().await.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(agreed, "");
}

#[tokio::test]
async fn pages_of_the_front_channel_are_framed_by_nobody() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    let question = window.get(&site.request(&[])).await;
    let wrong = window.get("/oauth2/authorize?client_id=x").await;
    let out = window.get("/oauth2/logout").await;
    let posted = window.get(&site.request(&[("response_mode", "form_post"), ("scope", "x:y")])).await;
    for reply in [question, wrong, out, posted] {
        assert_eq!(reply.headers["x-frame-options"], "DENY");
        assert_eq!(reply.headers["cache-control"], "no-store");
        assert_eq!(reply.headers["referrer-policy"], "no-referrer");
        let policy = reply.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"), "{policy}");
        assert!(!reply.text.contains("style="), "{}", reply.text);
    }
}

#[tokio::test]
async fn another_site_may_send_a_browser_and_read_nothing() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({ "first_party": true })).await;
    let request = site.request(&[]);
    let followed = Reply::of(window.request_from("cross-site", "GET", &request).header("sec-fetch-mode", "navigate")).await;
    assert!(answer(&followed, &site.redirect).contains_key("code"));
    for mode in ["no-cors", "cors", "same-origin"] {
        let fetched = Reply::of(window.request_from("cross-site", "GET", &request).header("sec-fetch-mode", mode)).await;
        assert_eq!(fetched.status, 403, "{mode}");
    }
    // A token or a cookie that somebody else holds is no session.
    let thief = Window::open(&app);
    let cookie = window.cookie(SESSION).unwrap();
    thief.plant(SESSION, &format!("{}A", &cookie[..cookie.len() - 1]));
    assert!(cookie.ends_with('A') || thief.get(&request).await.leads().starts_with("/sign-in"));
    let token = ada.caller.token.clone().unwrap();
    assert!(Reply::of(window.request("GET", &request).bearer_auth(token)).await.leads().starts_with("/sign-in"));
}

#[tokio::test]
async fn a_hostile_client_shows_as_text() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let hostile =
        json!({ "name": "</strong><script>x()</script>\"'" , "redirect_uris": ["https://app.example/cb?a=%22%3E%3Cscript%3E"] });
    let site = Site::of(&app, &ada.caller.tenant, hostile).await;
    let page = window.get(&site.request(&[("state", "\"><script>y()</script>")])).await;
    assert!(page.text.contains("&lt;script&gt;") && !page.text.contains("<script>"), "{}", page.text);
    let posted = window
        .get(&site.request(&[("state", "\"><script>y()</script>"), ("response_mode", "form_post"), ("scope", "x:y")]))
        .await;
    assert!(!posted.text.contains("<script>"), "{}", posted.text);
}
