//! Single claims that a client asks for (`claims`, OpenID Connect Core, section 5.5), and what it may ask of the page.

use std::time::Duration;

use serde_json::{Value, json};
use wardgraph_testkit::{App, Window};

use super::kit::{Site, agree, answer, claims, somebody};

const EMAIL: &str = r#"{"userinfo": {"email": {"essential": true}, "birthdate": null}, "unheard": 1}"#;
const PLAIN: (&str, &str) = ("scope", "openid nodes:read");

async fn told(app: &App, tokens: &Value) -> Value {
    app.bearer(tokens["access_token"].as_str().unwrap()).get("/oauth2/userinfo").await.ok()
}

/// The names of an answer.
fn names(told: &Value) -> Vec<&str> {
    told.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn a_single_claim_is_agreed_to_and_told_where_it_was_asked_for() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    let asked = [PLAIN, ("claims", EMAIL)];
    // Nobody is told of what nobody agreed to.
    let silent = answer(&window.get(&site.request(&[PLAIN, ("claims", EMAIL), ("prompt", "none")])).await, &site.redirect);
    assert_eq!(silent["error"], "consent_required");
    let page = window.get(&site.request(&asked)).await;
    assert!(page.text.contains("see your e-mail address") && !page.text.contains("see your name"), "{}", page.text);
    let code = answer(&agree(&window, page).await, &site.redirect)["code"].clone();
    let tokens = site.token(&app, &[("code", &code)]).await.ok();
    // The scopes are what they were asked to be.
    assert_eq!(tokens["scope"], "nodes:read openid");
    let by_userinfo = told(&app, &tokens).await;
    assert_eq!((names(&by_userinfo), &by_userinfo["email"]), (vec!["email", "sub"], &json!("ada@example.com")));
    assert!(claims(&tokens["id_token"]).get("email").is_none());
    // The client's next tokens are of the same agreement, and another agreement is another one.
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", tokens["refresh_token"].as_str().unwrap())];
    let refreshed = site.token(&app, &refresh).await.ok();
    assert_eq!(names(&told(&app, &refreshed).await), ["email", "sub"]);
    let without = site.tokens(&app, &window, &[PLAIN]).await;
    assert_eq!(names(&told(&app, &without).await), ["sub"]);
    // In the ID token, and in both.
    for (wish, in_id_token, by_userinfo) in [
        (r#"{"id_token": {"email": null, "auth_time": {"essential": true}}}"#, vec!["email"], vec!["sub"]),
        (
            r#"{"id_token": {"email_verified": null}, "userinfo": {"email_verified": null}}"#,
            vec!["email_verified"],
            vec!["email_verified", "sub"],
        ),
        (r#"{"id_token": null, "userinfo": null}"#, vec![], vec!["sub"]),
    ] {
        let tokens = site.tokens(&app, &window, &[PLAIN, ("claims", wish)]).await;
        let id_token = claims(&tokens["id_token"]);
        let about: Vec<_> = names(&id_token).into_iter().filter(|name| name.starts_with("email") || *name == "name").collect();
        assert_eq!((about, names(&told(&app, &tokens).await)), (in_id_token, by_userinfo), "{wish}");
        assert!(id_token["auth_time"].is_i64());
    }
}

#[tokio::test]
async fn a_client_is_told_no_claim_that_it_did_not_register_for() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({ "scopes": ["openid", "nodes:read"], "first_party": true })).await;
    let both = r#"{"userinfo": {"email": {"essential": true}, "name": null}, "id_token": {"email": null}}"#;
    let tokens = site.tokens(&app, &window, &[PLAIN, ("claims", both)]).await;
    assert_eq!(names(&told(&app, &tokens).await), ["sub"]);
    assert!(claims(&tokens["id_token"]).get("email").is_none());
    // Of what it may not have any more it is told nothing either, although its session goes on.
    let site = Site::of(&app, &ada.caller.tenant, json!({ "first_party": true })).await;
    let tokens = site.tokens(&app, &window, &[PLAIN, ("claims", both)]).await;
    assert_eq!(names(&told(&app, &tokens).await), ["email", "name", "sub"]);
    let narrower =
        "update wardgraph.clients set scopes = '{openid,nodes:read}', generation = generation + 1 where client_id = $1";
    let client = app.database.behind_the_scenes().await;
    client.execute(narrower, &[&site.id]).await.unwrap();
    let announced = "insert into wardgraph.changes (tenant_id, kind, subject, number, until)
                     select organization_id, 'client_changed', client_id, generation, now() + interval '10 years' from wardgraph.clients where client_id = $1";
    client.execute(announced, &[&site.id]).await.unwrap();
    app.hear().await;
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", tokens["refresh_token"].as_str().unwrap())];
    let refreshed = site.token(&app, &refresh).await.ok();
    assert_eq!(names(&told(&app, &refreshed).await), ["sub"]);
}

