//! A person at a real browser, whom an application sends here.

use serde_json::json;
use wardgraph_testkit::{App, AppOptions};

use super::{
    devices::{ask, player, poll},
    kit::Site,
};
use crate::pages::browser::walk_with;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_with_a_browser_uses_an_application_that_nobody_here_wrote() {
    let app = App::with(AppOptions { pages_here: true, ..AppOptions::default() }).await;
    let site = tokio::sync::OnceCell::new();
    let answer = async |asked: &serde_json::Value| {
        if let Some(email) = asked["client"].as_str() {
            let sql = "select organization_id from wardgraph.memberships join wardgraph.users using (user_id) where email = $1";
            let tenant: String = app.database.behind_the_scenes().await.query_one(sql, &[&email]).await.unwrap().get(0);
            let made = Site::of(&app, &tenant, json!({})).await;
            let request = made.request(&[("login_hint", email)]);
            site.set(made).ok().unwrap();
            return Some(json!(request));
        }
        let code = asked["code"].as_str()?;
        Some(site.get()?.token(&app, &[("code", code)]).await.ok())
    };
    walk_with("client", &app, answer).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_with_a_browser_lets_a_device_in_and_turns_another_away() {
    let app = App::with(AppOptions { pages_here: true, ..AppOptions::default() }).await;
    let site = tokio::sync::OnceCell::new();
    let answer = async |asked: &serde_json::Value| {
        if let Some(email) = asked["device"].as_str() {
            let sql = "select organization_id from wardgraph.memberships join wardgraph.users using (user_id) where email = $1";
            let tenant: String = app.database.behind_the_scenes().await.query_one(sql, &[&email]).await.unwrap().get(0);
            let site = site.get_or_init(async || player(&app, &tenant, json!({})).await).await;
            return Some(ask(&app, site, &[("scope", "openid nodes:read")]).await.ok());
        }
        let started = asked.get("poll")?;
        let answer = poll(&app, site.get()?, started).await.body;
        Some(if answer["error"].is_null() { answer["token_type"].clone() } else { answer["error"].clone() })
    };
    walk_with("device", &app, answer).await;
}
