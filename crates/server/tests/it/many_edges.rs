//! Erasing, purging and bringing back nodes with very many edges: in steps that end, and without holding as many nodes.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use wardgraph_gate::SystemParts;
use wardgraph_graph::purge;
use wardgraph_kernel::{Clock, SystemChance, TenantId, Write};
use wardgraph_store::Timeouts;
use wardgraph_testkit::{App, AppOptions, GRACE};

/// Deleted nodes of tenant-a, each with edges that wait for it and for its neighbour.
async fn deleted(app: &App, nodes: usize, edges: usize) {
    let owner = app.owner("tenant-a");
    let client = app.database.behind_the_scenes().await;
    for n in 0..nodes {
        let id = owner.create_node(&format!("number {n}")).await.created()["id"].as_str().unwrap().to_owned();
        assert_eq!(owner.delete(&format!("/nodes/{id}")).await.status, 204);
    }
    let park = format!(
        "with d as (select node_id, lead(node_id, 1, node_id) over (order by node_id) as other from wardgraph.deleted_nodes)
         insert into wardgraph.deleted_edges (tenant_id, edge_id, src, rel, dst, props, created_at, size_bytes)
         select 'tenant-a', gen_random_uuid(), d.node_id, 'R' || n, d.other, '{{}}', now(), 2 from d, generate_series(1, {edges}) n"
    );
    client.batch_execute(&park).await.unwrap();
}

async fn left(app: &App) -> (i64, i64, i64) {
    let client = app.database.behind_the_scenes().await;
    let left = "select (select count(*) from wardgraph.deleted_nodes), (select count(*) from wardgraph.deleted_edges),
                       (select count(*) from wardgraph.jobs where kind = 'purge')";
    let row = client.query_one(left, &[]).await.unwrap();
    (row.get(0), row.get(1), row.get(2))
}

#[tokio::test]
async fn a_purge_takes_edges_in_steps_before_the_nodes_and_ends() {
    let app = App::start().await;
    deleted(&app, 12, 3_000).await;
    // What waits for nobody who is purged stays.
    let client = app.database.behind_the_scenes().await;
    let other = "insert into wardgraph.deleted_edges (tenant_id, edge_id, src, rel, dst, props, created_at, size_bytes)
                 select 'tenant-a', gen_random_uuid(), gen_random_uuid(), 'OTHER', gen_random_uuid(), '{}', now(), 2 from generate_series(1, 7)";
    client.batch_execute(other).await.unwrap();
    let system = SystemParts { store: app.store.clone(), clock: app.clock.clone(), chance: Arc::new(SystemChance) };
    let step = async || {
        let mut work = system.work::<Write>("test", TenantId::parse("tenant-a").unwrap()).unwrap();
        let erased = purge::purge(&mut work.tx(), 200, app.clock.now()).await.unwrap();
        work.commit(Vec::new()).await.unwrap();
        erased
    };
    assert!(step().await.is_nothing(), "nothing before its time");
    app.clock.advance(GRACE);
    let (mut edges, mut steps) = (0, 0);
    let last = loop {
        let erased = step().await;
        assert!(erased.edges <= 5_000, "{} edges in one step", erased.edges);
        (edges, steps) = (edges + erased.edges, steps + 1);
        if !erased.nodes.is_empty() {
            break erased;
        }
    };
    assert!((8..=16).contains(&steps), "{steps} steps");
    assert_eq!((last.nodes.len(), edges), (12, 36_000));
    assert_eq!(left(&app).await, (0, 7, 1));
    app.purge_everything().await;
    assert_eq!(left(&app).await, (0, 7, 0));
}

#[tokio::test]
async fn a_purge_that_takes_too_long_takes_less_until_it_gets_on() {
    let timeouts = Timeouts { statement: Duration::from_millis(500), ..Timeouts::default() };
    let app = App::with(AppOptions { timeouts, ..AppOptions::default() }).await;
    deleted(&app, 3, 200).await;
    let slow = "create function wardgraph.slowly() returns trigger language plpgsql as $$ begin perform pg_sleep(0.003); return old; end $$;
                create trigger slowly before delete on wardgraph.deleted_edges for each row execute function wardgraph.slowly()";
    app.database.behind_the_scenes().await.batch_execute(slow).await.unwrap();
    app.clock.advance(GRACE);
    app.purge_everything().await;
    assert_eq!(left(&app).await, (0, 0, 0));
}

