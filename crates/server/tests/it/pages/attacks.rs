//! Attacks on whoever uses a browser: each is tried as it would come over the wire.

use wardgraph_gate::browser::{FORM_TOKEN, SESSION, VISIT, form_token};
use wardgraph_testkit::{App, OWN_ISS, PASSWORD, Reply, Window};

const SIGN_IN: [(&str, &str); 2] = [("email", "ada@example.com"), ("password", PASSWORD)];

async fn signed_in(app: &App) -> Window {
    app.person("ada@example.com").await;
    let window = Window::open(app);
    window.sign_in("ada@example.com").await;
    window
}

#[tokio::test]
async fn cookies_are_for_this_host_alone_and_out_of_scripts_reach() {
    let app = App::start().await;
    app.person("ada@example.com").await;
    let window = Window::open(&app);
    let visit = window.get("/sign-in").await;
    let session = window.send("/sign-in", &SIGN_IN).await;
    for (reply, name) in [(visit, VISIT), (session, SESSION)] {
        let cookies: Vec<_> = reply.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
        let [cookie] = cookies[..] else { panic!("{cookies:?}") };
        assert!(name.starts_with("__Host-") && cookie.starts_with(&format!("{name}=")), "{cookie}");
        assert!(cookie.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax"), "{cookie}");
        assert!(!cookie.contains("Domain"), "{cookie}");
    }
    let gone = window.get("/account").await;
    assert!(gone.headers.get("set-cookie").is_none(), "nothing is set anew while it stands");
    let out = window.send("/sign-out", &[]).await;
    assert!(out.headers["set-cookie"].to_str().unwrap().starts_with(&format!("{SESSION}=; Path=/; Secure")), "{out:?}");
}

#[tokio::test]
async fn every_page_is_shown_under_the_strictest_policy_and_kept_nowhere() {
    let app = App::start().await;
    let window = signed_in(&app).await;
    for path in [
        "/sign-in",
        "/register",
        "/forgot-password",
        "/reset-password?token=a",
        "/account",
        "/account/sessions",
        "/account/api-keys/new",
        "/account/nowhere",
    ] {
        let reply = window.get(path).await;
        assert_eq!(reply.headers["cache-control"], "no-store", "{path}");
        assert_eq!(reply.headers["referrer-policy"], "no-referrer", "{path}");
        assert_eq!(reply.headers["x-frame-options"], "DENY", "{path}");
        let policy = reply.headers["content-security-policy"].to_str().unwrap();
        for part in ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        if reply.status == 200 {
            assert!(policy.contains("form-action 'self'") && !policy.contains("unsafe"), "{path}: {policy}");
            assert!(!reply.text.contains("style=") && !reply.text.contains("<script>"), "{path}");
        }
    }
}

#[tokio::test]
async fn a_session_that_was_planted_is_not_the_one_that_is_signed_in() {
    let app = App::start().await;
    let attacker = signed_in(&app).await;
    app.person("bob@example.com").await;
    let planted = attacker.cookie(SESSION).unwrap();
    let victim = Window::open(&app);
    victim.plant(SESSION, &planted);
    victim.sign_in("bob@example.com").await;
    let fresh = victim.cookie(SESSION).unwrap();
    assert_ne!(fresh, planted);
    assert!(victim.get("/account").await.text.contains("bob@example.com"));
    assert!(
        attacker.get("/account").await.leads().starts_with("/sign-in"),
        "what was planted ended when somebody signed in over it"
    );
    // Each sign-in is a session of its own.
    victim.sign_in("bob@example.com").await;
    assert_ne!(victim.cookie(SESSION).unwrap(), fresh);
}

#[tokio::test]
async fn a_cookie_is_worth_nothing_after_its_session_ended() {
    let app = App::start().await;
    let window = signed_in(&app).await;
    let stolen = window.cookie(SESSION).unwrap();
    window.get("/account").await;
    window.send("/sign-out", &[]).await;
    let thief = Window::open(&app);
    thief.plant(SESSION, &stolen);
    assert!(thief.get("/account").await.leads().starts_with("/sign-in"));
    let token = form_token(&stolen);
    // Signing out has no page of its own to come back to.
    assert_eq!(thief.send_raw("/sign-out", [(FORM_TOKEN, token.as_str())]).await.leads(), "/sign-in");
    assert!(thief.send_raw("/account", [("name", "Eve"), (FORM_TOKEN, token.as_str())]).await.leads().starts_with("/sign-in"));
    // Nor is one that was guessed in part.
    let live = Window::open(&app);
    live.sign_in("ada@example.com").await;
    let cookie = live.cookie(SESSION).unwrap();
    for (forged, what) in [
        (format!("{}A", cookie.get(..cookie.len() - 1).unwrap()), "the last letter"),
        (cookie.get(4..).unwrap().to_owned(), "no prefix"),
        (String::new(), "nothing"),
        (format!("{cookie}; {SESSION}={stolen}"), "two"),
    ] {
        if forged != cookie {
            thief.plant(SESSION, &forged);
            assert!(thief.get("/account").await.leads().starts_with("/sign-in"), "{what}");
        }
    }
}

#[tokio::test]
async fn a_form_of_another_page_does_nothing() {
    let app = App::start().await;
    let window = signed_in(&app).await;
    window.get("/account").await;
    let (good, other) = (window.token(), form_token("another browser's cookie"));
    let post = |site: &'static str, token: &str| {
        let body = format!("name=Eve&{FORM_TOKEN}={token}");
        let request = window.request_from(site, "POST", "/account").header("content-type", "application/x-www-form-urlencoded");
        Reply::of(request.body(body))
    };
    for (site, token) in [
        ("same-origin", ""),
        ("same-origin", &*other),
        ("cross-site", &*good),
        ("same-site", &*good),
        ("none", &*good),
        ("cross-site", ""),
    ] {
        let refused = post(site, token).await;
        assert_eq!(refused.status, 403, "{site} {token}");
    }
    // A browser that tells no site tells an origin, or the form does nothing.
    let body = format!("name=Eve&{FORM_TOKEN}={good}");
    for (origin, status) in [(None, 403), (Some("https://evil.example"), 403), (Some("null"), 403), (Some(OWN_ISS), 303)] {
        let mut request = window.request("POST", "/account").build().unwrap();
        request.headers_mut().remove("sec-fetch-site");
        request.headers_mut().insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", origin.parse().unwrap());
        }
        *request.body_mut() = Some(body.clone().into());
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        assert_eq!(client.execute(request).await.unwrap().status(), status, "{origin:?}");
    }
    assert_eq!(post("same-origin", &good).await.leads(), "/account?done=renamed");
    // JSON that says the same is no form.
    let json = window.request("POST", "/account").json(&serde_json::json!({ "name": "Eve", FORM_TOKEN: good }));
    assert_eq!(Reply::of(json).await.status, 403);
}

