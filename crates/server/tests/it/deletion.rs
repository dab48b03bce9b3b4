//! Deleting nodes: what no read meets any more, what comes back, and what is erased for good.

use std::time::Duration;

use serde_json::{Value, json};
use tokio_postgres::Client;
use wardgraph_testkit::{App, Caller, GRACE, Reply};

async fn node(caller: &Caller, text: &str) -> String {
    caller.create_node(text).await.created()["id"].as_str().unwrap().to_owned()
}

async fn edge(caller: &Caller, src: &str, rel: &str, dst: &str) -> String {
    let edge = caller.post("/edges", &json!({ "src": src, "rel": rel, "dst": dst, "props": { "of": rel } })).await.created();
    edge["id"].as_str().unwrap().to_owned()
}

async fn edges(caller: &Caller) -> Vec<Value> {
    caller.get("/edges").await.ok()["edges"].as_array().unwrap().clone()
}

async fn restore(caller: &Caller, id: &str) -> Reply {
    caller.post(&format!("/nodes/{id}/restore"), &json!({})).await
}

/// How often the id stands anywhere in the tables of tenants, the log apart.
async fn traces(client: &Client, id: &str) -> Vec<String> {
    let tables = "select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
                  where c.relnamespace = 'wardgraph'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition and c.relname <> 'events'";
    let mut found = Vec::new();
    for row in client.query(tables, &[]).await.unwrap() {
        let table: String = row.get(0);
        let sql = format!("select count(*) from wardgraph.{table} t where t::text like '%{id}%'");
        if client.query_one(&sql, &[]).await.unwrap().get::<_, i64>(0) > 0 {
            found.push(table);
        }
    }
    found.sort();
    found
}

async fn told(caller: &Caller, event: &str) -> usize {
    caller.events().await.iter().filter(|e| e["type"] == event).count()
}

#[tokio::test]
async fn a_deleted_node_is_met_by_no_read_and_its_external_id_is_free() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let body = json!({ "classes": ["A"], "props": { "text": "a wombat in the garden" }, "external_id": "wombat" });
    let id = owner.post("/nodes", &body).await.created()["id"].as_str().unwrap().to_owned();
    let other = node(&owner, "another animal").await;
    edge(&owner, &id, "SEES", &other).await;
    owner.patch(&format!("/nodes/{id}"), &json!({ "props": { "n": 1 } })).await.ok();
    app.embed_everything().await;
    assert_eq!(owner.delete(&format!("/nodes/{id}")).await.status, 204);
    for path in [format!("/nodes/{id}"), format!("/nodes/{id}/versions")] {
        owner.get(&path).await.problem(404);
    }
    owner.patch(&format!("/nodes/{id}"), &json!({})).await.problem(404);
    owner.put(&format!("/nodes/{id}"), &body).await.problem(404);
    owner.delete(&format!("/nodes/{id}")).await.problem(404);
    owner.post(&format!("/nodes/{id}/restore"), &json!({ "version": 1 })).await.problem(404);
    for path in
        ["/nodes".to_owned(), "/nodes?external_id=wombat".into(), "/edges".into(), format!("/edges?node_id={other}&direction=in")]
    {
        let list = owner.get(&path).await;
        assert!(!list.text.contains(&id), "{path}: {}", list.text);
    }
    for mode in ["text", "vector", "hybrid"] {
        let found = owner.post("/search", &json!({ "query": "wombat in the garden", "mode": mode })).await;
        assert!(!found.text.contains(&id), "{mode}: {}", found.text);
    }
    owner.post("/edges", &json!({ "src": other, "rel": "R", "dst": id })).await.problem(422);
    let again = owner.post("/nodes", &body).await.created();
    assert_ne!(again["id"], id);
    restore(&owner, &id).await.problem(409);
    assert_eq!(owner.delete(&format!("/nodes/{}", again["id"].as_str().unwrap())).await.status, 204);
    assert_eq!(restore(&owner, &id).await.ok()["external_id"], "wombat");
}

