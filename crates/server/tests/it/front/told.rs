//! What clients are told of people, signed (OpenID Connect Core, section 5.3.2).

use serde_json::{Value, json};
use wardgraph_kernel::{Clock, LimitClass};
use wardgraph_limits::{LimitTable, Policy};
use wardgraph_testkit::{App, AppOptions, OWN_ISS, Reply};
use wardgraph_tokens::Algorithm;

use super::{
    kit::{Site, answer, claims, somebody},
    receiver::parts,
};

async fn ask(app: &App, tokens: &Value, accept: &str) -> Reply {
    let request = app.stranger().request("GET", "/oauth2/userinfo").bearer_auth(tokens["access_token"].as_str().unwrap());
    Reply::of(request.header("accept", accept)).await
}

#[tokio::test]
async fn a_client_that_registered_it_is_told_of_people_by_a_token_of_its_own() {
    let app = App::with(AppOptions { algorithms: vec![Algorithm::ES256, Algorithm::RS256], ..AppOptions::default() }).await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({ "userinfo_alg": "RS256" })).await;
    let tokens = site.tokens(&app, &window, &[]).await;
    for accept in ["*/*", "application/json", "application/jwt"] {
        let reply = ask(&app, &tokens, accept).await;
        assert_eq!(
            (reply.status.as_u16(), &reply.headers["content-type"]),
            (200, &"application/jwt".parse().unwrap()),
            "{accept}"
        );
        assert_eq!(reply.headers["cache-control"], "no-store");
        let [header, said] = parts(&reply.text);
        assert_eq!((&header["alg"], &said["iss"], &said["aud"]), (&json!("RS256"), &json!(OWN_ISS), &json!(site.id)));
        assert_eq!((&said["sub"], &said["email"]), (&claims(&tokens["id_token"])["sub"], &json!("ada@example.com")));
        assert_eq!(said["iat"], app.clock.now().as_second());
        // It is no token for anything here: neither to call with, nor to say who is there.
        app.bearer(&reply.text).get("/oauth2/userinfo").await.problem(401);
        let hinted = [("prompt", "none"), ("id_token_hint", reply.text.as_str())];
        assert_eq!(answer(&window.get(&site.request(&hinted)).await, &site.redirect)["error"], "invalid_request");
    }
    // Nobody else gets one.
    let plain = Site::of(&app, &ada.caller.tenant, json!({})).await;
    let tokens = plain.tokens(&app, &window, &[]).await;
    assert_eq!(ask(&app, &tokens, "application/jwt").await.ok()["email"], "ada@example.com");
    assert_eq!(ada.caller.get("/oauth2/userinfo").await.ok()["email"], "ada@example.com");
    // And what is wrong is told as ever.
    app.bearer("a.b.c").get("/oauth2/userinfo").await.problem(401);
}

#[tokio::test]
async fn a_client_asks_about_people_as_often_as_it_may() {
    let limits = LimitTable::disabled().with_tenant(LimitClass::Read, Some(Policy::new(6, 1).unwrap()));
    let app = App::with(AppOptions { limits, ..AppOptions::default() }).await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let (_, bobs) = somebody(&app, "bob@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    let (adas, bobs) = (site.tokens(&app, &window, &[]).await, site.tokens(&app, &bobs, &[]).await);
    app.clock.advance(std::time::Duration::from_secs(60));
    for turn in 0..6 {
        assert_eq!(ask(&app, if turn % 2 == 0 { &adas } else { &bobs }, "*/*").await.status, 200);
    }
    // Each of the two organizations would let it go on.
    let refused = ask(&app, &bobs, "*/*").await;
    assert_eq!(refused.headers["retry-after"], "1");
    refused.problem(429);
}

#[tokio::test]
async fn a_client_gets_as_many_codes_as_it_may_and_whoever_names_it_uses_up_none() {
    let limits = LimitTable::disabled().with_tenant(LimitClass::Auth, Some(Policy::new(5, 1).unwrap()));
    let app = App::with(AppOptions { limits, ..AppOptions::default() }).await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({ "first_party": true })).await;
    let stranger = wardgraph_testkit::Window::open(&app);
    for _ in 0..20 {
        assert!(stranger.get(&site.request(&[])).await.leads().starts_with("/sign-in?"));
    }
    for _ in 0..5 {
        site.code(&window, &[]).await;
    }
    let said = answer(&window.get(&site.request(&[])).await, &site.redirect);
    assert_eq!((said["error"].as_str(), said["state"].as_str()), ("temporarily_unavailable", "a state&of=mine"));
    app.clock.advance(std::time::Duration::from_secs(1));
    site.code(&window, &[]).await;
}