#[tokio::test]
async fn another_site_reads_no_page_and_signs_nobody_in() {
    let app = App::start().await;
    let window = signed_in(&app).await;
    for site in ["cross-site", "same-site"] {
        assert_eq!(Reply::of(window.request_from(site, "GET", "/account")).await.status, 403, "a page that is fetched");
        let followed = window.request_from(site, "GET", "/account").header("sec-fetch-mode", "navigate");
        assert_eq!(Reply::of(followed).await.status, 200, "a link that is followed");
    }
    // A stranger's browser that another page has sign in: with no token, and with the token of the attacker's own browser.
    let (victim, attacker) = (Window::open(&app), Window::open(&app));
    victim.get("/sign-in").await;
    attacker.get("/sign-in").await;
    for token in ["", &*attacker.token()] {
        let refused = victim.send_raw("/sign-in", SIGN_IN.into_iter().chain([(FORM_TOKEN, token)])).await;
        assert_eq!(refused.status, 403, "{token}");
        assert!(victim.cookie(SESSION).is_none());
    }
}

#[tokio::test]
async fn a_cookie_is_no_credential_of_the_api() {
    let app = App::start().await;
    let window = signed_in(&app).await;
    for path in ["/api/v1/users/me", "/nodes", "/api/v1/whoami"] {
        let reply = Reply::of(window.request("GET", path)).await;
        reply.problem(401);
    }
    let node = serde_json::json!({ "classes": ["A"], "props": {} });
    Reply::of(window.request("POST", "/nodes").json(&node)).await.problem(401);
    // Nor is a token one of pages, alone or beside a cookie.
    let ada = wardgraph_testkit::Person::again(&app, "ada@example.com").await;
    let token = ada.caller.token.unwrap();
    for request in [window.request("GET", "/account"), Window::open(&app).request("GET", "/account")] {
        let reply = Reply::of(request.bearer_auth(&token)).await;
        assert!(!reply.is_done(), "{}", reply.text);
    }
    // And the cookie is no refresh token.
    let cookie = window.cookie(SESSION).unwrap();
    for text in [cookie.clone(), cookie.replace("wgs_", "wgr_")] {
        let body = serde_json::json!({ "refresh_token": text });
        app.stranger().post("/api/v1/auth/refresh", &body).await.problem(401);
    }
}

