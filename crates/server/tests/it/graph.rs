//! The graph over HTTP: what is created can be read and listed, what is deleted takes its own along and leaves its events.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use wardgraph_testkit::{App, Caller};

async fn node(caller: &Caller, class: &str, text: &str) -> String {
    let new = json!({ "classes": [class], "props": { "text": text } });
    caller.post("/nodes", &new).await.created()["id"].as_str().unwrap().to_owned()
}

async fn edge(caller: &Caller, src: &str, rel: &str, dst: &str) -> String {
    let new = json!({ "src": src, "rel": rel, "dst": dst });
    caller.post("/edges", &new).await.created()["id"].as_str().unwrap().to_owned()
}

/// Every item of a list, page by page; and how many pages there were.
async fn pages(caller: &Caller, path: &str, field: &str) -> (Vec<Value>, usize) {
    let (mut items, mut cursor, mut count) = (Vec::new(), String::new(), 0);
    loop {
        let page = caller.get(&format!("{path}{cursor}")).await.ok();
        let found = page[field].as_array().unwrap();
        assert_eq!(page["count"], found.len());
        items.extend(found.iter().cloned());
        count += 1;
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return (items, count),
        }
    }
}

fn ids(items: &[Value]) -> Vec<&str> {
    items.iter().map(|item| item["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_node_is_read_as_it_was_created() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let new = json!({
        "classes": ["Document", "Ünïcode"], "props": { "text": "a fox 🦊", "n": -0.5, "big": 1e300, "list": [null, true, { "a": [] }] },
        "payload_ref": "s3://bucket/key", "metadata": { "source": "test" }, "refresh_policy": { "interval": "1h" },
        "triggers": [{ "name": "t", "threshold": 0.8 }], "external_id": "doc:1",
    });
    let created = owner.post("/nodes", &new).await.created();
    for (field, value) in new.as_object().unwrap() {
        assert_eq!(&created[field], value, "{field}");
    }
    assert_eq!(
        (&created["tenant_id"], &created["version"], &created["embedding_status"]),
        (&json!("tenant-a"), &json!(1), &json!("queued"))
    );
    let id = created["id"].as_str().unwrap();
    assert_eq!(id.as_bytes()[14], b'7', "{id} is no UUIDv7");
    assert_eq!(owner.get(&format!("/nodes/{id}")).await.ok(), created, "what was answered is not what was stored");
    let wordless = owner.post("/nodes", &json!({ "classes": ["A"], "props": { "n": 1 } })).await.created();
    assert_eq!(wordless["embedding_status"], "none");
    assert_eq!(
        (&wordless["external_id"], &wordless["payload_ref"], &wordless["metadata"]),
        (&Value::Null, &Value::Null, &json!({}))
    );
}

#[tokio::test]
async fn a_list_of_250_nodes_comes_whole_in_order_and_once() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let mut made = Vec::new();
    for batch in 0..5 {
        let item = |n: i32| json!({ "classes": [if n % 2 == 0 { "Even" } else { "Odd" }], "props": {}, "external_id": format!("{batch}-{n}") });
        let nodes: Vec<_> = (0..50).map(item).collect();
        let results = owner.post("/nodes/batch", &json!({ "nodes": nodes })).await.ok()["results"].clone();
        made.extend(results.as_array().unwrap().iter().map(|r| r["id"].as_str().unwrap().to_owned()));
        app.clock.advance(std::time::Duration::from_secs(1));
    }
    app.known(&app.owner("tenant-b")).await;
    for (limit, expected) in [(7, 36), (100, 3), (250, 1), (1_000, 1)] {
        let (nodes, count) = pages(&owner, &format!("/nodes?limit={limit}"), "nodes").await;
        assert_eq!((ids(&nodes), count), (made.iter().map(String::as_str).collect(), expected), "limit {limit}");
    }
    assert_eq!(owner.get("/nodes").await.ok()["count"], 100, "a page has 100 unless asked otherwise");
    let (even, _) = pages(&owner, "/nodes?class=Even&limit=30", "nodes").await;
    assert!(even.len() == 125 && even.iter().all(|node| node["classes"] == json!(["Even"])));
    assert_eq!(owner.get("/nodes?class=even").await.ok()["count"], 0);
    let one = owner.get("/nodes?external_id=3-17").await.ok();
    assert_eq!((&one["count"], &one["nodes"][0]["external_id"], &one["next_cursor"]), (&json!(1), &json!("3-17"), &Value::Null));
    assert_eq!(owner.get("/nodes?external_id=3-17&class=Even").await.ok()["count"], 0);
    assert_eq!(owner.get("/nodes?external_id=tenant-b").await.ok()["count"], 0);
}

