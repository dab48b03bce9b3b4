//! What the events of changed nodes and edges tell: which members are others now, between which versions, and nothing of what they were or are.

use std::time::Duration;

use serde_json::{Value, json};
use wardgraph_testkit::{App, Caller};

async fn told(owner: &Caller, kind: &str) -> Vec<Value> {
    let events = owner.get(&format!("/events?event_type={kind}&limit=100")).await.ok()["events"].as_array().unwrap().clone();
    events.into_iter().map(|event| event["payload"].clone()).collect()
}

fn change(members: &[&str], before: i32) -> Value {
    json!({ "changed": members, "before": { "version": before }, "after": { "version": before + 1 } })
}

#[tokio::test]
async fn an_event_of_a_change_names_its_members_and_versions_and_no_content() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let node = json!({ "classes": ["A"], "props": { "secret": "axolotl" }, "external_id": "one" });
    let id = owner.post("/nodes", &node).await.created()["id"].as_str().unwrap().to_owned();
    let path = format!("/nodes/{id}");
    let mut changes = Vec::new();
    owner.patch(&path, &json!({ "props": { "secret": "olm" } })).await.ok();
    changes.push(change(&["props"], 1));
    app.clock.advance(Duration::from_secs(1));
    owner.patch(&path, &json!({ "external_id": "two", "classes": ["B"], "payload_ref": "file:///x" })).await.ok();
    changes.push(change(&["external_id", "classes", "payload_ref"], 2));
    // What changes nothing is no event.
    owner.patch(&path, &json!({ "classes": ["B"] })).await.ok();
    let all = json!({
        "classes": ["B"], "props": {}, "external_id": "two", "payload_ref": "file:///x", "metadata": { "m": 1 },
        "refresh_policy": { "interval": "1h" }, "triggers": [{ "name": "t" }]
    });
    app.clock.advance(Duration::from_secs(1));
    owner.put(&path, &all).await.ok();
    changes.push(change(&["props", "metadata", "refresh_policy", "triggers"], 3));
    let mut more = all.clone();
    more["metadata"] = json!({ "m": 2 });
    app.clock.advance(Duration::from_secs(1));
    owner.post("/nodes?on_conflict=update", &more).await.ok();
    changes.push(change(&["metadata"], 4));
    more["classes"] = json!(["C"]);
    let new = json!({ "classes": ["A"], "props": {}, "external_id": "new" });
    let bad = json!({ "classes": [], "props": {} });
    let batch = json!({ "nodes": [bad, new, more] });
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(owner.post("/nodes/batch?on_conflict=update", &batch).await.ok()["updated"], 1);
    changes.push(change(&["classes"], 5));
    changes.reverse();
    assert_eq!(told(&owner, "node.updated").await, changes);

    let edge = |page: i32| json!({ "src_external_id": "two", "rel": "R", "dst_external_id": "new", "props": { "page": page } });
    owner.post("/edges", &edge(1)).await.created();
    owner.post("/edges?on_conflict=update", &edge(2)).await.ok();
    owner.post("/edges?on_conflict=update", &edge(2)).await.ok();
    owner.post("/edges/batch?on_conflict=update", &json!({ "edges": [edge(3)] })).await.ok();
    assert_eq!(told(&owner, "edge.updated").await, [json!({ "changed": ["props"] }), json!({ "changed": ["props"] })]);
    let log = owner.get("/events?limit=1000").await.text;
    assert!(!log.contains("axolotl") && !log.contains("olm\""), "the log holds content");
}

#[tokio::test]
async fn what_goes_back_names_the_members_that_went_back() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let node = json!({ "classes": ["A"], "props": { "n": 1 } });
    let id = owner.post("/nodes", &node).await.created()["id"].as_str().unwrap().to_owned();
    owner.patch(&format!("/nodes/{id}"), &json!({ "props": { "n": 2 } })).await.ok();
    owner.post(&format!("/nodes/{id}/restore"), &json!({ "version": 1 })).await.ok();
    assert_eq!(told(&owner, "node.restored").await, [change(&["props"], 2)]);
}
