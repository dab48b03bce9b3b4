//! Searches with a filter in tenants that have an index: it is asked where many nodes pass, and where few pass these are compared.

use tokio_postgres::{Client, SimpleQueryMessage};
use wardgraph_store::Role;
use wardgraph_testkit::App;

use crate::tiers;

/// So many count as few here, so that no test has to plant thousands.
const FEW: usize = 20;
const TOPICS: usize = 8;

async fn lines(client: &Client, text: &str) -> Vec<String> {
    let rows = client.simple_query(text).await.unwrap();
    let first = |message: SimpleQueryMessage| match message {
        SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap().to_owned()),
        _ => None,
    };
    rows.into_iter().filter_map(first).collect()
}

/// The ten that a search by this route finds with this filter, and whether it asked an index.
async fn searched(app: &App, client: &Client, tenant: &str, route: &str, filter: &str, query: &[f32]) -> (Vec<String>, bool) {
    let name = format!("graph.search.vector.{route}.filtered");
    let sql = app.routes.searches().statements().find(|statement| statement.name == name).unwrap().sql;
    let sql = sql.replace("5000", &FEW.to_string());
    let begin = format!(
        "begin; set local app.current_tenant_id = '{tenant}'; set local plan_cache_mode = force_custom_plan; set local enable_sort = off"
    );
    client.batch_execute(&begin).await.unwrap();
    client.batch_execute(&format!("deallocate all; prepare asked as {sql}")).await.unwrap();
    let asked = format!("execute asked('{tenant}', 10, 1000000, 0, 0, now(), 10, '{}', '{query:?}', '{filter}')", tiers::MODEL);
    let found = lines(client, &asked).await;
    let plan = lines(client, &format!("explain (analyze, costs off, timing off, summary off, buffers off) {asked}")).await;
    client.batch_execute("rollback").await.unwrap();
    let of_an_index = |line: &&String| line.contains("Index Scan using") && (line.contains("_hnsw_") || line.contains("_own_"));
    let scan = plan.iter().find(of_an_index).unwrap_or_else(|| panic!("{plan:#?}"));
    (found, !scan.contains("never executed"))
}

#[tokio::test]
async fn an_index_is_asked_where_a_filter_lets_many_pass_and_few_are_compared() {
    let app = tiers::app(50, 300).await;
    let planted = app.database.behind_the_scenes().await;
    for (tenant, count) in [("tenant-a", 250), ("tenant-b", 500)] {
        tiers::plant(&planted, tenant, TOPICS, 0..count).await;
    }
    while app.keeper.turn().await.unwrap() > 0 {}
    let client = app.database.connect_as(Role::App).await;
    client.batch_execute("set search_path = wardgraph, public; set jit = off").await.unwrap();
    for (tenant, count, route) in [("tenant-a", 250, "graph"), ("tenant-b", 500, "own")] {
        for number in 0..5 {
            let query = tiers::vector(number % TOPICS, 10_000 + number);
            let all = r#"{"created_after": "2000-01-01T00:00:00Z"}"#;
            let (found, by_index) = searched(&app, &client, tenant, route, all, &query).await;
            let truth = tiers::nearest(tenant, TOPICS, count, &query, 10, false);
            assert!(by_index, "{route}");
            assert!(
                found.len() == 10 && truth.iter().filter(|id| found.contains(id)).count() >= 9,
                "{route}: {found:?} {truth:?}"
            );
            let rare = r#"{"classes": "{Rare}"}"#;
            let (found, by_index) = searched(&app, &client, tenant, route, rare, &query).await;
            assert_eq!((found, by_index), (tiers::nearest(tenant, TOPICS, count, &query, 10, true), false), "{route}");
        }
    }
}
