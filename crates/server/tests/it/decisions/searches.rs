//! Who may, to what, and what?

use std::collections::BTreeSet;

use serde_json::{Value, json};
use wardgraph_testkit::Caller;

use super::{Cast, question, user};

const SUBJECTS: &str = "/access/v1/search/subject";
const RESOURCES: &str = "/access/v1/search/resource";
const ACTIONS: &str = "/access/v1/search/action";

/// All that a search finds, part by part.
async fn all(by: &Caller, path: &str, asked: &Value, limit: i64) -> Vec<Value> {
    let (mut found, mut asked) = (Vec::new(), asked.clone());
    asked["page"] = json!({ "limit": limit });
    loop {
        let part = by.post(path, &asked).await.ok();
        let results = part["results"].as_array().unwrap();
        assert_eq!(part["page"]["count"], results.len());
        found.extend(results.iter().cloned());
        match part["page"]["next_token"].as_str().unwrap() {
            "" => return found,
            token => asked["page"] = json!({ "limit": limit, "token": token }),
        }
    }
}

fn ids(found: &[Value]) -> BTreeSet<&str> {
    found.iter().map(|one| one["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn subjects_are_those_of_the_organization_who_may() {
    let Cast { app, owner, admin, developer, analyst } = Cast::begin().await;
    let elsewhere = app.person("elsewhere@example.com").await;
    app.role(&owner, "ops", &["nodes:write:production-*"], &[], &[]).await;
    app.granted(&owner, &analyst.id, "ops").await;
    let service = app.client_of(&owner, json!({ "role": "developer" })).await;
    app.client_of(&elsewhere, json!({ "role": "developer" })).await;
    let of = |kind: &str, id: Option<&str>| question(json!({ "type": kind }), "write", "nodes", id);
    for limit in [1, 2, 1_000] {
        let found = all(&admin.caller, SUBJECTS, &of("user", None), limit).await;
        assert_eq!(ids(&found), BTreeSet::from([&*owner.id, &*admin.id, &*developer.id]));
        let found = all(&admin.caller, SUBJECTS, &of("user", Some("production-1")), limit).await;
        assert_eq!(ids(&found), BTreeSet::from([&*owner.id, &*admin.id, &*developer.id, &*analyst.id]));
    }
    let found = all(&admin.caller, SUBJECTS, &of("identity", None), 2).await;
    assert_eq!(ids(&found), BTreeSet::from(["ada@example.com", "bob@example.com", "dev@example.com"]));
    let found = all(&admin.caller, SUBJECTS, &of("client", None), 2).await;
    assert_eq!(ids(&found), BTreeSet::from([&*service.id]));
    // What is unknown finds nothing, and says so; a token leads on in its own question alone.
    for unknown in [of("group", None), question(json!({ "type": "user" }), "fly", "nodes", None)] {
        let nothing = admin.caller.post(SUBJECTS, &unknown).await.ok();
        assert!(nothing["results"] == json!([]) && nothing["context"]["reason"].is_string(), "{nothing}");
    }
    let mut first = of("user", None);
    first["page"] = json!({ "limit": 1 });
    let token = admin.caller.post(SUBJECTS, &first).await.ok()["page"]["next_token"].clone();
    for mut other in [of("identity", None), of("user", Some("a")), question(json!({ "type": "user" }), "read", "nodes", None)] {
        other["page"] = json!({ "token": token });
        admin.caller.post(SUBJECTS, &other).await.problem(400);
    }
    first["page"] = json!({ "limit": 0 });
    admin.caller.post(SUBJECTS, &first).await.problem(400);
}

#[tokio::test]
async fn resources_are_told_to_whoever_may_read_them() {
    let Cast { app, owner, admin, analyst, .. } = Cast::begin().await;
    let made = |reply: wardgraph_testkit::Reply| reply.created()["id"].as_str().unwrap().to_owned();
    let (one, other) = (made(owner.caller.create_node("one").await), made(owner.caller.create_node("two").await));
    app.owner("tenant-b").create_node("another tenant's").await.created();
    app.role(&owner, "keeper", &[&format!("nodes:write:{one}")], &[], &[]).await;
    app.granted(&owner, &analyst.id, "keeper").await;
    let of = |action: &str| question(user(&analyst), action, "nodes", None);
    for limit in [1, 100] {
        assert_eq!(ids(&all(&admin.caller, RESOURCES, &of("write"), limit).await), BTreeSet::from([&*one]));
        assert_eq!(ids(&all(&admin.caller, RESOURCES, &of("read"), limit).await), BTreeSet::from([&*one, &*other]));
    }
    // Whoever may ask about others and read nothing is told of nothing.
    app.role(&owner, "asker", &["authz:read"], &[], &[]).await;
    let asker = super::joined(&app, &owner, "asker@example.com", "analyst").await;
    let sql = "update wardgraph.memberships set role = null where user_id = $1::text::uuid and organization_id = $2";
    app.granted(&owner, &asker.id, "asker").await;
    app.database.behind_the_scenes().await.execute(sql, &[&asker.id, &owner.caller.tenant]).await.unwrap();
    let asker = super::at(&app, "asker@example.com", &owner.caller.tenant).await;
    let nothing = asker.caller.post(RESOURCES, &of("read")).await.ok();
    assert!(nothing["results"] == json!([]) && nothing["context"]["reason"].is_string(), "{nothing}");
    let nothing = admin.caller.post(RESOURCES, &question(user(&analyst), "read", "search", None)).await.ok();
    assert!(nothing["results"] == json!([]) && nothing["context"]["reason"].is_string(), "{nothing}");
}

#[tokio::test]
async fn actions_are_all_that_somebody_may_do_to_it() {
    let Cast { app, owner, admin, developer, analyst } = Cast::begin().await;
    let elsewhere = app.person("elsewhere@example.com").await;
    let asked = |subject: Value, kind: &str| json!({ "subject": subject, "resource": { "type": kind, "id": "a-1" } });
    let names = async |subject: Value, kind: &str| -> Vec<String> {
        let found = all(&admin.caller, ACTIONS, &asked(subject, kind), 10).await;
        found.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(user(&developer), "nodes").await, ["read", "write"]);
    assert_eq!(names(user(&analyst), "nodes").await, ["read"]);
    assert_eq!(names(user(&owner), "indices").await, ["read", "write", "train"]);
    assert_eq!(names(user(&owner), "todo").await, [""; 0]);
    assert_eq!(names(user(&elsewhere), "nodes").await, [""; 0]);
}
