//! A tenant that came after the statistics were gathered: the planner takes it that it has no rows, and what it asks for is found all the same.

use serde_json::{Value, json};
use tokio_postgres::{Client, SimpleQueryMessage};
use wardgraph_store::Role;

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

/// How often each scan of nodes or vectors in the plan was made, under which name and by what.
fn scans(plan: &Value, found: &mut Vec<(f64, String)>) {
    match plan {
        Value::Array(plans) => plans.iter().for_each(|plan| scans(plan, found)),
        Value::Object(node) => {
            let of = |key: &str| node.get(key).and_then(Value::as_str).unwrap_or_default();
            if of("Relation Name") == "nodes" || of("Relation Name").starts_with("embeddings_p") {
                let by = format!("{} by {}: {}{}", of("Alias"), of("Index Name"), of("Index Cond"), of("Recheck Cond"));
                found.push((node["Actual Loops"].as_f64().unwrap(), by));
            }
            node.values().for_each(|value| scans(value, found));
        }
        _ => {}
    }
}

/// A tenant without a row, whose vectors would lie beside those of `tenant-a`, where there are statistics of others' rows.
async fn beside_the_known(client: &Client) -> String {
    let beside = "select 'tenant-n' || n from generate_series(1, 999) n, generate_series(0, 15) r
                  where satisfies_hash_partition('wardgraph.embeddings'::regclass, 16, r, 'tenant-a'::text)
                    and satisfies_hash_partition('wardgraph.embeddings'::regclass, 16, r, 'tenant-n' || n) limit 1";
    client.query_one(beside, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn single_vectors_and_nodes_of_a_tenant_younger_than_the_statistics_are_looked_up_by_their_keys() {
    let app = tiers::app(5_000, 50_000).await;
    let planted = app.database.behind_the_scenes().await;
    planted.batch_execute(HABITS).await.unwrap();
    tiers::plant(&planted, "tenant-a", 8, 0..500).await;
    planted.batch_execute("analyze wardgraph.nodes, wardgraph.embeddings").await.unwrap();
    let beside = beside_the_known(&planted).await;
    for tenant in [beside.as_str(), "tenant-b"] {
        tiers::plant(&planted, tenant, 8, 0..NODES / 2).await;
    }
    let client = app.database.connect_as(Role::App).await;
    client.batch_execute("set search_path = wardgraph, public; set jit = off").await.unwrap();
    for tenant in [beside.as_str(), "tenant-b"] {
        let begin = format!("begin; set local app.current_tenant_id = '{tenant}'; set local plan_cache_mode = force_custom_plan");
        client.batch_execute(&begin).await.unwrap();
        let (model, vector, filter) = (tiers::MODEL, tiers::vector(3, 7), r#"'{"classes": "{Plain}"}'"#);
        for (name, more) in [
            ("vector.exact.filtered", filter.to_owned()),
            ("hybrid.exact", "'node', 500".to_owned()),
            ("hybrid.exact.weighted", "'node', 500".to_owned()),
            ("hybrid.exact.filtered", format!("'node', 500, {filter}")),
        ] {
            let name = format!("graph.search.{name}");
            let sql = app.routes.searches().statements().find(|statement| statement.name == name).unwrap().sql;
            client.batch_execute(&format!("deallocate all; prepare asked as {sql}")).await.unwrap();
            let asked = format!(
                "explain (analyze, format json) execute asked('{tenant}', 100, 16777216, 0, 0, now(), 500, '{model}', '{vector:?}', {more})"
            );
            let plan: String = client.simple_query(&asked).await.unwrap().iter().filter_map(text).collect();
            let mut found = Vec::new();
            scans(&serde_json::from_str(&plan).unwrap(), &mut found);
            let often: Vec<_> = found.into_iter().filter(|(loops, _)| *loops > 1.0).collect();
            assert!(often.iter().any(|(loops, by)| *loops >= 10.0 && by.starts_with('e')), "{name}: {often:#?}");
            assert!(often.iter().all(|(_, by)| by.contains("node_id")), "{tenant}, {name}: {often:#?}");
        }
        client.batch_execute("rollback").await.unwrap();
    }
}

fn text(message: &SimpleQueryMessage) -> Option<&str> {
    match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    }
}
