//! Finding what was deleted, and bringing it back by what was found.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};
use wardgraph_kernel::{Clock, Timestamp};
use wardgraph_testkit::{App, Caller, GRACE, Reply};

use crate::plans::pages_touched;

const PATH: &str = "/nodes/deleted";

async fn deleted(caller: &Caller, query: &str) -> Vec<Value> {
    let page = caller.get(&format!("{PATH}{query}")).await.ok();
    assert_eq!(page["count"], page["nodes"].as_array().unwrap().len());
    page["nodes"].as_array().unwrap().clone()
}

fn ids(nodes: &[Value]) -> Vec<String> {
    nodes.iter().map(|node| node["id"].as_str().unwrap().to_owned()).collect()
}

async fn gone(caller: &Caller, name: &str) -> String {
    let body = json!({ "classes": ["A"], "props": { "text": format!("the axolotl {name}") }, "external_id": name });
    let id = caller.post("/nodes", &body).await.created()["id"].as_str().unwrap().to_owned();
    assert_eq!(caller.delete(&format!("/nodes/{id}")).await.status, 204);
    id
}

#[tokio::test]
async fn what_was_deleted_is_listed_until_it_is_back_or_gone() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    assert!(deleted(&owner, "").await.is_empty());
    let first = gone(&owner, "first").await;
    let at = app.clock.now();
    app.clock.advance(Duration::from_secs(60));
    let mut others = Vec::new();
    for name in ["second", "third", "first"] {
        others.push(gone(&owner, name).await);
        app.clock.advance(Duration::from_secs(1));
    }
    let all: Vec<_> = std::iter::once(first.clone()).chain(others.clone()).collect();
    let listed = deleted(&owner, "").await;
    assert_eq!(ids(&listed), all);
    let time = |value: &Value| value.as_str().unwrap().parse::<Timestamp>().unwrap();
    assert_eq!((time(&listed[0]["deleted_at"]), time(&listed[0]["purge_at"])), (at, at.saturating_add(GRACE).unwrap()));
    let members: BTreeSet<_> = listed[0].as_object().unwrap().keys().map(String::as_str).collect();
    let told = ["classes", "created_at", "deleted_at", "external_id", "id", "purge_at", "version"];
    assert_eq!(members, told.into(), "and nothing of what it holds");
    assert_eq!(
        (&listed[0]["external_id"], &listed[0]["classes"], &listed[0]["version"]),
        (&json!("first"), &json!(["A"]), &json!(1))
    );
    assert_eq!(ids(&deleted(&owner, "?external_id=first").await), [all[0].clone(), all[3].clone()]);
    assert!(deleted(&owner, "?external_id=fir").await.is_empty());

    let page = owner.get(&format!("{PATH}?limit=3")).await.ok();
    assert_eq!(ids(page["nodes"].as_array().unwrap()), all[..3]);
    let cursor = page["next_cursor"].as_str().unwrap();
    let last = owner.get(&format!("{PATH}?limit=3&cursor={cursor}")).await.ok();
    assert_eq!((ids(last["nodes"].as_array().unwrap()), &last["next_cursor"]), (all[3..].to_vec(), &Value::Null));
    for (wrong, status) in [("limit=0", 422), ("limit=1001", 422), ("cursor=x", 400), ("order=asc", 400)] {
        owner.get(&format!("{PATH}?{wrong}")).await.problem(status);
    }
    owner.get(&format!("/nodes?cursor={cursor}")).await.problem(400);
    app.owner("tenant-b").get(&format!("{PATH}?cursor={cursor}")).await.problem(400);

    // Back, erased, and past its time though nobody has purged it yet.
    Reply::of(owner.request("POST", &format!("/nodes/{first}/restore"))).await.ok();
    assert_eq!(owner.delete(&format!("/nodes/{}?hard=true", others[0])).await.status, 204);
    assert_eq!(ids(&deleted(&owner, "").await), all[2..]);
    app.clock.advance(GRACE);
    assert!(deleted(&app.owner("tenant-a"), "").await.is_empty());
}

#[tokio::test]
async fn what_was_deleted_is_found_by_its_name_however_much_else_was() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let id = gone(&owner, "needle").await;
    let client = app.database.behind_the_scenes().await;
    // What others deleted since, with names of their own and without one.
    let sql = "insert into wardgraph.deleted_nodes (tenant_id, node_id, external_id, classes, props, metadata, refresh_policy, triggers, version, size_bytes,
                                                    created_at, updated_at, deleted_at, purge_at)
               select tenant_id, gen_random_uuid(), case when n % 2 = 0 then 'hay ' || n end, classes, props, metadata, refresh_policy, triggers, version,
                      size_bytes, created_at, updated_at, deleted_at, purge_at
               from wardgraph.deleted_nodes, generate_series(1, 20000) n;
               analyze wardgraph.deleted_nodes";
    client.batch_execute(sql).await.unwrap();
    assert_eq!(ids(&deleted(&owner, "?external_id=needle").await), [id]);
    let nobody = "'00000000-0000-0000-0000-000000000000'";
    let values = format!("'tenant-a', {nobody}, '2026-01-01Z', 101, 'needle'");
    for pages in pages_touched(&app, "graph.deleted_node.list_named", &values).await {
        assert!(pages < 30, "{pages} pages");
    }
}

#[tokio::test]
async fn whoever_could_not_bring_a_node_back_is_not_told_of_it() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let id = gone(&owner, "first").await;
    app.stranger().get(PATH).await.asks_for_a_credential();
    let reader = app.caller("tenant-a", &["nodes:read", "edges:read", "search:read", "events:read"]);
    let told = reader.get(PATH).await.problem(403);
    assert!(told["detail"].as_str().unwrap().contains("nodes:write") && !told.to_string().contains(&id), "{told}");
    for path in [PATH.to_owned(), format!("{PATH}?external_id=first")] {
        assert!(deleted(&app.owner("tenant-b"), path.trim_start_matches(PATH)).await.is_empty(), "another tenant's");
    }
    assert_eq!(ids(&deleted(&app.caller("tenant-a", &["nodes:write"]), "").await), [id]);
}

#[tokio::test]
async fn no_body_brings_back_as_an_empty_one_does() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let id = gone(&owner, "first").await;
    let path = format!("/nodes/{id}/restore");
    for bad in [" ", "null", "[]", "x"] {
        Reply::of(owner.request("POST", &path).body(bad)).await.problem(400);
    }
    let bare = || owner.request("POST", &path).header("idempotency-key", "k");
    let back = Reply::of(bare()).await;
    assert_eq!((&back.headers["etag"], &back.body["version"]), (&"\"2\"".parse().unwrap(), &json!(2)));
    assert_eq!(Reply::of(bare()).await.ok(), back.body);
    // Where something in a body is needed, one is.
    Reply::of(owner.request("POST", "/nodes")).await.problem(400);
    Reply::of(owner.request("POST", &path)).await.problem(409);
}
