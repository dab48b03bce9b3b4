//! How many come, and how often.

use std::time::Duration;

use serde_json::json;
use wardgraph_limits::LimitTable;
use wardgraph_testkit::{App, AppOptions, ClientOptions, Cluster, Window};

use super::{application, count, place, register, send, text};
use crate::front::kit::{Site, answer, somebody};

#[tokio::test]
async fn a_network_registers_so_many_clients_and_no_more() {
    let app = App::with(AppOptions { limits: LimitTable::default(), ..AppOptions::default() }).await;
    let mut made = 0;
    let refused = loop {
        let reply = register(&app, None, &application(json!({}))).await;
        if reply.status == 201 {
            made += 1;
            assert!(made < 40, "there is no end");
        } else {
            break reply;
        }
    };
    assert!(made >= 25, "{made}");
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(refused.refused(429), "temporarily_unavailable");
    app.clock.advance(Duration::from_secs(5));
    register(&app, None, &application(json!({}))).await.created();
}

#[tokio::test]
async fn there_is_room_for_whoever_comes_last() {
    let mut newcomers = ClientOptions::default();
    newcomers.rules.most = 3;
    let app = App::with(AppOptions { newcomers, ..AppOptions::default() }).await;
    let first = register(&app, None, &application(json!({}))).await.created();
    let (_, window) = somebody(&app, "ada@example.com").await;
    let site = Site { id: text(&first, "client_id").to_owned(), redirect: "https://app.example/cb".into(), secret: None };
    site.code(&window, &[]).await;
    app.clock.advance(Duration::from_secs(1));
    let second = register(&app, None, &application(json!({}))).await.created();
    app.clock.advance(Duration::from_secs(1));
    register(&app, None, &application(json!({}))).await.created();
    // Those of this hour make room for nobody.
    assert_eq!(register(&app, None, &application(json!({}))).await.refused(503), "temporarily_unavailable");
    app.clock.advance(Duration::from_hours(1));
    register(&app, None, &application(json!({}))).await.created();
    assert_eq!(count(&app, "select count(*) from wardgraph.clients").await, 3);
    let exists = async |made| {
        count(&app, &format!("select count(*) from wardgraph.clients where client_id = '{}'", text(made, "client_id"))).await
    };
    // The oldest that nobody agreed to went.
    assert_eq!((exists(&first).await, exists(&second).await), (1, 0));
}

#[tokio::test]
async fn clients_that_nobody_agreed_to_are_forgotten() {
    let app = App::start().await;
    let used = register(&app, None, &application(json!({}))).await.created();
    register(&app, None, &application(json!({}))).await.created();
    let ada = app.person("ada@example.com").await;
    let token = ada.caller.post("/api/v1/initial-tokens", &json!({})).await.created();
    register(&app, Some(text(&token, "initial_token")), &application(json!({}))).await.created();
    let (_, window) = somebody(&app, "ada@example.com").await;
    let site = Site { id: text(&used, "client_id").to_owned(), redirect: "https://app.example/cb".into(), secret: None };
    site.code(&window, &[]).await;
    app.clock.advance(Duration::from_hours(29 * 24));
    app.sweep_accounts().await;
    assert_eq!(count(&app, "select count(*) from wardgraph.clients").await, 3);
    app.clock.advance(Duration::from_hours(2 * 24));
    app.sweep_accounts().await;
    assert_eq!(count(&app, "select count(*) from wardgraph.clients where organization_id is null").await, 1);
    assert_eq!(count(&app, "select count(*) from wardgraph.clients").await, 2);
    assert_eq!(count(&app, "select count(*) from wardgraph.initial_tokens").await, 0);
}

#[tokio::test]
async fn a_client_that_describes_itself_again_is_no_younger_for_it() {
    let mut newcomers = ClientOptions::default();
    newcomers.rules.most = 2;
    let app = App::with(AppOptions { newcomers, ..AppOptions::default() }).await;
    let first = register(&app, None, &application(json!({}))).await.created();
    app.clock.advance(Duration::from_secs(1));
    let second = register(&app, None, &application(json!({}))).await.created();
    let exists = async |made| {
        count(&app, &format!("select count(*) from wardgraph.clients where client_id = '{}'", text(made, "client_id"))).await
    };
    let again = async |made| {
        let said = application(json!({ "client_id": text(made, "client_id") }));
        send(&app, "PUT", &place(made), Some(text(made, "registration_access_token")), Some(&said)).await.ok()
    };
    app.clock.advance(Duration::from_hours(1));
    again(&first).await;
    register(&app, None, &application(json!({}))).await.created();
    assert_eq!((exists(&first).await, exists(&second).await), (0, 1), "the oldest makes room");
    app.clock.advance(Duration::from_hours(29 * 24));
    again(&second).await;
    app.clock.advance(Duration::from_hours(2 * 24));
    app.sweep_accounts().await;
    assert_eq!(exists(&second).await, 0, "nobody agreed to it for a month");
}

#[tokio::test]
async fn what_nobodys_clients_may_ask_for_no_more_they_have_no_more() {
    let database = Cluster::get().database().await;
    let app = App::over(database.clone(), AppOptions::default()).await;
    let scopes = "openid offline_access nodes:read";
    let made = register(&app, None, &application(json!({ "scope": scopes }))).await.created();
    let (_, window) = somebody(&app, "ada@example.com").await;
    let site = Site { id: text(&made, "client_id").to_owned(), redirect: "https://app.example/cb".into(), secret: None };
    let tokens = site.tokens(&app, &window, &[("scope", scopes)]).await;
    assert!(text(&tokens, "scope").contains("nodes:read"));
    // The same server with another setting.
    let mut newcomers = ClientOptions::default();
    newcomers.rules.scopes = ["openid", "offline_access"].map(str::to_owned).into();
    let app = App::over(database, AppOptions { newcomers, ..AppOptions::default() }).await;
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", text(&tokens, "refresh_token"))];
    let next = site.token(&app, &refresh).await.ok();
    let mut left: Vec<_> = text(&next, "scope").split(' ').collect();
    left.sort_unstable();
    assert_eq!(left, ["offline_access", "openid"]);
    let window = Window::open(&app);
    window.sign_in("ada@example.com").await;
    let told = answer(&window.get(&site.request(&[("scope", "nodes:read")])).await, &site.redirect);
    assert_eq!(told["error"], "invalid_scope");
}