#[tokio::test]
async fn a_node_comes_back_as_it_was_with_the_edges_whose_other_end_is_there() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let (hub, leaf, lost) = (node(&owner, "the hub of it all").await, node(&owner, "a leaf").await, node(&owner, "lost").await);
    let (out, own, gone) =
        (edge(&owner, &hub, "OUT", &leaf).await, edge(&owner, &hub, "SELF", &hub).await, edge(&owner, &lost, "IN", &hub).await);
    owner.patch(&format!("/nodes/{hub}"), &json!({ "metadata": { "seen": true } })).await.ok();
    app.embed_everything().await;
    let (before, edges_before) = (owner.get(&format!("/nodes/{hub}")).await.ok(), edges(&owner).await);
    owner.delete(&format!("/nodes/{hub}")).await;
    owner.delete(&format!("/nodes/{lost}")).await;
    app.clock.advance(Duration::from_secs(60));
    let back = restore(&owner, &hub).await.ok();
    for field in ["id", "classes", "props", "metadata", "external_id", "created_at"] {
        assert_eq!(back[field], before[field], "{field}");
    }
    assert_eq!((&back["version"], &back["embedding_status"]), (&json!(3), &json!("queued")));
    let kept: Vec<_> = edges_before.iter().filter(|e| e["id"] != gone.as_str()).cloned().collect();
    assert_eq!(edges(&owner).await, kept, "with their ids, props and times");
    assert_eq!((told(&owner, "edge.restored").await, told(&owner, "node.restored").await), (2, 1));
    // The edge that waited comes with its other end.
    restore(&owner, &lost).await.ok();
    assert_eq!(edges(&owner).await, edges_before);
    let versions = owner.get(&format!("/nodes/{hub}/versions")).await.ok();
    let numbers: Vec<_> = versions["versions"].as_array().unwrap().iter().map(|v| v["version"].as_i64().unwrap()).collect();
    assert_eq!(numbers, [3, 2, 1], "what it was before it was deleted is kept too");
    app.embed_everything().await;
    let found = owner.post("/search", &json!({ "query": "hub of it all", "mode": "vector" })).await.ok();
    assert_eq!(found["results"][0]["id"], hub.as_str());
    restore(&owner, &hub).await.problem(409);
    let _ = (out, own);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_that_bring_a_node_back_one_does() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let id = node(&owner, "wanted").await;
    for round in 0..5 {
        owner.delete(&format!("/nodes/{id}")).await;
        let mut told: Vec<_> =
            futures_util::future::join_all((0..5).map(async |_| restore(&owner, &id).await.status.as_u16())).await;
        told.sort_unstable();
        assert_eq!(told, [200, 409, 409, 409, 409], "round {round}");
    }
    // A deletion and a change, at once: one after the other, whichever comes first.
    for _ in 0..5 {
        let path = format!("/nodes/{id}");
        let patch = json!({ "props": { "n": 1 } });
        let (patched, deleted) = tokio::join!(owner.patch(&path, &patch), owner.delete(&path));
        assert_eq!(deleted.status, 204);
        assert!(matches!(patched.status.as_u16(), 200 | 404), "{}", patched.text);
        restore(&owner, &id).await.ok();
    }
}

#[tokio::test]
async fn nothing_is_left_of_a_node_that_is_deleted_hard() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let client = app.database.behind_the_scenes().await;
    for in_grace in [false, true] {
        let (id, other) = (node(&owner, "to be forgotten").await, node(&owner, "stays").await);
        edge(&owner, &id, "R", &other).await;
        edge(&owner, &other, "R", &id).await;
        app.embed_everything().await;
        owner.patch(&format!("/nodes/{id}"), &json!({ "props": { "text": "not embedded yet" } })).await.ok();
        assert_eq!(traces(&client, &id).await, ["edges", "embedding_history", "embeddings", "jobs", "node_versions", "nodes"]);
        if in_grace {
            owner.delete(&format!("/nodes/{id}")).await;
            assert_eq!(
                traces(&client, &id).await,
                ["deleted_edges", "deleted_embeddings", "deleted_nodes", "embedding_history", "jobs", "node_versions"]
            );
        }
        let reply = owner.delete(&format!("/nodes/{id}?hard=true")).await;
        assert_eq!(reply.status, 204, "{}", reply.text);
        assert_eq!(traces(&client, &id).await, [""; 0]);
        restore(&owner, &id).await.problem(404);
        owner.delete(&format!("/nodes/{id}?hard=true")).await.problem(404);
        owner.get(&format!("/nodes/{other}")).await.ok();
    }
    assert_eq!((told(&owner, "node.deleted").await, told(&owner, "node.purged").await), (2, 2));
    owner.delete(&format!("/nodes/{}?hard=perhaps", node(&owner, "x").await)).await.problem(400);
}

