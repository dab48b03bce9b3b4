//! Nobody takes from others what they do not hold, and nobody locks everybody out.

use serde_json::json;

use super::{Cast, edit, grant, joined, kept, make, revoke};

#[tokio::test]
async fn nobody_takes_what_they_do_not_hold() {
    let Cast { app, owner, admin, developer, .. } = Cast::begin().await;
    make(&owner, "closer", json!({ "allows": ["organizations:delete"] })).await.created();
    make(&owner, "plain", json!({ "allows": ["nodes:read"] })).await.created();
    let above = grant(&owner, &developer, "closer").await.created();
    grant(&owner, &owner, "plain").await.created();
    // A role that gives nothing may be made by whoever makes roles; whom it is given to is another thing.
    make(&admin, "lock", json!({ "denies": ["*:*"] })).await.created();
    let before = kept(&app).await;
    grant(&admin, &owner, "lock").await.problem(403);
    grant(&admin, &developer, "lock").await.problem(403);
    edit(&admin, "plain", json!({ "allows": ["nodes:read"], "denies": ["*:*"] })).await.problem(403);
    edit(&admin, "plain", json!({ "inherits": ["lock"] })).await.problem(403);
    revoke(&admin, &above).await.problem(403);
    assert_eq!(kept(&app).await, before);
    // Of what they hold themselves they may take.
    let own = grant(&admin, &developer, "analyst").await.created();
    assert_eq!(revoke(&admin, &own).await.status, 204);
    let told = revoke(&admin, &above).await.problem(403);
    assert!(told["detail"].as_str().unwrap().contains("`organizations:delete` is not yours to take"), "{told}");
    assert_eq!(revoke(&owner, &above).await.status, 204);
    revoke(&owner, &above).await.problem(404);
}

#[tokio::test]
async fn an_owner_is_left_who_may_change_roles() {
    let Cast { app, owner, .. } = Cast::begin().await;
    let other = joined(&app, &owner, "eve@example.com", "owner").await;
    make(&owner, "lock", json!({ "denies": ["roles:*"] })).await.created();
    make(&owner, "quiet", json!({})).await.created();
    grant(&owner, &other, "lock").await.created();
    let told = grant(&owner, &owner, "lock").await.problem(409);
    assert!(told["detail"].as_str().unwrap().contains("no owner would be left"), "{told}");
    grant(&owner, &owner, "quiet").await.created();
    edit(&owner, "quiet", json!({ "denies": ["roles:write"] })).await.problem(409);
    edit(&owner, "quiet", json!({ "inherits": ["lock"] })).await.problem(409);
    // One who is an owner in part is none: neither by a grant, nor by who goes.
    edit(&owner, "quiet", json!({ "denies": ["nodes:read"] })).await.problem(409);
    let leave = format!("/api/v1/organizations/{}/leave", owner.caller.tenant);
    wardgraph_testkit::Reply::of(owner.caller.request("POST", &leave)).await.problem(409);
    let place = format!("/api/v1/organizations/{}/members/{}", owner.caller.tenant, owner.id);
    owner.caller.patch(&place, &json!({ "role": "admin" })).await.problem(409);
    joined(&app, &owner, "whole@example.com", "owner").await;
    edit(&owner, "quiet", json!({ "denies": ["nodes:read"] })).await.ok();
    make(&owner, "after", json!({ "denies": ["roles:*"] })).await.created();
}

#[tokio::test]
async fn an_admin_strips_no_owner_by_a_deny_of_what_both_hold() {
    let Cast { app, owner, admin, .. } = Cast::begin().await;
    let client = app.client_of(&owner, json!({ "role": "owner" })).await;
    // An owner besides, so that somebody is left, and it is for the admin's rank that it is refused.
    joined(&app, &owner, "eve@example.com", "owner").await;
    make(&admin, "strip", json!({ "denies": ["nodes:*", "edges:*", "members:*", "clients:*"] })).await.created();
    make(&owner, "quiet", json!({})).await.created();
    grant(&owner, &owner, "quiet").await.created();
    let before = kept(&app).await;
    let told = grant(&admin, &owner, "strip").await.problem(403);
    assert!(told["detail"].as_str().unwrap().contains("`organizations:delete` is not yours to take"), "{told}");
    admin.caller.post(super::GRANTS, &json!({ "client_id": client.id, "role": "strip" })).await.problem(403);
    edit(&admin, "quiet", json!({ "denies": ["nodes:write"] })).await.problem(403);
    edit(&admin, "quiet", json!({ "inherits": ["strip"] })).await.problem(403);
    assert_eq!(kept(&app).await, before);
    owner.caller.post("/nodes", &json!({ "classes": ["Person"], "props": {} })).await.created();
}

#[tokio::test]
async fn nobody_ends_a_client_that_stands_above_them() {
    let Cast { app, owner, admin, .. } = Cast::begin().await;
    make(&owner, "closer", json!({ "allows": ["organizations:delete"] })).await.created();
    let (granted, owners, plain) = (
        app.client_of(&owner, json!({})).await,
        app.client_of(&owner, json!({ "role": "owner" })).await,
        app.client_of(&owner, json!({})).await,
    );
    owner.caller.post(super::GRANTS, &json!({ "client_id": granted.id, "role": "closer" })).await.created();
    let path = |id: &str| format!("/api/v1/clients/{id}");
    for above in [&granted, &owners] {
        let told = admin.caller.delete(&path(&above.id)).await.problem(403);
        assert!(told["detail"].as_str().unwrap().contains("`organizations:delete` is not yours to take"), "{told}");
        owner.caller.get(&path(&above.id)).await.ok();
    }
    assert_eq!(admin.caller.delete(&path(&plain.id)).await.status, 204);
    assert_eq!(owner.caller.delete(&path(&granted.id)).await.status, 204);
    admin.caller.delete(&path(&granted.id)).await.problem(404);
    // Another organization's is not there.
    let eve = app.person("eve@example.com").await;
    eve.caller.delete(&path(&owners.id)).await.problem(404);
}
