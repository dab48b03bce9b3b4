//! What is changed on one server holds on another within a second.

use std::time::Duration;

use serde_json::json;
use wardgraph_testkit::{App, AppOptions, Cluster, Reply};

use super::{edit, grant, joined, make, revoke};

async fn becomes(status: u16, asked: &impl AsyncFn() -> Reply) {
    for _ in 0..20 {
        if asked().await.status == status {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(asked().await.status, status);
}

#[tokio::test]
async fn a_grant_an_edit_and_a_revocation_hold_on_every_server_within_a_second() {
    let listening = || AppOptions { listens: true, ..AppOptions::default() };
    let database = Cluster::get().database().await;
    let (one, two) = (App::over(database.clone(), listening()).await, App::over(database, listening()).await);
    let owner = one.person("ada@example.com").await;
    let member = joined(&one, &owner, "kim@example.com", "analyst").await;
    let elsewhere = two.bearer(member.caller.token.as_ref().unwrap());
    let asked = async || elsewhere.get("/api/v1/roles").await;
    becomes(403, &asked).await;
    make(&owner, "seer", json!({ "allows": ["roles:read"] })).await.created();
    let held = grant(&owner, &member, "seer").await.created();
    becomes(200, &asked).await;
    edit(&owner, "seer", json!({ "allows": ["authz:read"] })).await.ok();
    becomes(403, &asked).await;
    edit(&owner, "seer", json!({ "allows": ["roles:read"] })).await.ok();
    becomes(200, &asked).await;
    assert_eq!(revoke(&owner, &held).await.status, 204);
    becomes(403, &asked).await;
}