#[tokio::test]
async fn only_what_is_past_its_grace_period_is_purged() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let client = app.database.behind_the_scenes().await;
    let (early, late, back, there) =
        (node(&owner, "early").await, node(&owner, "late").await, node(&owner, "back").await, node(&owner, "there").await);
    edge(&owner, &early, "R", &there).await;
    owner.delete(&format!("/nodes/{early}")).await;
    owner.delete(&format!("/nodes/{back}")).await;
    restore(&owner, &back).await.ok();
    app.clock.advance(Duration::from_secs(3600));
    let owner = app.owner("tenant-a");
    owner.delete(&format!("/nodes/{late}")).await;
    app.purge_everything().await;
    assert_eq!(traces(&client, &early).await, ["deleted_edges", "deleted_nodes", "jobs"], "not yet");
    app.clock.advance(GRACE - Duration::from_secs(3600));
    // Past its time it cannot be brought back, purged or not.
    let owner = app.owner("tenant-a");
    restore(&owner, &early).await.problem(404);
    app.purge_everything().await;
    assert_eq!(traces(&client, &early).await, [""; 0]);
    assert!(!traces(&client, &late).await.is_empty());
    for kept in [&back, &there] {
        owner.get(&format!("/nodes/{kept}")).await.ok();
    }
    restore(&owner, &late).await.ok();
    owner.delete(&format!("/nodes/{late}")).await;
    app.clock.advance(GRACE);
    app.purge_everything().await;
    assert_eq!(traces(&client, &late).await, [""; 0]);
    let purged: Vec<_> = app.owner("tenant-a").events().await.into_iter().filter(|e| e["type"] == "node.purged").collect();
    assert_eq!(purged.len(), 2);
    assert!(purged.iter().all(|e| e["actor_id"] == "purge" && e["actor_type"] == "system"), "{purged:?}");
    let jobs = client.query_one("select count(*) from wardgraph.jobs where kind = 'purge'", &[]).await.unwrap();
    assert_eq!(jobs.get::<_, i64>(0), 0, "a tenant without deleted nodes has no purge");
}

#[tokio::test]
async fn a_purge_of_thousands_goes_on_where_it_stopped() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let client = app.database.behind_the_scenes().await;
    let id = node(&owner, "the first of many").await;
    owner.delete(&format!("/nodes/{id}")).await;
    let many = "insert into wardgraph.deleted_nodes select tenant_id, gen_random_uuid(), null, classes, props, payload_ref, metadata, refresh_policy, triggers, version, content,
                  size_bytes, created_at, updated_at, deleted_at, purge_at from wardgraph.deleted_nodes, generate_series(1, 4500)";
    client.batch_execute(many).await.unwrap();
    let neighbour = app.owner("tenant-b");
    let theirs = node(&neighbour, "theirs").await;
    neighbour.delete(&format!("/nodes/{theirs}")).await;
    app.clock.advance(GRACE);
    app.purge_everything().await;
    let left = client.query_one(
        "select (select count(*) from wardgraph.deleted_nodes), (select count(*) from wardgraph.jobs where kind = 'purge')",
        &[],
    );
    let left = left.await.unwrap();
    assert_eq!((left.get::<_, i64>(0), left.get::<_, i64>(1)), (0, 0));
    let told = "select tenant_id, count(distinct subject) from wardgraph.events where type = 'node.purged' group by 1 order by 1";
    let told: Vec<(String, i64)> = client.query(told, &[]).await.unwrap().iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(told, [("tenant-a".to_owned(), 4501), ("tenant-b".to_owned(), 1)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_ends_of_an_edge_that_come_back_at_once_bring_it_along() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let (a, b, c) = (node(&owner, "a").await, node(&owner, "b").await, node(&owner, "c").await);
    for (src, dst) in [(&a, &b), (&b, &c), (&c, &a)] {
        edge(&owner, src, "R", dst).await;
    }
    let before = edges(&owner).await;
    for round in 0..10 {
        for id in [&a, &b, &c] {
            assert_eq!(owner.delete(&format!("/nodes/{id}")).await.status, 204);
        }
        let (one, two, three) = tokio::join!(restore(&owner, &a), restore(&owner, &b), restore(&owner, &c));
        for reply in [one, two, three] {
            assert_eq!(reply.status, 200, "{}", reply.text);
        }
        assert_eq!(edges(&owner).await, before, "round {round}");
    }
    // An end that goes while the other comes back: the edge waits or goes with it.
    for _ in 0..5 {
        owner.delete(&format!("/nodes/{a}")).await;
        let path = format!("/nodes/{b}");
        let (back, gone) = tokio::join!(restore(&owner, &a), owner.delete(&path));
        assert_eq!((back.status.as_u16(), gone.status.as_u16()), (200, 204), "{}", back.text);
        restore(&owner, &b).await.ok();
        assert_eq!(edges(&owner).await, before);
    }
}

#[tokio::test]
async fn of_two_that_bring_back_the_ends_of_an_edge_the_second_waits_for_the_first() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let (a, b) = (node(&owner, "a").await, node(&owner, "b").await);
    edge(&owner, &a, "R", &b).await;
    for id in [&a, &b] {
        owner.delete(&format!("/nodes/{id}")).await;
    }
    // Whoever holds the other end is waited for.
    let mut client = app.database.behind_the_scenes().await;
    let held = client.transaction().await.unwrap();
    let hold = format!("select from wardgraph.deleted_nodes where node_id = '{b}' for update");
    assert_eq!(held.query(&hold, &[]).await.unwrap().len(), 1);
    let watcher = app.database.behind_the_scenes().await;
    let back = async { restore(&owner, &a).await.ok() };
    let freed = async {
        let waits = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
        while watcher.query_one(waits, &[]).await.unwrap().get::<_, i64>(0) == 0 {
            tokio::task::yield_now().await;
        }
        held.commit().await.unwrap();
    };
    let both = async { tokio::join!(back, freed) };
    tokio::time::timeout(Duration::from_secs(60), both).await.expect("the second waits");
    assert_eq!(edges(&owner).await.len(), 0);
    restore(&owner, &b).await.ok();
    assert_eq!(edges(&owner).await.len(), 1);
}

