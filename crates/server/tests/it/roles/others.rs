//! What else changes who may do what: places in an organization, the organization itself, reviews.

use serde_json::json;

use super::{Cast, grant, joined, kept, make};

/// What the admin may not see, and somebody else not by the admin.
async fn narrowed() -> Cast {
    let cast = Cast::begin().await;
    make(&cast.owner, "no-secrets", json!({ "denies": ["nodes:read:secret-*"] })).await.created();
    grant(&cast.owner, &cast.admin, "no-secrets").await.created();
    grant(&cast.owner, &cast.developer, "no-secrets").await.created();
    cast
}

#[tokio::test]
async fn neither_a_place_nor_an_organization_is_handed_over_with_more_than_its_giver_holds() {
    let Cast { app, owner, admin, developer, .. } = narrowed().await;
    let organization = format!("/api/v1/organizations/{}", owner.caller.tenant);
    let place = |of: &str| format!("{organization}/members/{of}");
    for role in ["owner", "admin", "analyst"] {
        admin.caller.patch(&place(&developer.id), &json!({ "role": role })).await.problem(403);
        admin.caller.patch(&place(&admin.id), &json!({ "role": role })).await.problem(403);
    }
    owner.caller.patch(&place(&developer.id), &json!({ "role": "analyst" })).await.ok();
    let whole = joined(&app, &owner, "eve@example.com", "owner").await;
    grant(&owner, &owner, "no-secrets").await.created();
    owner.caller.post(&format!("{organization}/transfer"), &json!({ "user_id": admin.id })).await.problem(403);
    let sql = "select user_id::text from wardgraph.memberships where organization_id = $1 and role = 'owner'";
    let rows = app.database.behind_the_scenes().await.query(sql, &[&owner.caller.tenant]).await.unwrap();
    let owners: std::collections::BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(owners, [owner.id, whole.id].into());
}

#[tokio::test]
async fn nobody_puts_out_who_holds_more() {
    let Cast { app, owner, admin, developer, .. } = Cast::begin().await;
    let place = |of: &str| format!("/api/v1/organizations/{}/members/{of}", owner.caller.tenant);
    make(&owner, "closer", json!({ "allows": ["organizations:delete"] })).await.created();
    grant(&owner, &developer, "closer").await.created();
    let before = kept(&app).await;
    admin.caller.delete(&place(&developer.id)).await.problem(403);
    admin.caller.delete(&place(&owner.id)).await.problem(403);
    assert_eq!(kept(&app).await, before);
    assert_eq!(owner.caller.delete(&place(&developer.id)).await.status, 204);
}

#[tokio::test]
async fn a_review_gives_nothing_that_its_reviewer_does_not_hold() {
    let Cast { app, owner, admin, developer, .. } = narrowed().await;
    let wanted = |on_due: &str| json!({ "name": "spring", "due_at": "2026-03-31T12:00:00Z", "on_due": on_due });
    // What is due takes denies, too.
    admin.caller.post("/api/v1/reviews", &wanted("revoke")).await.problem(403);
    let review = admin.caller.post("/api/v1/reviews", &wanted("keep")).await.created();
    let items = format!("/api/v1/reviews/{}/items", review["id"].as_str().unwrap());
    let page = admin.caller.get(&items).await.ok();
    let of = |role: &str| page["items"].as_array().unwrap().iter().filter(|item| item["role"] == role).collect::<Vec<_>>();
    let before = kept(&app).await;
    let revoke = json!({ "decision": "revoke", "reason": "nobody needs it" });
    let guards = of("no-secrets");
    assert_eq!(guards.len(), 2);
    for item in guards.iter().chain(&of("owner")) {
        admin.caller.post(&format!("{items}/{}/decide", item["id"].as_str().unwrap()), &revoke).await.problem(403);
    }
    assert_eq!(kept(&app).await, before);
    let developers = guards.iter().find(|item| item.to_string().contains(&developer.id)).unwrap();
    owner.caller.post(&format!("{items}/{}/decide", developers["id"].as_str().unwrap()), &revoke).await.ok();
    assert_eq!(kept(&app).await.len(), before.len() - 1);
}