#[tokio::test]
async fn nobody_is_led_to_another_site() {
    let app = App::start().await;
    app.person("ada@example.com").await;
    for evil in [
        "//evil.example",
        "/\\evil.example",
        "https:evil.example",
        "https://evil.example",
        "///evil.example",
        "/\t/evil.example",
        "/%2e%2e//evil.example",
        "javascript:alert(1)",
        "/account\r\nSet-Cookie: a=b",
    ] {
        let window = Window::open(&app);
        let query: String = form_urlencoded::byte_serialize(evil.as_bytes()).collect();
        let page = window.get(&format!("/sign-in?return_to={query}")).await;
        assert_eq!(page.status, 400, "{evil}");
        assert!(!page.text.contains("<form method=\"post\" action=\"/sign-in\""), "{evil}");
        window.get("/sign-in").await;
        let sent = window.send("/sign-in", &[SIGN_IN[0], SIGN_IN[1], ("return_to", evil)]).await;
        assert_eq!(sent.status, 400, "{evil}: {}", sent.text);
        assert!(sent.headers.get("location").is_none() && window.cookie(SESSION).is_none(), "{evil}");
    }
    let window = Window::open(&app);
    assert!(window.get("/sign-in?return_to=%2Faccount%2Fsessions").await.text.contains("value=\"/account/sessions\""));
    let sent = window.send("/sign-in", &[SIGN_IN[0], SIGN_IN[1], ("return_to", "/account/sessions")]).await;
    assert_eq!(sent.leads(), "/account/sessions");
}

#[tokio::test]
async fn nothing_is_made_of_what_the_host_header_says() {
    let app = App::start().await;
    app.person("ada@example.com").await;
    let window = Window::open(&app);
    let hostile = |request: reqwest::RequestBuilder| {
        Reply::of(
            request
                .header("host", "evil.example")
                .header("x-forwarded-host", "evil.example")
                .header("forwarded", "host=evil.example"),
        )
    };
    window.get("/forgot-password").await;
    for path in ["/", "/account", "/sign-in", "/register"] {
        let reply = hostile(window.request("GET", path)).await;
        assert!(!format!("{:?} {}", reply.headers, reply.text).contains("evil.example"), "{path}");
    }
    let body = format!("email=ada%40example.com&{FORM_TOKEN}={}", window.token());
    let form = window.request("POST", "/forgot-password").header("content-type", "application/x-www-form-urlencoded").body(body);
    assert_eq!(hostile(form).await.status, 200);
    app.mail_everything().await;
    let mails = app.mails.to("ada@example.com");
    assert!(mails.iter().any(|mail| mail.text.contains("/reset-password?token=")));
    assert!(mails.iter().all(|mail| !mail.text.contains("evil.example")));
}
