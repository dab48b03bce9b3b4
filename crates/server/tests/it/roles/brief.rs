//! What is held for a while is given, and used against others, for no longer.

use std::time::Duration;

use serde_json::json;
use wardgraph_kernel::{Clock, Timestamp};
use wardgraph_testkit::{Person, Reply, registration};

use super::{Cast, GRANTS, edit, grant, joined, kept, make, revoke};

async fn until(by: &Person, to: &Person, role: &str, until: Timestamp) -> Reply {
    by.caller.post(GRANTS, &json!({ "user_id": to.id, "role": role, "expires_at": until })).await
}

#[tokio::test]
async fn what_is_held_for_a_while_is_given_for_no_longer() {
    let Cast { app, owner, admin, developer, .. } = Cast::begin().await;
    let client = app.client_of(&owner, json!({})).await;
    make(&owner, "twin", json!({ "inherits": ["admin"] })).await.created();
    make(&owner, "mine", json!({})).await.created();
    make(&owner, "no-members", json!({ "denies": ["members:write"] })).await.created();
    grant(&owner, &developer, "mine").await.created();
    owner.caller.post(GRANTS, &json!({ "client_id": client.id, "role": "twin" })).await.created();
    let end = app.clock.now() + Duration::from_mins(5);
    until(&owner, &developer, "admin", end).await.created();
    app.hear().await;

    let before = kept(&app).await;
    let late = end + Duration::from_secs(1);
    let told = grant(&developer, &developer, "twin").await.problem(403);
    assert!(told["detail"].as_str().unwrap().contains("is not yours to give"), "{told}");
    until(&developer, &developer, "twin", late).await.problem(403);
    edit(&developer, "mine", json!({ "inherits": ["admin"] })).await.problem(403);
    make(&developer, "again", json!({ "inherits": ["admin"] })).await.problem(403);
    let place = format!("/api/v1/organizations/{}/members/{}", owner.caller.tenant, developer.id);
    let told = developer.caller.patch(&place, &json!({ "role": "admin" })).await.problem(403);
    assert!(told["detail"].as_str().unwrap().contains("for a while"), "{told}");
    let secrets = format!("/api/v1/clients/{}", client.id);
    developer.caller.post(&format!("{secrets}/secrets"), &json!({})).await.problem(403);
    developer.caller.put(&secrets, &registration(json!({}))).await.problem(403);
    // Nor is anybody kept from anything for longer.
    grant(&developer, &admin, "no-members").await.problem(403);
    until(&developer, &admin, "no-members", late).await.problem(403);
    assert_eq!(kept(&app).await, before);

    until(&developer, &developer, "twin", end).await.created();
    until(&developer, &admin, "no-members", end).await.created();
    app.clock.advance(Duration::from_mins(5));
    app.hear().await;
    grant(&developer, &developer, "analyst").await.problem(403);
}

#[tokio::test]
async fn who_may_take_for_a_while_takes_for_good() {
    let Cast { app, owner, developer, .. } = Cast::begin().await;
    let other = joined(&app, &owner, "kim@example.com", "developer").await;
    let held = grant(&owner, &other, "admin").await.created();
    let end = app.clock.now() + Duration::from_mins(5);
    until(&owner, &developer, "admin", end).await.created();
    app.hear().await;
    assert_eq!(revoke(&developer, &held).await.status, 204);
}

#[tokio::test]
async fn a_deny_for_a_while_is_in_the_way_for_a_while() {
    let Cast { app, owner, admin, developer, .. } = Cast::begin().await;
    make(&owner, "no-secrets", json!({ "denies": ["nodes:read:secret-*"] })).await.created();
    let end = app.clock.now() + Duration::from_mins(5);
    until(&owner, &admin, "no-secrets", end).await.created();
    app.hear().await;
    grant(&admin, &developer, "analyst").await.problem(403);
    app.clock.advance(Duration::from_mins(5));
    app.hear().await;
    grant(&admin, &developer, "analyst").await.created();
}
