//! Faults of the replaced system that ours must not have, in the graph and in what is brought in: each test is named after its number.

use serde_json::json;
use wardgraph_testkit::App;

use crate::import::Bench;

/// Lineage of a graph with cycles: 12 edges among 4 nodes took 0.2 s at depth 8, 1.5 s at 10, and 11.4 s at 12, without a bound on the depth.
#[tokio::test]
async fn fault_28_lineage_has_a_cycle_guard_and_a_bound() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let mut ids = Vec::new();
    for name in ["a", "b", "c", "d"] {
        ids.push(owner.create_node(name).await.created()["id"].clone());
    }
    for src in &ids {
        for dst in ids.iter().filter(|dst| *dst != src) {
            owner.post("/edges", &json!({ "src": src, "rel": "DERIVED_FROM", "dst": dst })).await.created();
        }
    }
    let start = ids[0].as_str().unwrap();
    for depth in [8, 10, 12, 32] {
        let answer = owner.get(&format!("/lineage/{start}?max_depth={depth}")).await.ok();
        let mut found: Vec<_> =
            answer["ancestors"].as_array().unwrap().iter().map(|a| (a["id"].clone(), a["depth"].as_u64().unwrap())).collect();
        found.sort_by_key(|(id, _)| id.to_string());
        let mut others: Vec<_> = ids[1..].iter().map(|id| (id.clone(), 1)).collect();
        others.sort_by_key(|(id, _)| id.to_string());
        assert_eq!(found, others);
    }
    for depth in ["33", "1000000000", "-1", "0"] {
        owner.get(&format!("/lineage/{start}?max_depth={depth}")).await.problem(422);
    }
    for limit in ["-1", "0", "1000000"] {
        owner.get(&format!("/nodes?limit={limit}")).await.problem(422);
    }
}

/// What was deleted appears in no read, and is erased when its grace period is over: the node, its vectors, its versions and its jobs.
#[tokio::test]
async fn fault_31_what_is_deleted_is_found_by_nothing_and_erased_in_time() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let known = app.known(&owner).await;
    let path = format!("/nodes/{}", known.node);
    owner.patch(&path, &json!({ "props": { "text": "an unforgettable axolotl" } })).await.ok();
    app.embed_everything().await;
    assert_eq!(owner.delete(&path).await.status, 204);
    for mode in ["text", "vector", "hybrid"] {
        let found = owner.post("/search", &json!({ "query": "an unforgettable axolotl", "mode": mode })).await;
        assert!(!found.text.contains(&known.node.to_string()), "{mode}: {}", found.text);
    }
    for path in [path.as_str(), "/nodes", "/edges"] {
        assert!(!owner.get(path).await.text.contains("axolotl"), "{path}");
    }
    let client = app.database.behind_the_scenes().await;
    let left = async || {
        let tables = "select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
                      where c.relnamespace = 'wardgraph'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition and c.relname <> 'events' order by 1";
        let mut left = Vec::new();
        for row in client.query(tables, &[]).await.unwrap() {
            let table: String = row.get(0);
            let sql = format!(
                "select count(*) from wardgraph.{table} t where t::text like '%{}%' or t::text like '%axolotl%'",
                known.node
            );
            if client.query_one(&sql, &[]).await.unwrap().get::<_, i64>(0) > 0 {
                left.push(table);
            }
        }
        left
    };
    app.clock.advance(wardgraph_testkit::GRACE - std::time::Duration::from_secs(1));
    app.purge_everything().await;
    let kept = ["deleted_edges", "deleted_embeddings", "deleted_nodes", "embedding_history", "node_versions"];
    assert_eq!(left().await, kept, "it can still be brought back");
    app.clock.advance(std::time::Duration::from_secs(1));
    app.purge_everything().await;
    assert_eq!(left().await, [""; 0]);
}

/// What is brought in again is recognised, by the caller's own id and by nothing that the server made.
#[tokio::test(flavor = "multi_thread")]
async fn fault_32_what_is_brought_in_again_is_recognised_and_nothing_fails() {
    let bench = Bench::new().await;
    let line = |text: &str, more: &str| {
        format!(r#"{{"external_id": "s3://bucket/doc.txt", "classes": ["A"], "props": {{"text": "{text}"}}{more}}}"#)
    };
    bench.import(&bench.file("first.jsonl", line("first", "")), &[]).await.says(0, &["nodes: 1 created"]);
    let id = bench.node("s3://bucket/doc.txt").await["id"].clone();
    // The same under the server's own id, with other metadata alone, and with another text.
    let again = [line("first", &format!(r#", "id": {id}"#)), line("first", r#", "metadata": {"m": 1}"#), line("second", "")];
    bench
        .import(&bench.file("again.jsonl", again.join("\n")), &[])
        .await
        .says(0, &["nodes: 0 created, 3 there already", "rejected: 0"]);
    assert_eq!(bench.node("s3://bucket/doc.txt").await["id"], id);
    assert_eq!(bench.owner.get("/nodes").await.ok()["count"], 1);
}