#[tokio::test]
async fn a_node_that_is_deleted_takes_its_edges_and_vectors_along_and_leaves_events() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let (hub, other) = (node(&owner, "A", "the hub").await, node(&owner, "A", "another").await);
    let gone =
        [edge(&owner, &hub, "OUT", &other).await, edge(&owner, &other, "IN", &hub).await, edge(&owner, &hub, "SELF", &hub).await];
    let kept = edge(&owner, &other, "SELF", &other).await;
    app.embed_everything().await;
    let queued = node(&owner, "A", "still waits for its vector").await;
    let count = async |sql: &str| app.database.behind_the_scenes().await.query_one(sql, &[]).await.unwrap().get::<_, i64>(0);
    assert_eq!(count("select count(*) from wardgraph.embeddings").await, 2);

    let reply = owner.delete(&format!("/nodes/{hub}")).await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (204, ""));
    let request = reply.headers["x-request-id"].to_str().unwrap().to_owned();
    owner.get(&format!("/nodes/{hub}")).await.problem(404);
    owner.delete(&format!("/nodes/{hub}")).await.problem(404);
    assert_eq!(ids(owner.get("/edges").await.ok()["edges"].as_array().unwrap()), [kept.as_str()]);
    assert_eq!(count("select count(*) from wardgraph.embeddings").await, 1);

    let events = owner.get(&format!("/events?request_id={request}")).await.ok();
    let told: BTreeSet<(String, String)> = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| (e["type"].as_str().unwrap().to_owned(), e["subject"].as_str().unwrap().to_owned()))
        .collect();
    let mut expected: BTreeSet<_> = gone.into_iter().map(|id| ("edge.deleted".to_owned(), id)).collect();
    expected.extend([("node.deleted".to_owned(), hub), ("request.committed".to_owned(), "DeleteNode".to_owned())]);
    assert_eq!(told, expected);

    // A node that goes before its vector came leaves no work and no vector behind.
    owner.delete(&format!("/nodes/{queued}")).await;
    app.embed_everything().await;
    assert_eq!(count("select count(*) from wardgraph.jobs where kind = 'embed'").await, 0);
    assert_eq!(count("select count(*) from wardgraph.embeddings").await, 1);
}

#[tokio::test]
async fn an_edge_needs_two_nodes_of_the_tenant_and_is_there_once() {
    let app = App::start().await;
    let (owner, neighbour) = (app.owner("tenant-a"), app.owner("tenant-b"));
    let (a, b) = (node(&owner, "A", "a").await, node(&owner, "A", "b").await);
    let theirs = node(&neighbour, "A", "theirs").await;
    let nobody = "00000000-0000-7000-8000-000000000000".to_owned();
    for (src, dst, field) in [(&theirs, &a, "/src"), (&a, &theirs, "/dst"), (&nobody, &a, "/src"), (&a, &nobody, "/dst")] {
        let refused = owner.post("/edges", &json!({ "src": src, "rel": "R", "dst": dst })).await.problem(422);
        assert_eq!(refused["errors"][0]["field"], field);
    }
    let new = json!({ "src": a, "rel": "R", "dst": b, "props": { "since": 1999 } });
    let created = owner.post("/edges", &new).await.created();
    assert_eq!(
        (&created["tenant_id"], &created["props"], &created["rel"]),
        (&json!("tenant-a"), &json!({ "since": 1999 }), &json!("R"))
    );
    owner.post("/edges", &new).await.problem(409);
    edge(&owner, &a, "R2", &b).await;
    edge(&owner, &b, "R", &a).await;
    edge(&owner, &a, "R", &a).await;
    // The same triple is the neighbour's business too: no key of ours is in his way.
    edge(&neighbour, &theirs, "R", &theirs).await;
    assert_eq!(owner.get("/edges").await.ok()["edges"][0]["tenant_id"], "tenant-a");
    assert_eq!(owner.get("/edges").await.ok()["count"], 4);
}

#[tokio::test]
async fn edges_are_listed_by_node_direction_and_meaning() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let (hub, leaf) = (node(&owner, "A", "hub").await, node(&owner, "A", "leaf").await);
    let rels: Vec<_> = (0..30).map(|n| json!({ "src": hub, "rel": format!("R{n}"), "dst": leaf })).collect();
    owner.post("/edges/batch", &json!({ "edges": rels })).await.ok();
    let back = edge(&owner, &leaf, "R1", &hub).await;
    let count = async |query: &str| pages(&owner, &format!("/edges?{query}"), "edges").await.0.len();
    assert_eq!(count("limit=4").await, 31);
    assert_eq!(count(&format!("node_id={hub}&limit=7")).await, 30);
    assert_eq!(count(&format!("node_id={hub}&direction=out&limit=7")).await, 30);
    assert_eq!(count(&format!("node_id={leaf}&direction=in&limit=7")).await, 30);
    assert_eq!(count(&format!("node_id={leaf}&limit=7")).await, 1);
    assert_eq!(count("rel=R1&limit=1").await, 2);
    assert_eq!(count(&format!("node_id={hub}&rel=R1&limit=1")).await, 1);
    let (found, _) = pages(&owner, &format!("/edges?node_id={hub}&direction=in&limit=1"), "edges").await;
    assert_eq!(ids(&found), [back.as_str()]);
    let (all, _) = pages(&owner, "/edges?limit=4", "edges").await;
    assert_eq!(ids(&all).into_iter().collect::<BTreeSet<_>>().len(), 31, "an edge came twice");
    owner.get("/edges?direction=both").await.problem(422);
}