#[tokio::test]
async fn a_client_says_whose_sign_in_alone_does() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let (bob, _) = somebody(&app, "bob@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({ "first_party": true })).await;
    let sub = |ids: &[&str]| json!({ "id_token": { "sub": { "values": ids } } }).to_string();
    let hint = site.tokens(&app, &window, &[]).await["id_token"].as_str().unwrap().to_owned();
    for (wanted, hinted, comes) in [
        (sub(&[&ada.id]), "", true),
        (sub(&[&bob.id, &ada.id]), "", true),
        (sub(&[&ada.id]), &*hint, true),
        (sub(&[&bob.id]), "", false),
        (sub(&[]), "", false),
        // Both are to be met.
        (sub(&[&bob.id]), &*hint, false),
        (json!({ "userinfo": { "sub": { "value": bob.id } } }).to_string(), "", false),
    ] {
        let change = [("prompt", "none"), ("claims", wanted.as_str()), ("id_token_hint", hinted)];
        let said = answer(&window.get(&site.request(&change)).await, &site.redirect);
        assert_eq!(said.contains_key("code"), comes, "{wanted}: {said:?}");
        assert!(comes || said["error"] == "login_required", "{wanted}: {said:?}");
    }
    let other = sub(&[&bob.id]);
    let asked = window.get(&site.request(&[("claims", &other)])).await;
    assert!(asked.leads().starts_with("/sign-in?"), "somebody else is to sign in");
    for bad in ["{", "[]", "1", r#"{"userinfo": {"email": true}}"#, r#"{"id_token": "email"}"#] {
        assert_eq!(
            answer(&window.get(&site.request(&[("claims", bad)])).await, &site.redirect)["error"],
            "invalid_request",
            "{bad}"
        );
    }
}

/// What becomes of a browser that a client sent.
#[derive(Debug, PartialEq)]
enum Then {
    Code,
    SignIn,
    Agree,
    Error(&'static str),
}

use Then::{Agree, Code, Error, SignIn};

#[tokio::test]
async fn what_a_client_may_ask_of_the_page_goes_together_as_the_standard_has_it() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    site.code(&window, &[]).await;
    app.clock.advance(Duration::from_secs(20));
    let fresh = Window::open(&app);
    let ended = Window::open(&app);
    ended.sign_in("ada@example.com").await;
    ended.get("/account").await;
    ended.send("/sign-out", &[]).await;
    for (who, browser, change, expected) in [
        ("nobody", &fresh, vec![("prompt", "none")], Error("login_required")),
        ("nobody", &fresh, vec![("prompt", "select_account")], SignIn),
        ("nobody", &fresh, vec![("prompt", "consent")], SignIn),
        ("nobody", &fresh, vec![("login_hint", "ada@example.com"), ("ui_locales", "fr-CA fr xx")], SignIn),
        ("who signed out", &ended, vec![("prompt", "none")], Error("login_required")),
        ("ada", &window, vec![("prompt", "none")], Code),
        ("ada", &window, vec![("ui_locales", "fr-CA fr xx"), ("login_hint", "somebody@example.com")], Code),
        ("ada", &window, vec![("prompt", "none"), ("max_age", "20")], Code),
        ("ada", &window, vec![("prompt", "none"), ("max_age", "19")], Error("login_required")),
        ("ada", &window, vec![("prompt", "none"), ("max_age", "0")], Error("login_required")),
        ("ada", &window, vec![("prompt", "none"), ("acr_values", "aal2 urn:gold")], Code),
        ("ada", &window, vec![("prompt", "none"), ("scope", "openid profile")], Error("consent_required")),
        ("ada", &window, vec![("prompt", "none login")], Error("invalid_request")),
        ("ada", &window, vec![("prompt", "none consent")], Error("invalid_request")),
        ("ada", &window, vec![("prompt", "none select_account")], Error("invalid_request")),
        ("ada", &window, vec![("prompt", "whoever")], Error("invalid_request")),
        ("ada", &window, vec![("max_age", "19")], SignIn),
        ("ada", &window, vec![("prompt", "login")], SignIn),
        ("ada", &window, vec![("prompt", "login consent")], SignIn),
        ("ada", &window, vec![("prompt", "select_account")], Agree),
        ("ada", &window, vec![("prompt", "consent select_account")], Agree),
        ("ada", &window, vec![("max_age", "-1")], Error("invalid_request")),
    ] {
        let reply = browser.get(&site.request(&change)).await;
        let then = if reply.text.contains("action=\"/oauth2/consent\"") {
            assert!(reply.text.contains("Sign in as somebody else"));
            Agree
        } else if reply.leads().starts_with("/sign-in?") {
            SignIn
        } else {
            let said = answer(&reply, &site.redirect);
            assert_eq!(said["state"], "a state&of=mine");
            match said.get("error").map(String::as_str) {
                None => Code,
                Some(error) => {
                    let known = ["login_required", "consent_required", "invalid_request"];
                    Error(known.into_iter().find(|one| *one == error).unwrap_or("another"))
                }
            }
        };
        assert_eq!(then, expected, "{who} {change:?}");
    }
}
