//! What forms take, and how what is wrong with them is said.

use wardgraph_testkit::{App, AppOptions, PASSWORD, Reply, Window};

#[tokio::test]
async fn a_form_is_understood_in_one_way_or_refused() {
    let app = App::start().await;
    app.person("ada@example.com").await;
    let window = Window::open(&app);
    window.get("/sign-in").await;
    let token = window.token();
    let sent = |media: &'static str, body: String| {
        Reply::of(window.request("POST", "/sign-in").header("content-type", media).body(body))
    };
    let media = "application/x-www-form-urlencoded";
    let good = format!("email=ada%40example.com&password={}&form_token={token}", PASSWORD.replace(' ', "+"));
    for (media, body) in [
        (media, format!("{good}&admin=1")),
        (media, format!("{good}&email=eve%40example.com")),
        (media, format!("{good}&return_to=%ff")),
        (media, format!("{good}&return_to=%4")),
        (media, format!("{good}&x")),
        (media, format!("form_token={token}")),
        ("application/json", good.clone()),
        ("text/plain", good.clone()),
        ("multipart/form-data", good.clone()),
    ] {
        assert_eq!(sent(media, body.clone()).await.status, 400, "{media} {body}");
    }
    assert_eq!(sent("application/x-www-form-urlencoded; charset=UTF-8", good).await.leads(), "/account");
}

#[tokio::test]
async fn what_is_wrong_is_said_first_and_beside_its_field() {
    let app = App::start().await;
    let window = Window::open(&app);
    window.get("/register").await;
    let refused = window.send("/register", &[("name", ""), ("email", "no address"), ("password", "short")]).await;
    assert_eq!(refused.status, 422);
    let text = &refused.text;
    assert!(text.contains("<title>Error: Create an account"), "{text}");
    assert!(text.contains("role=\"alert\"") && text.contains("href=\"#name\""), "{text}");
    assert!(text.contains("aria-describedby=\"name-hint name-fault\"") && text.contains("aria-invalid=\"true\""), "{text}");
    assert!(text.contains("value=\"no address\""), "what was filled in stays");
}

#[tokio::test]
async fn a_hostile_name_is_shown_and_does_nothing() {
    let app = App::start().await;
    app.person("ada@example.com").await;
    let window = Window::open(&app);
    window.sign_in("ada@example.com").await;
    let hostile = "</dd><b onclick='x()'>\"O'Neil\" & <i>Co</i>";
    window.get("/account").await;
    let sent = window.send("/account", &[("name", hostile)]).await;
    let shown = if sent.status == 303 { window.get("/account").await.text } else { sent.text };
    assert!(!shown.contains("<b onclick") && !shown.contains("<i>Co"), "{shown}");
    assert!(shown.contains("&lt;i&gt;Co"), "{shown}");
    // Neither does what a program says of itself, nor what a stranger fills in.
    let agent = "<img src=x>\"><svg>";
    let body = format!("email=ada%40example.com&password={}&form_token=", PASSWORD.replace(' ', "+"));
    let other = Window::open(&app);
    other.get("/sign-in").await;
    let request = other.request("POST", "/sign-in").header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(Reply::of(request.header("user-agent", agent).body(body + &other.token())).await.leads(), "/account");
    let shown = window.get("/account/sessions").await.text;
    assert!(shown.contains("&lt;img src=x&gt;") && !shown.contains("<img"), "{shown}");
    other.get("/sign-in").await;
    let shown = other.send("/sign-in", &[("email", "\"><script>x()</script>"), ("password", "x")]).await.text;
    assert!(!shown.contains("<script>"), "{shown}");
}

/// A page without what is different each time.
fn anonymous(reply: &Reply, token: &str) -> (u16, String) {
    (reply.status.as_u16(), reply.text.replace(token, "").replace("nobody@example.com", "ada@example.com"))
}

#[tokio::test]
async fn no_page_tells_whether_an_account_is_there() {
    let app = App::with(AppOptions { verifies: true, ..AppOptions::default() }).await;
    app.stranger()
        .post("/api/v1/auth/register", &serde_json::json!({ "email": "ada@example.com", "password": PASSWORD, "name": "Ada" }))
        .await;
    let mut seen = Vec::new();
    for email in ["ada@example.com", "nobody@example.com"] {
        let window = Window::open(&app);
        let mut pages = Vec::new();
        for (path, more) in [
            ("/sign-in", &[("password", "not the password")][..]),
            ("/forgot-password", &[]),
            ("/register", &[("name", "Somebody"), ("password", "vowel-otter-sixteen-lamp")]),
        ] {
            window.get(path).await;
            let fields: Vec<_> = [("email", email)].into_iter().chain(more.iter().copied()).collect();
            pages.push(anonymous(&window.send(path, &fields).await, &window.token()));
        }
        seen.push(pages);
    }
    assert_eq!(seen[0], seen[1]);
}
