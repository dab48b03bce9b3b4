//! `wardgraph org`: what is set of an organization, and whose it is.

use serde_json::{Value, json};

use super::Beside;

#[tokio::test]
async fn what_is_set_of_an_organization_is_on_record_and_holds_on_servers_that_run() {
    let beside = Beside::begin().await;
    let org = beside.org();
    let set = |flags: &[&str]| beside.json(&[&["org", "set", org][..], flags].concat());
    let told = set(&["--requires-mfa", "false", "--session-idle-seconds", "900", "--retention-days", "30"]);
    assert_eq!((&told["session_idle_seconds"], &told["retention_days"]), (&json!(900), &json!(30)));
    let told = set(&["--session-idle-seconds", "default"]);
    assert_eq!((&told["session_idle_seconds"], &told["retention_days"]), (&Value::Null, &json!(30)));
    let events = beside.events(org, "organization.updated").await;
    assert_eq!((events.len(), &events[0]["by"]), (2, &json!("org set")));
    assert_eq!(
        (&events[0]["payload"]["before"]["session_idle_seconds"], &events[0]["payload"]["after"]["session_idle_seconds"]),
        (&json!(900), &Value::Null)
    );
    assert_eq!(beside.json(&["org", "set-tier", org, "pro"])["tier"], "pro");
    let tier = &beside.events(org, "organization.tier_set").await[0]["payload"];
    assert_eq!((&tier["before"]["tier"], &tier["after"]["tier"]), (&json!("free"), &json!("pro")));
    beside.all_refused(&[
        (&["org", "set", org], "--retention-days"),
        (&["org", "set", org, "--session-idle-seconds", "1"], "session_idle_seconds: must be 300"),
        (&["org", "set", org, "--retention-days", "soon"], "or `default`"),
        (&["org", "set", "org_nobodys", "--retention-days", "30"], "no such organization"),
        (&["org", "set-tier", org, "gold"], "a tier is"),
        (&["org", "set-tier", "org_nobodys", "pro"], "no such organization"),
        (&["org", "members", "org_nobodys", "--json"], "no such organization"),
    ]);
    beside.app.hear().await;
    beside.ada.caller.get("/nodes").await.ok();
    set(&["--allowed-networks", "192.0.2.0/24"]);
    beside.app.hear().await;
    beside.ada.caller.get("/nodes").await.problem(403);
}

#[tokio::test]
async fn an_organization_is_handed_over_to_a_member() {
    let beside = Beside::begin().await;
    let (org, app, ada) = (beside.org(), &beside.app, &beside.ada);
    let bob = beside.joined("bob@example.com", "developer").await;
    let elsewhere = app.person("elsewhere@example.com").await;
    let idle = beside.joined("idle@example.com", "admin").await;
    beside.told(&["user", "disable", &idle.id]);
    beside.all_refused(&[
        (&["org", "transfer", org, &ada.id], "already"),
        (&["org", "transfer", org, &elsewhere.id], "no such member"),
        (&["org", "transfer", org, &idle.id], "may do nothing"),
        (&["org", "transfer", "org_nobodys", &bob.id], "no such"),
        (&["org", "transfer", org, "bob"], "is a UUID"),
    ]);
    assert_eq!(beside.events(org, "organization.owner_changed").await.len(), 0);
    assert_eq!(beside.json(&["org", "transfer", org, &bob.id])["owner_id"], json!(bob.id));
    let events = beside.events(org, "organization.owner_changed").await;
    assert_eq!(events[0]["payload"], json!({ "before": { "owner_id": ada.id }, "after": { "owner_id": bob.id } }));
    let roles = beside.events(org, "member.role_changed").await;
    let lowered = roles.iter().find(|event| event["subject"] == json!(ada.id)).unwrap();
    assert_eq!(lowered["payload"], json!({ "before": { "role": "owner" }, "after": { "role": "admin" } }));
    assert_eq!(roles.len(), 2);
    let members = beside.json(&["org", "members", org]);
    let role = |id: &str| members["members"].as_array().unwrap().iter().find(|one| one["user_id"] == id).unwrap()["role"].clone();
    assert_eq!((role(&ada.id), role(&bob.id)), (json!("admin"), json!("owner")));
    // Within a second both have what they have now.
    app.hear().await;
    let roles = async |person: &wardgraph_testkit::Person| {
        let own = person.caller.get("/api/v1/users/me/permissions").await.ok();
        own["roles"].as_array().unwrap().iter().map(|role| role["role"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!((roles(ada).await, roles(&bob).await), (vec!["admin".to_owned()], vec!["owner".to_owned()]));
}

#[tokio::test]
async fn who_inherits_an_organization_is_on_record() {
    let beside = Beside::begin().await;
    let (org, ada) = (beside.org(), &beside.ada);
    let bob = beside.joined("bob@example.com", "owner").await;
    let owned = async |changes: usize, owner: &str| {
        let events = beside.events(org, "organization.owner_changed").await;
        assert_eq!((events.len(), &events[0]["payload"]["after"]["owner_id"]), (changes, &json!(owner)), "{events:?}");
        assert_eq!(events[0]["subject"], json!(org));
        assert_eq!(beside.json(&["org", "show", org])["owner_id"], json!(owner));
    };
    beside.json(&["org", "set-role", org, &ada.id, "analyst"]);
    owned(1, &bob.id).await;
    beside.json(&["org", "set-role", org, &ada.id, "owner"]);
    owned(1, &bob.id).await;
    beside.told(&["org", "remove", org, &bob.id]);
    owned(2, &ada.id).await;
    // And nobody does where there is nobody else.
    assert!(beside.refused(&["org", "set-role", org, &ada.id, "admin"]).contains("last owner"));
    assert_eq!(beside.events(org, "organization.owner_changed").await.len(), 2);
}
