//! Why somebody may do something or not.

use std::collections::BTreeSet;

use serde_json::json;

use super::{Cast, EXPLAIN};

#[tokio::test]
async fn an_explanation_names_rule_role_and_grant() {
    let Cast { app, owner, admin, analyst, .. } = Cast::begin().await;
    let denies = ["nodes:read:production-secret*"];
    app.role(&owner, "ops", &["nodes:write:production-*"], &denies, &[]).await;
    app.role(&owner, "night-ops", &[], &[], &["ops"]).await;
    let grant = app.granted(&owner, &analyst.id, "night-ops").await;
    let about = |permission: &str, resource: &str| json!({ "subject": { "type": "user", "id": analyst.id }, "permission": permission, "resource": resource });
    let told = admin.caller.post(EXPLAIN, &about("nodes:write", "production-1")).await.ok();
    assert_eq!(told["subject"], json!({ "type": "user", "id": analyst.id }));
    let why = &told["explanations"][0];
    assert_eq!((&why["allowed"], &why["needs"], &why["denied_by"]), (&json!(true), &json!([]), &json!([])));
    let through = json!([{ "role": "night-ops", "by": "grant", "grant_id": grant, "expires_at": null }]);
    assert_eq!(why["allowed_by"], json!([{ "rule": "nodes:write:production-*", "role": "ops", "through": through }]));

    // What reads all of it reads this too; a deny of another role takes it back.
    let told = admin.caller.post(EXPLAIN, &about("nodes:read", "production-secret-1")).await.ok();
    let why = &told["explanations"][0];
    let roles: BTreeSet<_> = why["allowed_by"].as_array().unwrap().iter().map(|rule| rule["role"].as_str().unwrap()).collect();
    assert_eq!((&why["allowed"], roles), (&json!(false), BTreeSet::from(["analyst", "ops"])));
    assert_eq!(why["allowed_by"][0]["through"][0]["by"], "membership");
    assert_eq!(why["denied_by"], json!([{ "rule": denies[0], "role": "ops", "through": through }]));
    assert_eq!(why["needs"], json!([{ "kind": "no_deny" }]));

    // What no role says, and what scopes leave no room for.
    let told = admin.caller.post(EXPLAIN, &about("edges:write", "production-1")).await.ok();
    assert_eq!(told["explanations"][0]["needs"], json!([{ "kind": "rule", "rule": "edges:write:production-1" }]));
    let mut narrow = about("nodes:read", "production-1");
    narrow["scopes"] = json!(["edges:read", "nodes:read:staging-*"]);
    let told = admin.caller.post(EXPLAIN, &narrow).await.ok();
    assert_eq!(told["explanations"][0]["needs"], json!([{ "kind": "scope", "scope": "nodes:read:production-1" }]));
}

#[tokio::test]
async fn everybody_may_ask_about_themselves_and_few_about_others() {
    let Cast { app, owner, developer, analyst, .. } = Cast::begin().await;
    let own = analyst.caller.get(&format!("{EXPLAIN}?permission=nodes:write")).await.ok();
    assert_eq!(own["subject"], json!({ "type": "user", "id": analyst.id }));
    assert_eq!(own["explanations"][0]["needs"], json!([{ "kind": "rule", "rule": "nodes:write" }]));
    let all = analyst.caller.get(EXPLAIN).await.ok();
    assert!(all["explanations"].as_array().unwrap().len() > 20);
    // A key is held by its scopes besides, and a token of somebody else's by them alone.
    let key = json!({ "name": "k", "scopes": ["nodes:read"] });
    let key = developer.caller.post("/api/v1/users/me/api-keys", &key).await.created();
    let with_key = app.bearer(key["key"].as_str().unwrap());
    let told = with_key.get(&format!("{EXPLAIN}?permission=nodes:write&resource=a-1")).await.ok();
    assert_eq!(told["explanations"][0]["needs"], json!([{ "kind": "scope", "scope": "nodes:write:a-1" }]));
    let told = app.caller("tenant-x", &["kg:read"]).get(&format!("{EXPLAIN}?permission=nodes:write")).await.ok();
    assert_eq!((&told["subject"], &told["explanations"][0]["allowed"]), (&json!(null), &json!(false)));
    // About others.
    let about = json!({ "subject": { "type": "user", "id": owner.id }, "permission": "nodes:read" });
    for low in [&developer.caller, &analyst.caller, &with_key, &app.caller(&owner.caller.tenant, &["authz:read", "kg:read"])] {
        low.post(EXPLAIN, &about).await.problem(403);
    }
    app.stranger().post(EXPLAIN, &about).await.problem(401);
}

#[tokio::test]
async fn of_other_organizations_nothing_is_explained() {
    let Cast { app, owner, .. } = Cast::begin().await;
    let elsewhere = app.person("elsewhere@example.com").await;
    let client = app.client_of(&elsewhere, json!({ "role": "admin" })).await;
    for subject in [json!({ "type": "user", "id": elsewhere.id }), json!({ "type": "client", "id": client.id })] {
        let about = json!({ "subject": subject, "permission": "nodes:read" });
        let there = owner.caller.post(EXPLAIN, &about).await.problem(404);
        let nowhere =
            json!({ "subject": { "type": "user", "id": "01900000-0000-7000-8000-00000000000a" }, "permission": "nodes:read" });
        assert_eq!(there["detail"], owner.caller.post(EXPLAIN, &nowhere).await.problem(404)["detail"]);
    }
    // Names that look like others are none, and words that are no permission mean nothing.
    for resource in ["Production-1", "pr\u{43e}duction", "a/b", "a:b", "*", "${user_id}", "a\u{202e}", "'; --"] {
        let problem = owner.caller.post(EXPLAIN, &json!({ "permission": "nodes:read", "resource": resource })).await.problem(422);
        assert_eq!(problem["errors"][0]["field"], "/resource", "{resource:?}");
    }
    for permission in ["nodes:*", "*:*", "nodes:read:a", "NODES:READ", "nodes:delete", " nodes:read", "n\u{43e}des:read"] {
        let problem = owner.caller.post(EXPLAIN, &json!({ "permission": permission })).await.problem(422);
        assert_eq!(problem["errors"][0]["field"], "/permission", "{permission:?}");
    }
}
