//! What comes back of a node that was deleted: every column of it, its vectors, its edges, its history; and what a change of the model leaves alone.

use std::{collections::BTreeMap, sync::atomic::Ordering, time::Duration};

use serde_json::{Value, json};
use tokio_postgres::Client;
use wardgraph_testkit::{App, Caller, GRACE};
use wardgraph_worker::ALIVE;

use crate::{
    embedding::{Dial, keeper, until_idle, vectors_of, worker},
    embedding_change::settle,
};

const DAY: Duration = Duration::from_hours(24);

/// What a restoration changes of a node's row: it is a new version.
const ANEW: &[&str] = &["version", "updated_at"];

type Columns = BTreeMap<String, Option<String>>;

/// Every column that the table has, of the rows in which `column` is `id`.
async fn columns(client: &Client, table: &str, column: &str, id: &str) -> Vec<Columns> {
    let names = "select column_name::text from information_schema.columns where table_schema = 'wardgraph' and table_name = $1";
    let names: Vec<String> = client.query(names, &[&table]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert!(names.len() > 4, "{table}: {names:?}");
    let texts = names.iter().map(|name| format!("{name}::text")).collect::<Vec<_>>().join(", ");
    let sql = format!("select array[{texts}] from wardgraph.{table} where {column} = '{id}' order by 1");
    let rows = client.query(&sql, &[]).await.unwrap();
    rows.iter().map(|row| names.iter().cloned().zip(row.get::<_, Vec<Option<String>>>(0)).collect()).collect()
}

/// The one row of a node, each of its columns filled, but for those that a restoration changes.
async fn row(client: &Client, id: &str) -> Columns {
    let mut row = columns(client, "nodes", "node_id", id).await.pop().unwrap();
    for (name, value) in &row {
        assert!(value.is_some(), "`{name}` is empty, so that nobody would notice if it were lost: fill it");
    }
    row.retain(|name, _| !ANEW.contains(&name.as_str()));
    row
}

async fn history(caller: &Caller, id: &str) -> Value {
    caller.get(&format!("/nodes/{id}/embeddings")).await.ok()
}

async fn restore(caller: &Caller, id: &str) -> Value {
    caller.post(&format!("/nodes/{id}/restore"), &json!({})).await.ok()
}

/// A node with something in every column.
async fn full(caller: &Caller) -> String {
    let body = json!({
        "classes": ["A", "B"], "external_id": "everything", "payload_ref": "file:///a", "props": { "text": "heron" }, "metadata": { "m": 1 },
        "refresh_policy": { "interval": "1h" }, "triggers": [{ "name": "t" }],
    });
    caller.post("/nodes", &body).await.created()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn every_column_of_a_node_and_all_that_hangs_on_it_comes_back() {
    let app = App::start().await;
    let (owner, client) = (app.owner("tenant-a"), app.database.behind_the_scenes().await);
    let model = Dial::named("m");
    let worker = worker(&app, &model, 10);
    let id = full(&owner).await;
    let other = owner.create_node("another").await.created()["id"].clone();
    let edge = owner.post("/edges", &json!({ "src": id, "rel": "R", "dst": other, "props": { "page": 4 } })).await.created();
    until_idle(&worker).await;
    app.clock.advance(DAY);
    let owner = app.owner("tenant-a");
    app.clock.advance(Duration::from_secs(1));
    owner.patch(&format!("/nodes/{id}"), &json!({ "props": { "text": "herons" } })).await.ok();
    until_idle(&worker).await;
    let edge = edge["id"].as_str().unwrap();
    let all = async || {
        let (vectors, edges) =
            (columns(&client, "embeddings", "node_id", &id).await, columns(&client, "edges", "edge_id", edge).await);
        assert_eq!((vectors.len(), edges.len()), (1, 1));
        (row(&client, &id).await, vectors, edges, columns(&client, "embedding_history", "node_id", &id).await)
    };
    let (before, told, calls) = (all().await, history(&owner, &id).await, model.calls.load(Ordering::SeqCst));
    assert_eq!((&told["count"], &told["status"]), (&json!(2), &json!("ready")));
    assert!(told["embeddings"][0]["drift_score"].as_f64().unwrap() > 0.1, "{told}");

    app.clock.advance(DAY);
    let owner = app.owner("tenant-a");
    let path = format!("/nodes/{id}");
    // Deleted again before the worker has come to it, too.
    for deletions in [1, 2] {
        for _ in 0..deletions {
            assert_eq!(owner.delete(&path).await.status, 204);
            owner.get(&format!("{path}/embeddings")).await.problem(404);
            restore(&owner, &id).await;
        }
        assert_eq!(history(&owner, &id).await["embeddings"], told["embeddings"], "at once");
        until_idle(&worker).await;
        assert_eq!(all().await, before);
        assert_eq!(history(&owner, &id).await, told);
    }
    assert_eq!(model.calls.load(Ordering::SeqCst), calls, "no model is asked for what is there");
    assert!(columns(&client, "deleted_embeddings", "node_id", &id).await.is_empty());
}

#[tokio::test]
async fn a_text_that_is_changed_before_its_vector_is_back_is_measured_against_it() {
    let app = App::start().await;
    let (owner, client) = (app.owner("tenant-a"), app.database.behind_the_scenes().await);
    let worker = worker(&app, &Dial::named("m"), 10);
    let (id, silent) = (full(&owner).await, owner.create_node("goes silent").await.created()["id"].as_str().unwrap().to_owned());
    until_idle(&worker).await;
    for id in [&id, &silent] {
        owner.delete(&format!("/nodes/{id}")).await;
        restore(&owner, id).await;
    }
    // Entries of one instant stand in any order.
    app.clock.advance(Duration::from_secs(1));
    owner.patch(&format!("/nodes/{id}"), &json!({ "props": { "text": "herons" } })).await.ok();
    owner.patch(&format!("/nodes/{silent}"), &json!({ "props": { "text": null } })).await.ok();
    until_idle(&worker).await;
    let told = history(&owner, &id).await;
    let drift = told["embeddings"][0]["drift_score"].as_f64().unwrap();
    assert!((drift - (1.0 - 1.0_f64.cos())).abs() < 1e-4, "one character more: {told}");
    // A text that was new when its node was deleted is new when that comes back.
    app.clock.advance(Duration::from_secs(60));
    owner.patch(&format!("/nodes/{id}"), &json!({ "props": { "text": "the heron" } })).await.ok();
    owner.delete(&format!("/nodes/{id}")).await;
    restore(&owner, &id).await;
    let old = row(&client, &id).await;
    until_idle(&worker).await;
    let told = history(&owner, &id).await;
    assert_eq!(told["count"], 3);
    assert!(told["embeddings"][0]["drift_score"].is_f64(), "{told}");
    assert_ne!(row(&client, &id).await["last_refreshed"], old["last_refreshed"]);
    assert_eq!(vectors_of(&client, "m").await, 1, "a node without a text has no vector, and none waits for it");
    assert!(columns(&client, "deleted_embeddings", "node_id", &silent).await.is_empty());
}

#[tokio::test]
async fn another_model_makes_no_text_younger() {
    let app = App::start().await;
    let (owner, client) = (app.owner("tenant-a"), app.database.behind_the_scenes().await);
    let (first, second) = (Dial::named("first"), Dial::named("second"));
    let id = full(&owner).await;
    let gone = owner.create_node("away while it changes").await.created()["id"].as_str().unwrap().to_owned();
    let changed = owner.create_node("changed while it changes").await.created()["id"].as_str().unwrap().to_owned();
    let its_worker = worker(&app, &first, 10);
    settle(&keeper(&app, &first), &its_worker).await;
    owner.patch(&format!("/nodes/{id}"), &json!({ "props": { "text": "herons" } })).await.ok();
    until_idle(&its_worker).await;
    let ages = async |id: &str| {
        let row = columns(&client, "nodes", "node_id", id).await.pop().unwrap();
        (row["last_refreshed"].clone(), row["drift_score"].clone())
    };
    let (before, gone_before, changed_before) = (ages(&id).await, ages(&gone).await, ages(&changed).await);
    assert!(before.0.is_some() && before.1.is_some());
    owner.delete(&format!("/nodes/{gone}")).await;

    app.clock.advance(DAY + ALIVE);
    let owner = app.owner("tenant-a");
    let next = keeper(&app, &second);
    let its_worker = worker(&app, &second, 10);
    assert!(next.turn().await.unwrap());
    // Queued for the model alone; now its text is new as well.
    owner.patch(&format!("/nodes/{changed}"), &json!({ "props": { "text": "another text" } })).await.ok();
    settle(&next, &its_worker).await;
    assert_eq!(ages(&id).await, before);
    assert_ne!(ages(&changed).await.0, changed_before.0);
    let told = history(&owner, &id).await;
    assert_eq!((&told["count"], &told["embeddings"][0]["model"]), (&json!(3), &json!("second")));

    // One that was away: it has a vector of the other model, and is as old as it was.
    restore(&owner, &gone).await;
    settle(&next, &its_worker).await;
    assert_eq!(ages(&gone).await, gone_before);
    assert_eq!((vectors_of(&client, "second").await, vectors_of(&client, "first").await), (3, 0));
    assert!(columns(&client, "deleted_embeddings", "node_id", &gone).await.is_empty());

    app.clock.advance(DAY);
    let owner = app.owner("tenant-a");
    owner.patch(&format!("/nodes/{id}"), &json!({ "props": { "text": "the heron nest" } })).await.ok();
    until_idle(&its_worker).await;
    let after = ages(&id).await;
    assert!(after.0 != before.0 && after.1 != before.1, "a text that is new is new: {after:?}");
}

#[tokio::test]
async fn what_waited_goes_when_the_node_is_erased() {
    let app = App::start().await;
    let (owner, client) = (app.owner("tenant-a"), app.database.behind_the_scenes().await);
    let worker = worker(&app, &Dial::named("m"), 10);
    let (purged, hard, neighbours) = (full(&owner).await, owner.create_node("at once").await.created(), app.owner("tenant-b"));
    let theirs = full(&neighbours).await;
    until_idle(&worker).await;
    let hard = hard["id"].as_str().unwrap();
    // Back, and not yet met by the worker: its vector still waits.
    owner.delete(&format!("/nodes/{hard}")).await;
    restore(&owner, hard).await;
    assert_eq!(owner.delete(&format!("/nodes/{hard}?hard=true")).await.status, 204);
    owner.delete(&format!("/nodes/{purged}")).await;
    app.clock.advance(GRACE);
    app.purge_everything().await;
    for table in ["deleted_embeddings", "embedding_history", "embeddings"] {
        for id in [hard, &purged] {
            assert!(columns(&client, table, "node_id", id).await.is_empty(), "{table}");
        }
    }
    assert_eq!(columns(&client, "embedding_history", "node_id", &theirs).await.len(), 1);
}
