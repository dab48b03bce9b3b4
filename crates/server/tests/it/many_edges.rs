//! Purging nodes with very many edges: in steps that end.

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
async fn who_came_in_before_the_purge_brings_no_node_back_that_has_lost_edges() {
    let app = App::start().await;
    deleted(&app, 12, 3_000).await;
    let owner = app.owner("tenant-a");
    let listed = owner.get("/nodes/deleted").await.ok();
    let ids: Vec<&str> = listed["nodes"].as_array().unwrap().iter().map(|node| node["id"].as_str().unwrap()).collect();
    let system = SystemParts { store: app.store.clone(), clock: app.clock.clone(), chance: Arc::new(SystemChance) };
    // The worker's clock is ahead: for requests the grace period has a moment to go.
    let due = app.clock.now().saturating_add(GRACE).unwrap();
    let step = async || {
        let mut work = system.work::<Write>("test", TenantId::parse("tenant-a").unwrap()).unwrap();
        let erased = purge::purge(&mut work.tx(), 200, due).await.unwrap();
        work.commit(Vec::new()).await.unwrap();
        erased
    };
    let restore = async |id: &str| owner.post(&format!("/nodes/{id}/restore"), &json!({})).await;
    restore(ids[0]).await.ok();
    let erased = step().await;
    assert!(erased.nodes.is_empty() && erased.edges > 0, "{erased:?}");
    for id in &ids[1..] {
        restore(id).await.problem(404);
    }
    assert_eq!(owner.get("/nodes/deleted").await.ok()["count"], 0);
    assert_eq!(owner.delete(&format!("/nodes/{}?hard=true", ids[1])).await.status, 204, "at once, as before");
    while !step().await.is_nothing() {}
    owner.get(&format!("/nodes/{}", ids[0])).await.ok();
    // Those of the restored node go on waiting for the others, which were erased with what waited for them.
    assert_eq!((left(&app).await.0, left(&app).await.1), (0, 0));
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