#[tokio::test]
async fn who_brings_back_a_node_with_very_many_waiting_edges_waits_for_a_line_and_not_for_each_end() {
    let long = Duration::from_mins(2);
    let timeouts = Timeouts { statement: long, transaction: long, ..Timeouts::default() };
    let app = App::with(AppOptions { timeouts, ..AppOptions::default() }).await;
    let owner = app.owner("tenant-a");
    let mut ids = Vec::new();
    for text in ["many edges", "few edges"] {
        let id = owner.create_node(text).await.created()["id"].as_str().unwrap().to_owned();
        assert_eq!(owner.delete(&format!("/nodes/{id}")).await.status, 204);
        ids.push(id);
    }
    let [many, few] = [&ids[0], &ids[1]];
    let mut client = app.database.behind_the_scenes().await;
    let watcher = app.database.behind_the_scenes().await;
    for (id, edges) in [(many, 10_001), (few, 10_000)] {
        let park = format!(
            "insert into wardgraph.deleted_edges (tenant_id, edge_id, src, rel, dst, props, created_at, size_bytes)
             select 'tenant-a', gen_random_uuid(), '{id}', 'R', gen_random_uuid(), '{{}}', now(), 2 from generate_series(1, {edges})"
        );
        client.batch_execute(&park).await.unwrap();
    }
    // As somebody who brings another node of the tenant back.
    let other = client.transaction().await.unwrap();
    let in_line = "select pg_advisory_xact_lock_shared(
                     ('x' || left(encode(sha256('restored nodes of tenant-a'), 'hex'), 16))::bit(64)::bigint)";
    other.batch_execute(in_line).await.unwrap();
    let restoring = tokio::spawn({
        let (owner, path) = (owner.clone(), format!("/nodes/{many}/restore"));
        async move { owner.post(&path, &json!({})).await }
    });
    let waiting = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and wait_event = 'advisory'";
    while watcher.query(waiting, &[]).await.unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(!restoring.is_finished());
    other.commit().await.unwrap();
    restoring.await.unwrap().ok();
    // Those with few stand in line beside each other.
    let other = client.transaction().await.unwrap();
    other.batch_execute(in_line).await.unwrap();
    owner.post(&format!("/nodes/{few}/restore"), &json!({})).await.ok();
    other.rollback().await.unwrap();
    for id in &ids {
        owner.get(&format!("/nodes/{id}")).await.ok();
    }
}

#[tokio::test]
async fn a_node_with_very_many_edges_is_erased_at_once_and_its_edges_in_steps() {
    const MANY: i64 = 12_000;
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let client = app.database.behind_the_scenes().await;
    let body = json!({ "classes": ["A"], "props": { "text": "zanzibar" }, "external_id": "hub" });
    let hub = owner.post("/nodes", &body).await.created()["id"].as_str().unwrap().to_owned();
    let leaf = owner.create_node("leaf").await.created()["id"].as_str().unwrap().to_owned();
    owner.patch(&format!("/nodes/{hub}"), &json!({ "metadata": { "n": 1 } })).await.ok();
    app.embed_everything().await;
    let edges = format!(
        "insert into wardgraph.edges select 'tenant-a', gen_random_uuid(), '{hub}', 'R' || n, '{leaf}', '{{}}', now() from generate_series(1, {MANY}) n"
    );
    client.batch_execute(&edges).await.unwrap();
    let count = async |sql: &str| client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0);
    let told = async |event: &str| {
        count(&format!("select count(*) from wardgraph.events where type = '{event}' and outcome = 'success'")).await
    };
    let path = format!("/nodes/{hub}");
    owner.delete(&path).await.problem(409);
    app.owner("tenant-b").delete(&format!("{path}?hard=true")).await.problem(404);
    assert_eq!(owner.delete(&format!("{path}?hard=true")).await.status, 204);

    // Nothing of it is read, found or brought back, and nothing of what it was is kept.
    owner.get(&path).await.problem(404);
    owner.get(&format!("{path}/versions")).await.problem(404);
    owner.post(&format!("{path}/restore"), &json!({})).await.problem(404);
    owner.delete(&format!("{path}?hard=true")).await.problem(404);
    assert_eq!(owner.get("/edges").await.ok()["count"], 0);
    assert_eq!(owner.get("/nodes/deleted").await.ok()["count"], 0);
    for table in ["nodes", "node_versions", "embeddings", "deleted_embeddings", "embedding_history"] {
        let left = count(&format!("select count(*) from wardgraph.{table} where node_id = '{hub}'")).await;
        assert_eq!(left, 0, "{table}");
    }
    assert_eq!(count("select count(*) from wardgraph.deleted_nodes d where d::text like '%zanzibar%'").await, 0);
    assert_eq!(owner.post("/nodes", &body).await.created()["version"], 1, "its external id is free");
    assert_eq!((told("node.purged").await, told("node.deleted").await, told("edge.deleted").await), (1, 1, 0));

    // The purge is due now, tells of each edge once, and of the node not again.
    app.purge_everything().await;
    assert_eq!(left(&app).await, (0, 0, 0));
    assert_eq!((told("node.purged").await, told("edge.deleted").await), (1, MANY));
    let each = "select count(distinct subject) from wardgraph.events where type = 'edge.deleted'";
    assert_eq!(count(each).await, MANY);
    owner.get(&format!("/nodes/{leaf}")).await.ok();
}
