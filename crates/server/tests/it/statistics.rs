//! Tables that outgrow what the planner knows of them: it is told, and the plans that were kept are made anew.

use tokio_postgres::{Client, SimpleQueryMessage};
use wardgraph_store::Role;
use wardgraph_testkit::App;

use crate::tiers;

/// How the node's statement, prepared once and kept, is run now.
async fn plan(kept: &Client) -> String {
    let asked = format!("explain (costs off) execute asked ('tenant-a', '{}')", tiers::id("tenant-a", 3));
    let told = kept.simple_query(&asked).await.unwrap();
    let lines = told.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Plants nodes, and has the session say what it did at once.
async fn plant(client: &Client, numbers: std::ops::Range<usize>) {
    tiers::plant(client, "tenant-a", 8, numbers).await;
    client.batch_execute("select pg_stat_force_next_flush()").await.unwrap();
    client.batch_execute("select 1").await.unwrap();
}

#[tokio::test]
async fn a_plan_that_was_made_for_a_small_table_does_not_outlive_its_growth() {
    let app = App::start().await;
    let client = app.database.behind_the_scenes().await;
    // Autovacuum does the same, but a minute later.
    client.batch_execute("alter table wardgraph.nodes set (autovacuum_enabled = false)").await.unwrap();
    plant(&client, 0..20).await;
    client.batch_execute("analyze wardgraph.nodes").await.unwrap();
    let kept = app.database.connect_as(Role::App).await;
    let statements = wardgraph_server::wire::statements(app.routes.searches());
    let sql = statements.into_iter().find(|statement| statement.name == "graph.node.get").unwrap().sql;
    kept.batch_execute("set search_path = wardgraph, public; set plan_cache_mode = force_generic_plan").await.unwrap();
    kept.batch_execute("set app.current_tenant_id = 'tenant-a'").await.unwrap();
    kept.batch_execute(&format!("prepare asked as {sql}")).await.unwrap();
    assert!(plan(&kept).await.contains("Seq Scan on nodes"), "20 nodes are read through");

    plant(&client, 20..3_000).await;
    assert!(plan(&kept).await.contains("Seq Scan on nodes"), "nobody has told the planner");
    assert!(app.store.gather_statistics().await.unwrap() >= 1);
    let plan = plan(&kept).await;
    assert!(plan.contains("nodes_pkey") && !plan.contains("Seq Scan"), "{plan}");

    let known = "select reltuples::bigint from pg_class where oid = 'wardgraph.nodes'::regclass";
    assert_eq!(client.query_one(known, &[]).await.unwrap().get::<_, i64>(0), 3_000);
    plant(&client, 3_000..3_400).await;
    app.store.gather_statistics().await.unwrap();
    let now = client.query_one(known, &[]).await.unwrap().get::<_, i64>(0);
    assert_eq!(now, 3_000, "a table that has not doubled is left alone");
}

#[tokio::test]
async fn a_table_that_something_holds_is_passed_over() {
    let app = App::start().await;
    let client = app.database.behind_the_scenes().await;
    client.batch_execute("alter table wardgraph.nodes set (autovacuum_enabled = false)").await.unwrap();
    plant(&client, 0..300).await;
    // As the building of an index holds it, for half an hour.
    let holder = app.database.behind_the_scenes().await;
    holder.batch_execute("begin; lock table wardgraph.nodes in share update exclusive mode").await.unwrap();
    assert!(app.store.gather_statistics().await.unwrap() >= 1);
    holder.batch_execute("rollback").await.unwrap();
    let known = "select reltuples::bigint from pg_class where oid = 'wardgraph.nodes'::regclass";
    assert!(client.query_one(known, &[]).await.unwrap().get::<_, i64>(0) < 300);
    app.store.gather_statistics().await.unwrap();
    assert_eq!(client.query_one(known, &[]).await.unwrap().get::<_, i64>(0), 300);
}
