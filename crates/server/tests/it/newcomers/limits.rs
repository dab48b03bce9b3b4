//! How many come, and how often.

use std::time::Duration;

use serde_json::json;
use wardgraph_limits::LimitTable;
use wardgraph_testkit::{App, AppOptions, ClientOptions};

use super::{application, count, register, text};
use crate::front::kit::{Site, somebody};

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
