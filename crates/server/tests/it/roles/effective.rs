//! What somebody may do, by which roles, and until when.

use std::time::Duration;

use serde_json::{Value, json};
use wardgraph_kernel::Clock;

use super::{Cast, GRANTS, grant, make};

fn rule<'a>(found: &'a Value, list: &str, rule: &str) -> &'a Value {
    let of = |one: &&Value| one["rule"] == rule;
    found[list].as_array().unwrap().iter().find(of).unwrap_or_else(|| panic!("{rule} in {found}"))
}

#[tokio::test]
async fn what_a_member_may_do_is_told_with_the_roles_that_say_so() {
    let Cast { app, owner, developer, .. } = Cast::begin().await;
    make(&owner, "base", json!({ "allows": ["events:read"], "denies": ["nodes:read:secret-*"] })).await.created();
    make(&owner, "heir", json!({ "allows": ["triggers:read:a-*"], "inherits": ["base"] })).await.created();
    let until = app.clock.now() + Duration::from_hours(1);
    let made =
        owner.caller.post(GRANTS, &json!({ "user_id": developer.id, "role": "heir", "expires_at": until })).await.created();
    for path in [format!("/api/v1/users/{}/permissions", developer.id), "/api/v1/users/me/permissions".to_owned()] {
        let asked = if path.contains("/me/") { &developer } else { &owner };
        let found = asked.caller.get(&path).await.ok();
        assert_eq!(
            (&found["user_id"], &found["client_id"], &found["disabled"]),
            (&json!(developer.id), &json!(null), &json!(false))
        );
        assert_eq!(
            found["roles"],
            json!([
                { "role": "developer", "by": "membership", "grant_id": null, "expires_at": null },
                { "role": "heir", "by": "grant", "grant_id": made["id"], "expires_at": until },
            ])
        );
        let events = rule(&found, "allows", "events:read");
        assert_eq!((&events["role"], &events["through"], &events["until"]), (&json!("base"), &json!(["heir"]), &json!(until)));
        let writing = rule(&found, "allows", "nodes:write");
        assert_eq!(
            (&writing["role"], &writing["through"], &writing["until"]),
            (&json!("developer"), &json!(["developer"]), &json!(null))
        );
        assert_eq!(rule(&found, "allows", "triggers:read:a-*")["role"], "heir");
        assert_eq!(rule(&found, "denies", "nodes:read:secret-*")["through"], json!(["heir"]));
        let permissions: Vec<_> = found["permissions"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
        assert!(permissions.contains(&"events:read") && permissions.contains(&"edges:write"), "{permissions:?}");
        // Something of it is denied: not everything may be read.
        assert!(!permissions.contains(&"nodes:read") && !permissions.contains(&"search:read"), "{permissions:?}");
        assert_eq!(found["until"], json!(until));
    }
    // The later end of two counts.
    grant(&owner, &developer, "base").await.created();
    let found = owner.caller.get(&format!("/api/v1/users/{}/permissions", developer.id)).await.ok();
    assert_eq!(
        (&rule(&found, "allows", "events:read")["through"], &rule(&found, "allows", "events:read")["until"]),
        (&json!(["base", "heir"]), &json!(null))
    );
}

#[tokio::test]
async fn a_clients_permissions_are_told_and_others_ask_for_leave() {
    let Cast { app, owner, developer, .. } = Cast::begin().await;
    let client = app.client_of(&owner, json!({})).await;
    owner.caller.post(GRANTS, &json!({ "client_id": client.id, "role": "analyst" })).await.created();
    let path = format!("/api/v1/clients/{}/permissions", client.id);
    let found = owner.caller.get(&path).await.ok();
    let held: Vec<_> = found["roles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|role| (role["role"].as_str().unwrap(), role["by"].as_str().unwrap()))
        .collect();
    assert_eq!(held, [("analyst", "grant"), ("developer", "registration")]);
    assert_eq!(found["client_id"], json!(client.id));
    for path in [path, format!("/api/v1/users/{}/permissions", owner.id), "/api/v1/roles".into(), "/api/v1/grants".into()] {
        developer.caller.get(&path).await.problem(403);
        app.stranger().get(&path).await.problem(401);
    }
    developer.caller.get("/api/v1/users/me/permissions").await.ok();
    app.stranger().get("/api/v1/users/me/permissions").await.problem(401);
}
