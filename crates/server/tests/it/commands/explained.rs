//! `wardgraph role`: roles from files, and why somebody may do something or not.

use std::fs;

use serde_json::json;

use super::Beside;

#[tokio::test]
async fn a_role_is_made_and_changed_by_what_a_file_says() {
    let beside = Beside::begin().await;
    let (org, file) = (beside.org(), beside.folder.path().join("role.json"));
    let path = file.to_str().unwrap();
    let says = |text: &str| fs::write(&file, text).unwrap();
    says(
        r#"{ "description": "reads production", "allows": ["nodes:read:production-*"], "denies": ["nodes:read:production-secret-*"] }"#,
    );
    let made = beside.json(&["role", "create", "reader", "--file", path, "--organization", org]);
    assert_eq!(
        (&made["allows"], &made["denies"]),
        (&json!(["nodes:read:production-*"]), &json!(["nodes:read:production-secret-*"]))
    );
    says(r#"{ "allows": ["nodes:read"] }"#);
    let changed = beside.json(&["role", "edit", "reader", "--file", path, "--organization", org]);
    assert_eq!((&changed["denies"], &changed["description"]), (&json!([]), &json!("")));
    let event = &beside.events(org, "role.updated").await[0];
    assert_eq!((&event["payload"]["before"]["description"], &event["by"]), (&json!("reads production"), &json!("role edit")));
    says(r#"{ "allows": ["nodes:paint"] }"#);
    let edit = ["role", "edit", "reader", "--file", path, "--organization", org];
    assert!(beside.refused(&edit).contains("allows/0"));
    says(r#"{ "allow": [] }"#);
    assert!(beside.refused(&edit).contains("unknown field `allow`"));
    says("[");
    assert!(beside.refused(&edit).contains("--file"));
    assert!(beside.refused(&[&edit[..], &["--allow", "nodes:read"]].concat()).contains("cannot be used with"));
    fs::remove_file(&file).unwrap();
    assert!(beside.refused(&edit).contains("--file"));
}

#[tokio::test]
async fn why_somebody_may_or_not_is_told() {
    let beside = Beside::begin().await;
    let org = beside.org();
    let ana = beside.joined("ana@example.com", "analyst").await;
    beside.app.role(&beside.ada, "ops", &["nodes:write:production-*"], &["nodes:read:production-secret-*"], &[]).await;
    let at = ["--organization", org];
    let grant = ["role", "grant", "ops", "--user", &ana.id, "--expires-at", "2099-01-01T00:00:00Z"];
    beside.json(&[&grant[..], &at].concat());
    let asked = |more: &[&str]| {
        let told = beside.json(&[&["role", "explain", &*ana.id][..], more, &at].concat());
        assert_eq!(told["subject"], json!({ "type": "user", "id": ana.id }));
        told["explanations"][0].clone()
    };
    let may = asked(&["nodes:write", "--resource", "production-1"]);
    assert_eq!((&may["allowed"], &may["allowed_by"][0]["role"], &may["needs"]), (&json!(true), &json!("ops"), &json!([])));
    assert_eq!(may["allowed_by"][0]["through"][0]["by"], "grant");
    let denied = asked(&["nodes:read", "--resource", "production-secret-1"]);
    assert_eq!((&denied["allowed"], &denied["denied_by"][0]["rule"]), (&json!(false), &json!("nodes:read:production-secret-*")));
    let lacks = asked(&["nodes:write", "--resource", "staging-1"]);
    assert_eq!(lacks["needs"], json!([{ "kind": "rule", "rule": "nodes:write:staging-1" }]));
    let narrow = asked(&["nodes:write", "--resource", "production-1", "--scope", "nodes:read"]);
    assert_eq!((&narrow["allowed"], &narrow["needs"][0]["kind"]), (&json!(false), &json!("scope")));
    // The same as the server answers.
    beside.app.hear().await;
    let question =
        json!({ "subject": { "type": "user", "id": ana.id }, "permission": "nodes:read", "resource": "production-secret-1" });
    let answer = beside.ada.caller.post("/api/v1/authz/explain", &question).await.ok();
    assert_eq!(answer["explanations"][0], denied);
    let told =
        beside.told(&[&["role", "explain", &*ana.id, "nodes:read", "--resource", "production-secret-1"][..], &at].concat());
    assert!(told.starts_with("nodes:read on production-secret-1: not allowed\nEFFECT"), "{told}");
    assert!(told.contains("ops until 2099-01-01") && told.contains("needed: that nothing denies it"), "{told}");
    for (arguments, why) in [
        (&["role", "explain", &*ana.id, "nodes:paint"][..], "is no permission"),
        (&["role", "explain", &*ana.id, "nodes:read", "--resource", "s\u{435}cret"], "--resource"),
        (&["role", "explain", "wgc_nobody", "nodes:read"], "nobody of the organization"),
        (&["role", "explain", "00000000-0000-7000-8000-000000000000", "nodes:read"], "nobody of the organization"),
    ] {
        let told = beside.refused(&[arguments, &at].concat());
        assert!(told.contains(why), "{arguments:?}: {told}");
    }
}
