//! What searches may not pay for: the policy once for each vector, a keeper that visits tenants without need, indexes that are searched in vain.

use wardgraph_graph::search::Route;
use wardgraph_store::{Role, guard};
use wardgraph_testkit::{App, AppOptions};

use crate::tiers;

#[tokio::test]
async fn security_of_vectors_is_a_condition_of_the_index_and_no_filter_of_each_row() {
    let app = tiers::app(1_000, 3_000).await;
    tiers::plant(&app.database.behind_the_scenes().await, "tenant-a", 8, 0..400).await;
    let client = app.database.connect_as(Role::App).await;
    client.batch_execute("set search_path = wardgraph, public; set jit = off").await.unwrap();
    let told = tiers::plan(&app, &client, "graph.search.vector.exact", "tenant-a", "tenant-a").await;
    let (_, of_vectors) = told.split_once("on embeddings_p").expect(&told);
    let vectors = of_vectors.split("->").next().unwrap();
    assert!(vectors.contains("actual rows=400") && vectors.contains("Index Cond: ((tenant_id = ANY (ARRAY[NULLIF("), "{told}");
    assert!(!vectors.contains("Filter"), "{told}");
}

#[tokio::test]
async fn a_tenant_waits_for_its_first_index_longer_than_one_that_has_an_index_waits_for_its_tail() {
    let app = App::with(AppOptions::default()).await;
    let client = app.database.behind_the_scenes().await;
    let space = |tenant: &str, route: Route, tail: i64| {
        format!(
            "insert into wardgraph.vector_spaces (tenant_id, model, route, tail, touched) values ('{tenant}', '{}', '{}', {tail}, 0)",
            tiers::MODEL,
            route.word()
        )
    };
    for (tenant, route, tail, due) in [
        ("tenant-a", Route::Exact, 5_000, 0),
        ("tenant-b", Route::Graph, 2_000, 0),
        ("tenant-c", Route::Graph, 2_001, 1),
        ("tenant-d", Route::Exact, 5_001, 1),
    ] {
        client.batch_execute(&space(tenant, route, tail)).await.unwrap();
        assert_eq!(app.keeper.turn().await.unwrap(), due, "{tenant}");
    }
}

#[tokio::test]
async fn indexes_of_before_take_what_comes_as_thoroughly_as_new_ones() {
    let app = tiers::app(50, 200).await;
    let client = app.database.behind_the_scenes().await;
    tiers::plant(&client, "tenant-a", 8, 0..100).await;
    tiers::plant(&client, "tenant-b", 8, 0..250).await;
    while app.keeper.turn().await.unwrap() > 0 {}
    let thorough = "select count(*) filter (where 'ef_construction=256' = any(reloptions)), count(*) from pg_class
                    where relname like '%\\_hnsw\\_%' or relname like '%\\_own\\_%'";
    let counted = async || client.query_one(thorough, &[]).await.map(|row| (row.get::<_, i64>(0), row.get::<_, i64>(1))).unwrap();
    assert_eq!(counted().await, (2, 2));
    // As they were before, and the migration once more.
    let before = "do $$ declare made text; begin
                    for made in select relname from pg_class where relname like '%\\_hnsw\\_%' or relname like '%\\_own\\_%' loop
                      execute format('alter index wardgraph.%I set (ef_construction = 128)', made);
                    end loop; end $$; set search_path = wardgraph, public";
    client.batch_execute(before).await.unwrap();
    assert_eq!(counted().await, (0, 2));
    client.batch_execute(include_str!("../../../store/migrations/0011_search_at_less_cost.sql")).await.unwrap();
    assert_eq!(counted().await, (2, 2));
    guard::check(&app.database.logins).await.unwrap();
}