#[tokio::test]
async fn a_node_with_more_than_10000_edges_is_not_deleted() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let (hub, leaf) = (node(&owner, "A", "hub").await, node(&owner, "A", "leaf").await);
    let client = app.database.behind_the_scenes().await;
    let sql = format!(
        "insert into wardgraph.edges select 'tenant-a', gen_random_uuid(), '{hub}', 'R' || n, '{leaf}', '{{}}', now() from generate_series(1, 10001) n"
    );
    client.batch_execute(&sql).await.unwrap();
    let refused = owner.delete(&format!("/nodes/{hub}")).await.problem(409);
    assert!(refused["detail"].as_str().unwrap().contains("10000 edges"), "{refused}");
    let edges = async || client.query_one("select count(*) from wardgraph.edges", &[]).await.unwrap().get::<_, i64>(0);
    assert_eq!(edges().await, 10_001);
    owner.get(&format!("/nodes/{hub}")).await.ok();
    // One fewer is what is deleted at once, each edge with its event.
    client.batch_execute("delete from wardgraph.edges where rel = 'R1'").await.unwrap();
    assert_eq!(owner.delete(&format!("/nodes/{hub}")).await.status, 204);
    assert_eq!(edges().await, 0);
    let told = client.query_one("select count(*) from wardgraph.events where type = 'edge.deleted'", &[]).await.unwrap();
    assert_eq!(told.get::<_, i64>(0), 10_000);
}

#[tokio::test]
async fn events_are_paged_and_filtered_and_stay_in_the_tenant() {
    let app = App::start().await;
    let (owner, neighbour) = (app.owner("tenant-a"), app.owner("tenant-b"));
    app.known(&neighbour).await;
    let mut nodes = Vec::new();
    for n in 0..8 {
        app.clock.advance(std::time::Duration::from_millis(10));
        nodes.push(node(&owner, "A", &format!("node {n}")).await);
    }
    owner.delete(&format!("/nodes/{}", nodes[3])).await;
    let (all, count) = pages(&owner, "/events?limit=5", "events").await;
    assert_eq!((all.len(), count), (18, 4));
    let order = ids(&all);
    assert!(order.windows(2).all(|pair| pair[0] > pair[1]), "not newest first, or one twice: {order:?}");
    let subjects: BTreeSet<_> = all.iter().filter_map(|e| e["node_id"].as_str()).collect();
    assert_eq!(subjects, nodes.iter().map(String::as_str).collect());
    let (created, _) = pages(&owner, "/events?event_type=node.created&limit=3", "events").await;
    assert!(created.len() == 8 && created.iter().all(|e| e["type"] == "node.created" && e["category"] == "graph"));
    let (about, _) = pages(&owner, &format!("/events?node_id={}&limit=1", nodes[3]), "events").await;
    assert_eq!(about.iter().map(|e| e["type"].as_str().unwrap()).collect::<Vec<_>>(), ["node.deleted", "node.created"]);
    assert_eq!(owner.get("/events?event_type=node.updated").await.ok()["count"], 0);
    // The neighbour asks for our node, and for our request.
    let request = about[0]["request_id"].as_str().unwrap();
    for query in [format!("node_id={}", nodes[3]), format!("request_id={request}")] {
        assert_eq!(neighbour.get(&format!("/events?{query}")).await.ok()["count"], 0, "{query}");
        assert!(owner.get(&format!("/events?{query}")).await.ok()["count"].as_u64().unwrap() > 0, "{query}");
    }
}

#[tokio::test]
async fn a_named_tenant_is_ignored_and_on_record() {
    let app = App::start().await;
    let (owner, neighbour) = (app.owner("tenant-a"), app.owner("tenant-b"));
    for named in [json!("tenant-b"), json!("*"), json!(["tenant-b"]), json!({ "a": "\0" }), json!("\0"), json!(7)] {
        let new = json!({ "classes": ["A"], "props": {}, "tenant_id": named });
        assert_eq!(owner.post("/nodes", &new).await.created()["tenant_id"], "tenant-a", "{named}");
    }
    for named in [json!("tenant-a"), Value::Null] {
        owner.post("/nodes", &json!({ "classes": ["A"], "props": {}, "tenant_id": named })).await.created();
    }
    let noted = owner.get("/events?event_type=tenant.claim_ignored").await.ok();
    let names: Vec<_> = noted["events"].as_array().unwrap().iter().map(|e| &e["payload"]["named"]).collect();
    assert_eq!(names.len(), 6, "{names:?}");
    assert_eq!(names.iter().filter(|name| **name == "tenant-b").count(), 1);
    assert_eq!(neighbour.get("/nodes").await.ok()["count"], 0);
    assert_eq!(neighbour.get("/events").await.ok()["count"], 0);
}
