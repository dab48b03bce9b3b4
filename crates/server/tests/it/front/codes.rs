//! Codes, as whoever stole one tries them.

use std::time::Duration;

use serde_json::json;
use wardgraph_testkit::{App, Window};

use super::kit::{CHALLENGE, Site, VERIFIER, events, somebody};

#[tokio::test]
async fn a_code_that_is_used_twice_ends_what_it_gave() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    let code = site.code(&window, &[]).await;
    let tokens = site.token(&app, &[("code", &code)]).await.ok();
    let client = app.bearer(tokens["access_token"].as_str().unwrap());
    assert_eq!(client.get("/nodes").await.status, 200);
    app.clock.advance(Duration::from_secs(30));
    assert_eq!(site.token(&app, &[("code", &code)]).await.refused(400), "invalid_grant");
    app.hear().await;
    client.get("/nodes").await.problem(401);
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", tokens["refresh_token"].as_str().unwrap())];
    assert_eq!(site.token(&app, &refresh).await.refused(400), "invalid_grant");
    assert_eq!(events(&app, "authorization_code.replayed").await, 1);
    // The browser's own session is nobody's loot.
    assert_eq!(window.get("/account").await.status, 200);
}

#[tokio::test]
async fn a_code_is_good_for_its_client_address_and_verifier_and_a_minute() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let uris = json!({ "redirect_uris": ["https://app.example/cb", "https://app.example/other"] });
    let site = Site::of(&app, &ada.caller.tenant, uris.clone()).await;
    let other = Site::of(&app, &ada.caller.tenant, uris).await;
    let code = site.code(&window, &[]).await;
    let code = code.as_str();
    let long = "x".repeat(129);
    for change in [
        ("code_verifier", ""),
        ("code_verifier", CHALLENGE),
        ("code_verifier", "a"),
        ("code_verifier", &*long),
        ("code_verifier", &*VERIFIER.to_lowercase()),
        ("redirect_uri", ""),
        ("redirect_uri", "https://app.example/other"),
        ("redirect_uri", "https://app.example/cb/"),
    ] {
        assert_eq!(site.token(&app, &[("code", code), change]).await.refused(400), "invalid_grant");
    }
    assert_eq!(other.token(&app, &[("code", code)]).await.refused(400), "invalid_grant");
    assert_eq!(site.token(&app, &[("code", ""), ("grant_type", "authorization_code")]).await.refused(400), "invalid_request");
    for forged in ["wgo_", "x", &code.replace("wgo_", "wgr_"), &format!("{}A", &code[..code.len() - 1])] {
        if forged != code {
            assert_eq!(site.token(&app, &[("code", forged)]).await.refused(400), "invalid_grant");
        }
    }
    app.clock.advance(Duration::from_secs(59));
    site.token(&app, &[("code", code)]).await.ok();
    let late = site.code(&window, &[]).await;
    app.clock.advance(Duration::from_secs(60));
    assert_eq!(site.token(&app, &[("code", &late)]).await.refused(400), "invalid_grant");
}

#[tokio::test]
async fn a_code_ends_with_the_session_and_the_account_that_it_came_of() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    let code = site.code(&window, &[]).await;
    window.get("/account").await;
    window.send("/sign-out", &[]).await;
    assert_eq!(site.token(&app, &[("code", &code)]).await.refused(400), "invalid_grant");
    for sql in [
        "update wardgraph.users set disabled_at = now()",
        "update wardgraph.users set generation = generation + 1, disabled_at = null",
        "delete from wardgraph.memberships",
    ] {
        let window = Window::open(&app);
        if sql.starts_with("delete") || sql.contains("now()") {
            window.sign_in("ada@example.com").await;
        } else {
            app.database.behind_the_scenes().await.execute("update wardgraph.users set disabled_at = null", &[]).await.unwrap();
            window.sign_in("ada@example.com").await;
        }
        let code = site.code(&window, &[]).await;
        app.database.behind_the_scenes().await.execute(sql, &[]).await.unwrap();
        assert_eq!(site.token(&app, &[("code", &code)]).await.refused(400), "invalid_grant");
    }
}

#[tokio::test]
async fn of_two_uses_of_a_code_at_once_one_gets_tokens_and_loses_them() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    let code = site.code(&window, &[]).await;
    let change = [("code", code.as_str())];
    let (one, other) = tokio::join!(site.token(&app, &change), site.token(&app, &change));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);
    let tokens = if one.status == 200 { one.body } else { other.body };
    app.hear().await;
    app.bearer(tokens["access_token"].as_str().unwrap()).get("/nodes").await.problem(401);
}

#[tokio::test]
async fn no_code_or_reference_can_be_read_from_the_database() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let site = Site::of(&app, &ada.caller.tenant, json!({})).await;
    let code = site.code(&window, &[]).await;
    let sql = "select coalesce(string_agg(c::text, ' '), '') from wardgraph.authorization_codes c";
    let rows: String = app.database.behind_the_scenes().await.query_one(sql, &[]).await.unwrap().get(0);
    assert!(rows.contains(&site.id) && !rows.contains(code.trim_start_matches("wgo_")));
}
