//! Roles are given, for good or for a while, and taken back.

use std::time::Duration;

use serde_json::json;
use wardgraph_kernel::Clock;
use wardgraph_testkit::App;

use super::{Cast, GRANTS, ROLES, grant, kept, make, revoke};

#[tokio::test]
async fn a_grant_is_made_listed_and_revoked() {
    let Cast { app, owner, admin, developer, .. } = Cast::begin().await;
    let client = app.client_of(&owner, json!({})).await;
    let first = grant(&owner, &developer, "analyst").await.created();
    assert_eq!(
        (&first["user_id"], &first["role"], &first["expires_at"]),
        (&json!(developer.id), &json!("analyst"), &json!(null))
    );
    assert_eq!(first["granted_by"], json!(format!("user/{}", owner.id)));
    grant(&admin, &developer, "analyst").await.problem(409);
    app.clock.advance(Duration::from_secs(1));
    grant(&admin, &admin, "analyst").await.created();
    app.clock.advance(Duration::from_secs(1));
    owner.caller.post(GRANTS, &json!({ "client_id": client.id, "role": "analyst" })).await.created();
    let count = async |query: &str| owner.caller.get(&format!("{GRANTS}{query}")).await.ok()["count"].as_u64().unwrap();
    assert_eq!(count("").await, 3);
    assert_eq!(count(&format!("?user_id={}", developer.id)).await, 1);
    assert_eq!(count(&format!("?client_id={}", client.id)).await, 1);
    assert_eq!((count("?role=analyst").await, count("?role=admin").await), (3, 0));
    for (holder, role, expected) in [
        (format!("user_id={}", developer.id), "analyst", 1),
        (format!("user_id={}", developer.id), "admin", 0),
        (format!("client_id={}", client.id), "analyst", 1),
        (format!("client_id={}", client.id), "admin", 0),
        (format!("user_id={}&client_id={}", developer.id, client.id), "analyst", 0),
    ] {
        assert_eq!(count(&format!("?{holder}&role={role}")).await, expected, "{holder} {role}");
    }
    let page = owner.caller.get(&format!("{GRANTS}?limit=2")).await.ok();
    let next = page["next_cursor"].as_str().unwrap();
    let rest = owner.caller.get(&format!("{GRANTS}?limit=2&cursor={next}")).await.ok();
    assert_eq!((&rest["grants"][0]["id"], &rest["next_cursor"]), (&first["id"], &json!(null)));

    assert_eq!(revoke(&admin, &first).await.status, 204);
    assert_eq!(count("").await, 2);
    let events = owner.caller.events().await;
    let revoked = events.iter().find(|event| event["type"] == "grant.revoked").unwrap();
    assert_eq!((&revoked["payload"]["before"]["role"], &revoked["payload"]["after"]), (&json!("analyst"), &json!(null)));
    assert_eq!(revoked["payload"]["before"]["holder"], json!(format!("user/{}", developer.id)));
    // Every server hears of it.
    let sql = "select c.number = o.grants_version from wardgraph.changes c join wardgraph.organizations o on o.organization_id = c.tenant_id
               where c.kind = 'grants_changed' and c.subject = $1 order by c.position desc limit 1";
    let subject = format!("{}/user/{}", owner.caller.tenant, developer.id);
    let row = app.database.behind_the_scenes().await.query_one(sql, &[&subject]).await.unwrap();
    assert!(row.get::<_, bool>(0));
}

#[tokio::test]
async fn what_makes_no_sense_is_not_granted() {
    let Cast { app, owner, developer, .. } = Cast::begin().await;
    let past = app.clock.now();
    for (body, place) in [
        (json!({ "role": "analyst" }), "/user_id"),
        (json!({ "user_id": developer.id, "client_id": "wgc_x", "role": "analyst" }), "/user_id"),
        (json!({ "user_id": developer.id, "role": "nobodys" }), "/role"),
        (json!({ "user_id": developer.id, "role": "super_admin" }), "/role"),
        (json!({ "user_id": developer.id, "role": "Owner" }), "/role"),
        (json!({ "user_id": developer.id, "role": "analyst'; drop table grants; --" }), "/role"),
        (json!({ "user_id": developer.id, "role": "analyst", "expires_at": past }), "/expires_at"),
        (json!({ "user_id": developer.id, "role": "analyst", "expires_at": "2020-01-01T00:00:00Z" }), "/expires_at"),
    ] {
        assert_eq!(super::places(&owner.caller.post(GRANTS, &body).await.problem(422)), [place], "{body}");
    }
    assert_eq!(kept(&app).await, [""; 0]);
}

