//! Second factors by pages, over HTTP.

use serde_json::json;
use wardgraph_gate::browser::SESSION;
use wardgraph_kernel::Clock;
use wardgraph_testkit::{App, PASSWORD, Window, code};

const SIGN_IN: [(&str, &str); 2] = [("email", "ada@example.com"), ("password", PASSWORD)];

#[tokio::test]
async fn a_session_begins_when_the_second_factor_was_shown_and_not_before() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let phone = ada.adds_an_app(&app).await;
    let window = Window::open(&app);
    window.get("/sign-in").await;
    let asked = window.send("/sign-in", &[SIGN_IN[0], SIGN_IN[1], ("return_to", "/account/sessions")]).await;
    assert_eq!(asked.status, 200);
    assert!(asked.text.contains("Show that it is you") && window.cookie(SESSION).is_none(), "{}", asked.text);
    let token = asked.field("mfa_token");
    assert_eq!(asked.field("return_to"), "/account/sessions");
    assert!(window.get("/account").await.leads().starts_with("/sign-in"));
    window.get("/sign-in").await;
    let wrong = window.send("/sign-in/second-factor", &[("mfa_token", &token), ("code", "000000"), ("methods", "totp")]).await;
    assert_eq!(wrong.status, 401);
    assert!(wrong.text.contains("role=\"alert\"") && wrong.field("mfa_token") == token && window.cookie(SESSION).is_none());
    let shown = phone.code(&app, 1);
    let fields = [("mfa_token", token.as_str()), ("code", &shown), ("return_to", "/account/sessions")];
    assert_eq!(window.send("/sign-in/second-factor", &fields).await.leads(), "/account/sessions");
    assert_eq!(window.get("/account").await.status, 200);
    // Neither the act nor the code is good again.
    let thief = Window::open(&app);
    thief.get("/sign-in").await;
    assert_eq!(thief.send("/sign-in/second-factor", &fields).await.status, 401);
    assert!(thief.cookie(SESSION).is_none());
}

#[tokio::test]
async fn an_organization_that_requires_a_second_factor_gets_one_at_the_sign_in() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let early = Window::open(&app);
    early.sign_in("ada@example.com").await;
    let sql = "update wardgraph.organizations set requires_mfa = true where organization_id = $1";
    app.database.behind_the_scenes().await.execute(sql, &[&ada.caller.tenant]).await.unwrap();
    assert!(early.get("/account").await.leads().starts_with("/sign-in"), "a session of one factor is not enough any more");
    let window = Window::open(&app);
    window.get("/sign-in").await;
    let asked = window.send("/sign-in", &SIGN_IN).await;
    assert!(asked.text.contains("A second factor is required"), "{}", asked.text);
    let token = asked.field("mfa_token");
    let begun = window.send("/sign-in/new-factor", &[("mfa_token", &token), ("method", "totp")]).await;
    assert!(begun.text.contains("<svg") && begun.text.contains("Scan this code"), "{}", begun.text);
    let (_, rest) = begun.text.split_once("type this into it: <code>").unwrap();
    let secret = rest.split('<').next().unwrap().replace(' ', "");
    let shown = code(&secret, app.clock.now().as_second());
    let token = begun.field("mfa_token");
    let done = window.send("/sign-in/second-factor", &[("mfa_token", &token), ("code", &shown), ("adding", "totp")]).await;
    assert_eq!((done.status.as_u16(), done.text.matches("<li><code>").count()), (200, 10), "{}", done.text);
    assert!(window.cookie(SESSION).is_some());
    assert!(window.get("/account/security").await.text.contains("10 codes are left."));
}

