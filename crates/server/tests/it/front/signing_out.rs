//! Signing out at a client's word.

use serde_json::json;
use wardgraph_testkit::{App, Window};

use super::kit::{Site, answer, hidden, somebody};

fn out(fields: &[(&str, &str)]) -> String {
    format!("/oauth2/logout?{}", form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish())
}

const BACK: &str = "https://app.example/out";

#[tokio::test]
async fn with_an_id_token_of_theirs_somebody_is_signed_out_at_once() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    let kept = site.tokens(&app, &window, &[("scope", "openid nodes:read offline_access")]).await;
    let tokens = site.tokens(&app, &window, &[]).await;
    let hint = tokens["id_token"].as_str().unwrap();
    let reply = window.get(&out(&[("id_token_hint", hint), ("post_logout_redirect_uri", BACK), ("state", "s t")])).await;
    assert_eq!(answer(&reply, BACK)["state"], "s t");
    assert!(window.get("/account").await.leads().starts_with("/sign-in"));
    app.hear().await;
    app.bearer(tokens["access_token"].as_str().unwrap()).get("/nodes").await.problem(401);
    let lasting = app.bearer(kept["access_token"].as_str().unwrap()).get("/nodes").await;
    assert_eq!(lasting.status, 200, "what may go on while its person is away does");
    // Who is signed out already sees where they would be led, and goes there by themselves.
    let page = window.get(&out(&[("id_token_hint", hint), ("post_logout_redirect_uri", BACK)])).await;
    assert!(page.status == 200 && page.headers.get("location").is_none(), "{}", page.text);
    assert!(page.text.contains(&format!("href=\"{BACK}\"")), "{}", page.text);
}

#[tokio::test]
async fn nobody_is_led_away_by_an_id_token_of_somebody_elses_browser() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let (eve, eves) = somebody(&app, "eve@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    let lure = Site::of(&app, &eve.caller.tenant, json!({ "post_logout_redirect_uris": ["https://evil.example/"] })).await;
    let own = site.tokens(&app, &window, &[]).await["id_token"].as_str().unwrap().to_owned();
    let theirs = lure.tokens(&app, &eves, &[]).await["id_token"].as_str().unwrap().to_owned();
    let led = async |window: &Window, hint: &str, to: &str| {
        let reply = window.get(&out(&[("id_token_hint", hint), ("post_logout_redirect_uri", to)])).await;
        assert!(reply.status == 303 || reply.text.contains(&format!("href=\"{to}\"")), "{}", reply.text);
        reply.headers.contains_key("location")
    };
    let another = Window::open(&app);
    another.sign_in("ada@example.com").await;
    let again = site.tokens(&app, &another, &[]).await["id_token"].as_str().unwrap().to_owned();
    // Nobody is signed in there, and a session of hers is known here.
    assert!(!led(&Window::open(&app), &theirs, "https://evil.example/").await);
    // Ada's sessions are over, and her browsers have their cookies still: her own sign-out goes on by itself.
    app.clock.advance(std::time::Duration::from_hours(2));
    assert!(!led(&Window::open(&app), &own, BACK).await);
    assert!(!led(&window, &theirs, "https://evil.example/").await);
    assert!(led(&another, &again, BACK).await);
}

#[tokio::test]
async fn without_one_they_are_asked() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let (_, bobs) = somebody(&app, "bob@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    let bob_hint = site.tokens(&app, &bobs, &[]).await["id_token"].as_str().unwrap().to_owned();
    let forged = format!("{}A", &bob_hint[..bob_hint.len() - 1]);
    for fields in [
        vec![],
        vec![("client_id", site.id.as_str())],
        vec![("id_token_hint", bob_hint.as_str())],
        vec![("id_token_hint", "eyJ")],
        vec![("id_token_hint", forged.as_str())],
    ] {
        let page = window.get(&out(&fields)).await;
        assert!(page.status == 200 && page.text.contains("action=\"/oauth2/logout\""), "{fields:?}: {}", page.text);
        assert_eq!(window.get("/account").await.status, 200, "nothing was done yet");
    }
    let page = window.get(&out(&[("client_id", &site.id), ("post_logout_redirect_uri", BACK), ("state", "x")])).await;
    let fields = hidden(&page);
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let gone = window.send_raw("/oauth2/logout", fields).await;
    assert_eq!(answer(&gone, BACK)["state"], "x");
    assert!(window.get("/account").await.leads().starts_with("/sign-in"));
}

#[tokio::test]
async fn nobody_is_led_to_where_no_client_registered() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    let hint = site.tokens(&app, &window, &[]).await["id_token"].as_str().unwrap().to_owned();
    for uri in [
        "https://evil.example/",
        "https://app.example/cb",
        "https://app.example/out?x=1",
        "https://app.example/out/",
        "//app.example/out",
    ] {
        for known in [("id_token_hint", hint.as_str()), ("client_id", site.id.as_str())] {
            let reply = window.get(&out(&[known, ("post_logout_redirect_uri", uri)])).await;
            assert!(reply.status == 400 && reply.headers.get("location").is_none(), "{uri}");
        }
    }
    assert_eq!(window.get(&out(&[("post_logout_redirect_uri", BACK)])).await.status, 400, "of no client");
    let other = Site::of(&app, &ada.caller.tenant, json!({})).await;
    assert_eq!(window.get(&out(&[("id_token_hint", &hint), ("client_id", &other.id)])).await.status, 400);
    assert_eq!(window.get("/account").await.status, 200);
    assert_eq!(Window::open(&app).get(&out(&[])).await.leads(), "/sign-in?done=signed_out");
}