#[tokio::test]
async fn a_grant_for_a_while_ends_by_the_clock() {
    let Cast { app, owner, developer, .. } = Cast::begin().await;
    let until = app.clock.now() + Duration::from_mins(5);
    let temporary = json!({ "user_id": developer.id, "role": "admin", "expires_at": until });
    owner.caller.post(GRANTS, &temporary).await.created();
    owner.caller.post(GRANTS, &temporary).await.problem(409);
    let effective = format!("/api/v1/users/{}/permissions", developer.id);
    let found = owner.caller.get(&effective).await.ok();
    assert!(found["permissions"].as_array().unwrap().contains(&json!("roles:write")), "{found}");
    assert_eq!(found["until"], json!(until));
    app.clock.advance(Duration::from_mins(5));
    let found = owner.caller.get(&effective).await.ok();
    assert!(!found["permissions"].as_array().unwrap().contains(&json!("roles:write")), "{found}");
    assert_eq!((&found["until"], found["roles"].as_array().unwrap().len()), (&json!(null), 1));
    assert_eq!(owner.caller.get(GRANTS).await.ok()["count"], 0);
    // What is past is in the way of nothing.
    grant(&owner, &developer, "admin").await.created();
    make(&owner, "brief", json!({})).await.created();
    let until = app.clock.now() + Duration::from_mins(1);
    let brief = json!({ "user_id": developer.id, "role": "brief", "expires_at": until });
    owner.caller.post(GRANTS, &brief).await.created();
    owner.caller.delete(&format!("{ROLES}/brief")).await.problem(409);
    app.clock.advance(Duration::from_mins(1));
    assert_eq!(owner.caller.delete(&format!("{ROLES}/brief")).await.status, 204);
}

#[tokio::test]
async fn another_organizations_people_clients_roles_and_grants_are_not_there() {
    let Cast { app, owner, developer, .. } = Cast::begin().await;
    let eve = app.person("eve@example.com").await;
    let client = app.client_of(&eve, json!({})).await;
    make(&eve, "theirs", json!({ "allows": ["nodes:read"] })).await.created();
    let theirs = grant(&eve, &eve, "theirs").await.created();
    make(&owner, "ours", json!({})).await.created();
    let before = kept(&app).await;
    for body in [json!({ "user_id": eve.id, "role": "ours" }), json!({ "client_id": client.id, "role": "ours" })] {
        owner.caller.post(GRANTS, &body).await.problem(404);
    }
    grant(&owner, &developer, "theirs").await.problem(422);
    make(&owner, "heir", json!({ "inherits": ["theirs"] })).await.problem(422);
    revoke(&owner, &theirs).await.problem(404);
    for path in [
        format!("{ROLES}/theirs"),
        format!("/api/v1/users/{}/permissions", eve.id),
        format!("/api/v1/clients/{}/permissions", client.id),
    ] {
        owner.caller.get(&path).await.problem(404);
    }
    owner.caller.put(&format!("{ROLES}/theirs"), &json!({})).await.problem(404);
    owner.caller.delete(&format!("{ROLES}/theirs")).await.problem(404);
    for query in [format!("user_id={}", eve.id), format!("client_id={}", client.id), "role=theirs".to_owned()] {
        assert_eq!(owner.caller.get(&format!("{GRANTS}?{query}")).await.ok()["count"], 0);
    }
    assert_eq!(kept(&app).await, before);
}

#[tokio::test]
async fn who_leaves_leaves_their_roles() {
    let Cast { app, owner, developer, .. } = Cast::begin().await;
    make(&owner, "held", json!({})).await.created();
    grant(&owner, &developer, "held").await.created();
    let client = app.client_of(&owner, json!({})).await;
    owner.caller.post(GRANTS, &json!({ "client_id": client.id, "role": "held" })).await.created();
    assert_eq!(owner.caller.get(&format!("{ROLES}/held")).await.ok()["holders"], 2);
    owner.caller.delete(&format!("/api/v1/clients/{}", client.id)).await;
    leave(&app, &owner.caller.tenant, &developer.id).await;
    assert_eq!(owner.caller.get(&format!("{ROLES}/held")).await.ok()["holders"], 0);
    owner.takes_in(&app, &developer, "developer").await;
    assert_eq!(owner.caller.get(GRANTS).await.ok()["count"], 0);
}

async fn leave(app: &App, organization: &str, user: &str) {
    let sql = "delete from wardgraph.memberships where organization_id = $1 and user_id = $2::text::uuid";
    app.database.behind_the_scenes().await.execute(sql, &[&organization, &user]).await.unwrap();
}