#[tokio::test]
async fn a_passkey_in_a_form_is_json_in_one_way() {
    let app = App::start().await;
    app.person("ada@example.com").await;
    let window = Window::open(&app);
    window.get("/sign-in").await;
    let begun = app.stranger().post("/api/v1/auth/passkeys/begin", &json!({})).await.ok();
    let token = begun["mfa_token"].as_str().unwrap();
    for (credential, status) in [
        ("{\"id\":\"a\",\"id\":\"b\"}", 400),
        ("[]", 400),
        ("nothing", 400),
        ("{\"id\":\"AAAA\",\"rawId\":\"AAAA\",\"type\":\"public-key\",\"response\":{}}", 401),
    ] {
        let refused = window.send("/sign-in/second-factor", &[("mfa_token", token), ("credential", credential)]).await;
        assert_eq!(refused.status, status, "{credential}");
        assert!(window.cookie(SESSION).is_none());
    }
}

#[tokio::test]
async fn what_outlives_a_session_asks_for_a_fresh_sign_in_and_comes_back() {
    let app = App::start().await;
    app.person("ada@example.com").await;
    let window = Window::open(&app);
    window.sign_in("ada@example.com").await;
    window.get("/account/api-keys/new").await;
    let old = window.cookie(SESSION).unwrap();
    app.clock.advance(std::time::Duration::from_mins(11));
    assert_eq!(window.get("/account/api-keys").await.status, 200, "what is there can be seen");
    let fields = [("name", "import"), ("scopes", "nodes:read"), ("life", "90"), ("allowed_networks", "")];
    assert_eq!(
        window.send("/account/api-keys/new", &fields).await.leads(),
        "/sign-in?return_to=%2Faccount%2Fapi-keys&done=stale"
    );
    for (path, back) in [
        ("/account/api-keys/new", "%2Faccount%2Fapi-keys%2Fnew"),
        ("/account/security/new-factor", "%2Faccount%2Fsecurity%2Fnew-factor"),
    ] {
        assert_eq!(window.get(path).await.leads(), format!("/sign-in?return_to={back}&done=stale"));
    }
    assert!(window.send("/account/security/recovery-codes", &[]).await.leads().ends_with("&done=stale"));
    assert!(window.get("/sign-in?return_to=%2Faccount%2Fapi-keys%2Fnew&done=stale").await.text.contains("please sign in again"));
    let fields = [SIGN_IN[0], SIGN_IN[1], ("return_to", "/account/api-keys/new")];
    assert_eq!(window.send("/sign-in", &fields).await.leads(), "/account/api-keys/new");
    assert_eq!(window.get("/account/api-keys/new").await.status, 200);
    // It is another session, and the one before ended.
    let thief = Window::open(&app);
    thief.plant(SESSION, &old);
    assert!(window.cookie(SESSION).unwrap() != old && thief.get("/account").await.leads().starts_with("/sign-in"));
}

#[tokio::test]
async fn a_second_factor_is_renamed_with_a_browser() {
    let app = App::start().await;
    let ada = app.person("ada@example.com").await;
    let phone = ada.adds_an_app(&app).await;
    // What was signed in before is out.
    let window = Window::open(&app);
    window.sign_in_with("ada@example.com", &phone.recovery_code(0)).await;
    let id = phone.enabled["factor_id"].as_str().unwrap();
    let path = format!("/account/security/factors/{id}/rename");
    assert!(window.get("/account/security").await.text.contains(&format!("href=\"{path}\"")));
    let form = window.get(&path).await.text;
    assert!(form.contains("action=\"rename\""), "relative to its own address: {form}");
    let blank = window.send(&path, &[("name", "")]).await;
    assert_eq!(blank.status, 422);
    assert!(blank.text.contains("action=\"rename\"") && blank.text.contains("href=\"#name\""), "{}", blank.text);
    assert_eq!(window.send(&path, &[("name", "<b>old</b> phone")]).await.leads(), "/account/security?done=factor_renamed");
    let shown = window.get("/account/security?done=factor_renamed").await.text;
    assert!(
        shown.contains("was renamed") && shown.contains("&lt;b&gt;old&lt;/b&gt; phone") && !shown.contains("<b>old"),
        "{shown}"
    );
    // Somebody else's is not found.
    app.person("bob@example.com").await;
    let other = Window::open(&app);
    other.sign_in("bob@example.com").await;
    assert_eq!(other.get(&path).await.status, 404);
    assert_eq!(other.send(&path, &[("name", "mine")]).await.status, 404);
}