#[tokio::test]
async fn a_node_with_too_many_waiting_edges_stays_deleted_and_says_what_to_do() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let client = app.database.behind_the_scenes().await;
    let (hub, leaf) = (node(&owner, "hub").await, node(&owner, "leaf").await);
    owner.delete(&format!("/nodes/{hub}")).await;
    let park = format!(
        "insert into wardgraph.deleted_edges (tenant_id, edge_id, src, rel, dst, props, created_at, size_bytes)
         select 'tenant-a', gen_random_uuid(), '{hub}', 'R' || n, '{leaf}', '{{}}', now(), 2 from generate_series(1, 10001) n"
    );
    client.batch_execute(&park).await.unwrap();
    let problem = restore(&owner, &hub).await.problem(409);
    assert!(problem["detail"].as_str().unwrap().contains("bring those back after it"), "{problem}");
    owner.get(&format!("/nodes/{hub}")).await.problem(404);
    // As it says: without the other end nothing comes along.
    owner.delete(&format!("/nodes/{leaf}")).await;
    restore(&owner, &hub).await.ok();
    client.batch_execute("delete from wardgraph.deleted_edges where rel = 'R1'").await.unwrap();
    restore(&owner, &leaf).await.ok();
    assert_eq!(client.query_one("select count(*) from wardgraph.edges", &[]).await.unwrap().get::<_, i64>(0), 10_000);
}

/// Gives a node very many versions.
pub(crate) async fn with_versions(client: &Client, id: &str, many: i32) {
    let versions = format!(
        "insert into wardgraph.node_versions (tenant_id, node_id, version, classes, props, metadata, refresh_policy, triggers, size_bytes,
                                              written_at, superseded_at)
         select tenant_id, node_id, n, '{{A}}', '{{}}', '{{}}', '{{}}', '[]', 10, now(), now() from wardgraph.nodes, generate_series(1, {many}) n
         where node_id = '{id}';
         update wardgraph.nodes set version = {many} + 1 where node_id = '{id}'"
    );
    client.batch_execute(&versions).await.unwrap();
}

pub(crate) async fn versions_of(client: &Client, id: &str) -> i64 {
    let count = format!("select count(*) from wardgraph.node_versions where node_id = '{id}'");
    client.query_one(&count, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn of_a_node_that_changes_for_ever_the_latest_thousand_states_are_kept() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let client = app.database.behind_the_scenes().await;
    let (id, other) = (node(&owner, "changes").await, node(&owner, "changes less").await);
    with_versions(&client, &id, 1_200).await;
    with_versions(&client, &other, 999).await;
    for _ in 0..2 {
        owner.patch(&format!("/nodes/{id}"), &json!({ "metadata": { "n": versions_of(&client, &id).await } })).await.ok();
        assert_eq!(versions_of(&client, &id).await, 1_000);
    }
    let newest = owner.get(&format!("/nodes/{id}/versions?limit=2")).await.ok();
    assert_eq!((&newest["versions"][0]["version"], &newest["versions"][1]["version"]), (&json!(1_203), &json!(1_202)));
    owner.patch(&format!("/nodes/{other}"), &json!({ "metadata": { "n": 1 } })).await.ok();
    assert_eq!(versions_of(&client, &other).await, 1_000, "no other node's, and none too early");
    owner.post(&format!("/nodes/{id}/restore"), &json!({ "version": 202 })).await.problem(422);
    owner.post(&format!("/nodes/{id}/restore"), &json!({ "version": 203 })).await.ok();
}

#[tokio::test]
async fn a_purge_of_many_versions_goes_in_portions_and_ends() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let client = app.database.behind_the_scenes().await;
    for n in 0..12 {
        let id = node(&owner, &format!("number {n}")).await;
        with_versions(&client, &id, 1_000).await;
        owner.delete(&format!("/nodes/{id}")).await;
    }
    app.clock.advance(GRACE);
    app.purge_everything().await;
    let left = "select (select count(*) from wardgraph.deleted_nodes), (select count(*) from wardgraph.node_versions),
                       (select count(*) from wardgraph.jobs where kind = 'purge')";
    let left = client.query_one(left, &[]).await.unwrap();
    assert_eq!((left.get::<_, i64>(0), left.get::<_, i64>(1), left.get::<_, i64>(2)), (0, 0, 0));
}
