//! A tenant that came after the statistics were gathered: the planner takes it that it has no rows, and what it asks for is found all the same.

use serde_json::json;

use crate::tiers;

/// So many that looking through all of them for each of them takes longer than a statement may.
const NODES: usize = 4_000;

const HABITS: &str = "
    alter table wardgraph.nodes set (autovacuum_enabled = false);
    alter table wardgraph.edges set (autovacuum_enabled = false);
    do $$ declare part text; begin
      for part in select relname from pg_class where relname ~ '^embeddings_p[0-9]+$' loop
        execute format('alter table wardgraph.%I set (autovacuum_enabled = false)', part);
      end loop; end $$;";

/// Edges from one node of a tenant to all the others, so many times.
fn star(tenant: &str, times: usize) -> String {
    let (hub, first) = (tiers::id(tenant, 0), tiers::id(tenant, 1));
    format!(
        "insert into wardgraph.edges (tenant_id, edge_id, src, rel, dst, props, created_at)
         select '{tenant}', gen_random_uuid(), '{hub}', 'R' || time, node_id, '{{}}', now()
         from wardgraph.nodes, generate_series(1, {times}) time where tenant_id = '{tenant}' and node_id >= '{first}'"
    )
}

#[tokio::test]
async fn a_tenant_younger_than_the_statistics_searches_and_changes_its_graph_like_any() {
    let app = tiers::app(5_000, 50_000).await;
    let client = app.database.behind_the_scenes().await;
    client.batch_execute(HABITS).await.unwrap();
    tiers::plant(&client, "tenant-a", 8, 0..500).await;
    client.batch_execute(&star("tenant-a", 1)).await.unwrap();
    client.batch_execute("analyze wardgraph.nodes, wardgraph.edges, wardgraph.embeddings").await.unwrap();
    tiers::plant(&client, "tenant-b", 8, 0..NODES).await;
    client.batch_execute(&star("tenant-b", 3)).await.unwrap();

    let owner = app.owner("tenant-b");
    let query = tiers::vector(0, 10_000);
    for filter in [json!({ "classes": ["Plain"] }), json!({ "filter": { "props": { "n": 77 } } })] {
        for mode in ["vector", "hybrid"] {
            let mut request = json!({ "mode": mode, "vector": query, "top_k": 5 });
            if mode == "hybrid" {
                request["query"] = json!("node");
            }
            request.as_object_mut().unwrap().extend(filter.as_object().unwrap().clone());
            let answer = owner.post("/search", &request).await.ok();
            assert_eq!(answer["count"], json!(if filter["filter"].is_null() { 5 } else { 1 }), "{mode}: {answer}");
        }
    }

    let hub = tiers::id("tenant-b", 0);
    let cleared = owner.delete(&format!("/nodes/{hub}/edges?limit=10000")).await.ok();
    assert_eq!(cleared["deleted"], json!(10_000), "{cleared}");
    client.batch_execute("delete from wardgraph.edges where tenant_id = 'tenant-b'").await.unwrap();
    client.batch_execute(&star("tenant-b", 2)).await.unwrap();
    assert_eq!(owner.delete(&format!("/nodes/{hub}")).await.status, 204);
    owner.post(&format!("/nodes/{hub}/restore"), &json!({})).await.ok();
    let back = client.query_one("select count(*) from wardgraph.edges where tenant_id = 'tenant-b'", &[]).await.unwrap();
    assert_eq!(usize::try_from(back.get::<_, i64>(0)).unwrap(), 2 * (NODES - 1));
}
