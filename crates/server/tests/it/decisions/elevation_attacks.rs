//! What nobody comes by who is let into an organization's content, or would like to be.

use std::time::Duration;

use serde_json::json;

use super::{
    Cast,
    elevation::{elevate, inside},
    on_the_server,
};

#[tokio::test]
async fn only_administrators_go_in_and_some_of_them_never() {
    let Cast { app, owner, admin, .. } = Cast::begin().await;
    let asked = json!({ "reason": "because" });
    for role in ["system_operator", "billing_admin"] {
        let never = on_the_server(&app, &format!("{role}@example.com"), role).await;
        elevate(&never, &owner.caller.tenant, &asked).await.problem(403);
    }
    let elsewhere = app.person("elsewhere@example.com").await;
    for nobody in [&owner, &admin, &elsewhere] {
        elevate(nobody, &owner.caller.tenant, &asked).await.problem(403);
    }
    // No key and no token that was signed elsewhere goes in, whatever it says.
    let root = on_the_server(&app, "root@example.com", "super_admin").await;
    let path = format!("/api/v1/organizations/{}/elevate", owner.caller.tenant);
    for minted in [
        app.operator(&owner.caller.tenant, &["elevations:write"]),
        app.caller(&owner.caller.tenant, &["elevations:write", "super_admin"]),
    ] {
        minted.post(&path, &asked).await.problem(403);
    }
    app.stranger().post(&path, &asked).await.problem(401);
    // Whoever is one no more finds out, although the token says otherwise still.
    let sql = "update wardgraph.users set global_role = null where email = 'root@example.com'";
    app.database.behind_the_scenes().await.batch_execute(sql).await.unwrap();
    elevate(&root, &owner.caller.tenant, &asked).await.problem(403);
}

#[tokio::test]
async fn nobody_goes_in_without_a_reason_for_longer_or_on_an_old_sign_in() {
    let Cast { app, owner, .. } = Cast::begin().await;
    let root = on_the_server(&app, "root@example.com", "super_admin").await;
    let there = &owner.caller.tenant;
    elevate(&root, there, &json!({})).await.problem(400);
    for reason in ["", "  ", "---", "a\u{202e}b", "a\u{0}b", "<script>x()</script>"] {
        let problem = elevate(&root, there, &json!({ "reason": reason })).await.problem(422);
        assert_eq!(problem["errors"][0]["field"], "/reason", "{reason:?}");
    }
    for life in [0, -1, 59, 3_601, i64::MAX] {
        elevate(&root, there, &json!({ "reason": "because", "expires_in": life })).await.problem(422);
    }
    for nowhere in ["org_nothing", "_system", "*", "tenant-a", "%27%3B--"] {
        elevate(&root, nowhere, &json!({ "reason": "because" })).await.problem(404);
    }
    app.clock.advance(Duration::from_mins(11));
    elevate(&root, there, &json!({ "reason": "because" })).await.problem(401);
}

#[tokio::test]
async fn an_elevated_token_makes_no_grants_and_no_keys() {
    let Cast { app, owner, developer, .. } = Cast::begin().await;
    let root = on_the_server(&app, "root@example.com", "super_admin").await;
    let (issued, caller) = inside(&app, &root, &owner).await;
    let tenant = &owner.caller.tenant;
    let elevated = format!("/api/v1/organizations/{tenant}/elevate");
    for (method, path, body) in [
        ("POST", "/api/v1/grants", json!({ "user_id": root.id, "role": "owner" })),
        ("POST", "/api/v1/roles", json!({ "name": "mine", "allows": ["*:*"] })),
        ("POST", "/api/v1/users/me/api-keys", json!({ "name": "mine", "scopes": ["nodes:write"] })),
        ("POST", "/api/v1/clients", json!({ "client_name": "mine" })),
        ("POST", "/api/v1/invitations", json!({ "email": "me@example.com", "role": "owner" })),
        ("POST", "/api/v1/reviews", json!({ "name": "r", "due_at": "2030-01-01T00:00:00Z", "on_due": "revoke" })),
        ("POST", &elevated, json!({ "reason": "once more" })),
        ("POST", "/access/v1/evaluation", json!({})),
        ("GET", "/api/v1/users", json!(null)),
        ("GET", "/api/v1/elevations", json!(null)),
        ("GET", "/api/v1/users/me", json!(null)),
        ("GET", "/events", json!(null)),
        ("DELETE", &format!("/api/v1/elevations/{}", issued["id"].as_str().unwrap()), json!(null)),
        ("DELETE", &format!("/api/v1/users/{}", developer.id), json!(null)),
    ] {
        let request = caller.request(method, path);
        let reply = wardgraph_testkit::Reply::of(if body.is_null() { request } else { request.json(&body) }).await;
        assert!([401, 403].contains(&reply.status.as_u16()), "{method} {path}: {} {}", reply.status, reply.text);
    }
    // It says of itself what it is.
    let told = caller.get("/api/v1/authz/explain?permission=roles:write").await.ok();
    assert_eq!((&told["subject"], &told["explanations"][0]["allowed"]), (&json!(null), &json!(false)));
}

#[tokio::test]
async fn an_elevated_token_is_good_in_one_organization() {
    let Cast { app, owner, .. } = Cast::begin().await;
    let other = app.person("elsewhere@example.com").await;
    let node = other.caller.create_node("another organization's").await.created()["id"].as_str().unwrap().to_owned();
    let root = on_the_server(&app, "root@example.com", "super_admin").await;
    let (_, caller) = inside(&app, &root, &owner).await;
    caller.get(&format!("/nodes/{node}")).await.problem(404);
    caller.delete(&format!("/nodes/{node}")).await.problem(404);
    let listed = caller.get("/nodes").await.ok();
    assert!(!listed.to_string().contains(&node), "{listed}");
    // A body that names another tenant is told so, and changes nothing there.
    let named = json!({ "classes": ["A"], "props": {}, "tenant_id": other.caller.tenant });
    let made = caller.post("/nodes", &named).await.created()["id"].as_str().unwrap().to_owned();
    other.caller.get(&format!("/nodes/{made}")).await.problem(404);
    owner.caller.get(&format!("/nodes/{made}")).await.ok();
}
