//! Edges over HTTP: how their ends are named, read one by one, and deleted.

use serde_json::{Value, json};
use wardgraph_testkit::{App, Caller};

async fn named(caller: &Caller, external_id: &str) -> Value {
    let new = json!({ "classes": ["A"], "props": {}, "external_id": external_id });
    caller.post("/nodes", &new).await.created()["id"].clone()
}

#[tokio::test]
async fn an_end_is_named_by_its_id_or_by_its_external_id() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let (a, b) = (named(&owner, "a").await, named(&owner, "b 🦊").await);
    for (rel, src, dst) in [
        ("ids", json!({ "src": a }), json!({ "dst": b })),
        ("names", json!({ "src_external_id": "a" }), json!({ "dst_external_id": "b 🦊" })),
        ("mixed", json!({ "src_external_id": "a", "src": null }), json!({ "dst": b })),
    ] {
        let mut new = json!({ "rel": rel, "props": { "page": 4 } });
        for side in [src, dst] {
            new.as_object_mut().unwrap().extend(side.as_object().unwrap().clone());
        }
        let edge = owner.post("/edges", &new).await.created();
        assert_eq!((&edge["src"], &edge["dst"], &edge["rel"]), (&a, &b, &json!(rel)));
        let id = edge["id"].as_str().unwrap();
        assert_eq!(owner.get(&format!("/edges/{id}")).await.ok(), edge, "what was answered is not what was stored");
        let again = owner.post("/edges", &new).await.problem(409);
        assert!(again["detail"].as_str().unwrap().contains(id), "{again}");
    }
}

#[tokio::test]
async fn an_end_that_is_named_twice_or_not_at_all_is_told_by_its_field() {
    let app = App::start().await;
    let (owner, neighbour) = (app.owner("tenant-a"), app.owner("tenant-b"));
    let (a, their) = (named(&owner, "a").await, named(&neighbour, "theirs").await);
    for (new, field) in [
        (json!({ "rel": "R", "dst": a }), "/src"),
        (json!({ "rel": "R", "src": a }), "/dst"),
        (json!({ "rel": "R", "src": a, "src_external_id": "a", "dst": a }), "/src"),
        (json!({ "rel": "R", "src": a, "dst": a, "dst_external_id": "a" }), "/dst"),
        (json!({ "rel": "R", "src": a, "dst_external_id": "" }), "/dst_external_id"),
        (json!({ "rel": "R", "src": a, "dst_external_id": "\0" }), "/dst_external_id"),
        (json!({ "rel": "R", "src_external_id": "x".repeat(256), "dst": a }), "/src_external_id"),
        // Another tenant's, by its id and by its name, is like one that never was.
        (json!({ "rel": "R", "src": a, "dst": their }), "/dst"),
        (json!({ "rel": "R", "src": a, "dst_external_id": "theirs" }), "/dst_external_id"),
        (json!({ "rel": "R", "src_external_id": "nobody's", "dst": a }), "/src_external_id"),
    ] {
        let problem = owner.post("/edges", &new).await.problem(422);
        assert_eq!(problem["errors"][0]["field"], field, "{new}: {problem}");
        let batch = owner.post("/edges/batch", &json!({ "edges": [new] })).await.ok();
        assert_eq!(batch["results"][0]["status"], "refused", "{batch}");
        assert_eq!(batch["results"][0]["errors"][0]["field"], format!("/edges/0{field}"), "{batch}");
    }
    assert_eq!(owner.get("/edges").await.ok()["count"], 0);
    assert_eq!(neighbour.get("/edges").await.ok()["count"], 0);
}

#[tokio::test]
async fn a_shared_node_is_no_end_by_its_external_id_either() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    named(&owner, "mine").await;
    let sql = "insert into wardgraph.nodes (tenant_id, node_id, external_id, classes, props, metadata, refresh_policy, triggers, created_at, updated_at)
               values ('*', '01900000-0000-7000-8000-00000000000a', 'shared', '{A}', '{}', '{}', '{}', '[]', now(), now())";
    app.database.connect_as(wardgraph_store::Role::Admin).await.batch_execute(sql).await.unwrap();
    let problem =
        owner.post("/edges", &json!({ "src_external_id": "mine", "rel": "R", "dst_external_id": "shared" })).await.problem(422);
    assert_eq!(problem["errors"][0]["field"], "/dst_external_id");
}

#[tokio::test]
async fn an_edge_of_a_batch_that_exists_names_the_edge_that_is_there() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let (a, b) = (named(&owner, "a").await, named(&owner, "b").await);
    let old = owner.post("/edges", &json!({ "src": a, "rel": "OLD", "dst": b })).await.created()["id"].clone();
    let edges = json!([
        { "src": a, "rel": "NEW", "dst": b },
        { "src_external_id": "a", "rel": "NEW", "dst_external_id": "b" },
        { "src": a, "rel": "", "dst": b },
        { "src_external_id": "a", "rel": "OLD", "dst": b },
        { "src": a, "rel": "LAST", "dst_external_id": "b" },
    ]);
    let answer = owner.post("/edges/batch", &json!({ "edges": edges })).await.ok();
    let results = answer["results"].as_array().unwrap();
    let told: Vec<&str> = results.iter().map(|r| r["status"].as_str().unwrap()).collect();
    assert_eq!(told, ["created", "exists", "refused", "exists", "created"]);
    assert_eq!((&results[1]["id"], &results[3]["id"]), (&results[0]["id"], &old));
    assert_eq!((&answer["created"], &answer["failed"]), (&json!(2), &json!(3)));
}

#[tokio::test]
async fn an_edge_is_read_and_deleted_by_its_tenant_alone_and_leaves_its_event() {
    let app = App::start().await;
    let (owner, neighbour) = (app.owner("tenant-a"), app.owner("tenant-b"));
    let known = app.known(&owner).await;
    let path = format!("/edges/{}", known.edge);
    assert_eq!(owner.get(&path).await.ok()["rel"], "KNOWS");
    neighbour.get(&path).await.problem(404);
    neighbour.delete(&path).await.problem(404);
    app.caller("tenant-a", &["edges:read"]).delete(&path).await.problem(403);
    let reply = owner.delete(&path).await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (204, ""));
    let request = reply.headers["x-request-id"].to_str().unwrap();
    let events = owner.get(&format!("/events?request_id={request}&event_type=edge.deleted")).await.ok();
    assert_eq!((&events["count"], &events["events"][0]["subject"]), (&json!(1), &json!(known.edge)));
    for id in [known.edge.to_string(), known.node.to_string()] {
        owner.get(&format!("/edges/{id}")).await.problem(404);
        owner.delete(&format!("/edges/{id}")).await.problem(404);
    }
    owner.get("/edges/none").await.problem(400);
    // Its nodes stay.
    owner.get(&format!("/nodes/{}", known.node)).await.ok();
}

#[tokio::test]
async fn a_direction_without_a_node_is_refused() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let known = app.known(&owner).await;
    for direction in ["in", "out", "both"] {
        let problem = owner.get(&format!("/edges?direction={direction}")).await.problem(422);
        assert_eq!(problem["errors"][0]["field"], "direction");
    }
    assert_eq!(owner.get(&format!("/edges?direction=out&node_id={}", known.node)).await.ok()["count"], 1);
    assert_eq!(owner.get(&format!("/edges?direction=in&node_id={}", known.node)).await.ok()["count"], 0);
}

#[tokio::test]
async fn the_edges_of_a_node_are_listed_whichever_way_they_run() {
    let app = App::start().await;
    let (owner, neighbour) = (app.owner("tenant-a"), app.owner("tenant-b"));
    let (a, b, c) = (named(&owner, "a").await, named(&owner, "b").await, named(&owner, "c").await);
    let mut ids = Vec::new();
    for (src, rel, dst) in
        [(&a, "R", &b), (&b, "R", &a), (&a, "S", &a), (&b, "R", &c), (&c, "S", &a), (&a, "R", &c), (&a, "R", &a), (&c, "R", &a)]
    {
        app.clock.advance(std::time::Duration::from_secs(1));
        let new = json!({ "src": src, "rel": rel, "dst": dst });
        ids.push(owner.post("/edges", &new).await.created()["id"].clone());
    }
    let a = a.as_str().unwrap();
    for (query, places) in [
        ("", &[0, 2, 5, 6][..]),
        ("&direction=out", &[0, 2, 5, 6]),
        ("&direction=in", &[1, 2, 4, 6, 7]),
        ("&direction=both", &[0, 1, 2, 4, 5, 6, 7]),
        ("&direction=both&rel=R", &[0, 1, 5, 6, 7]),
        ("&direction=both&rel=S", &[2, 4]),
        ("&direction=both&rel=T", &[]),
    ] {
        let expected: Vec<&Value> = places.iter().map(|place: &usize| &ids[*place]).collect();
        for limit in [1, 2, 3, 100] {
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = owner.get(&format!("/edges?node_id={a}&limit={limit}{query}{cursor}")).await.ok();
                let edges = page["edges"].as_array().unwrap();
                assert!(edges.len() <= limit && page["count"] == edges.len());
                seen.extend(edges.iter().map(|edge| edge["id"].clone()));
                match page["next_cursor"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
            assert_eq!(seen.iter().collect::<Vec<_>>(), expected, "{query} by {limit}");
        }
    }
    assert_eq!(neighbour.get(&format!("/edges?node_id={a}&direction=both")).await.ok()["count"], 0);
    owner.get(&format!("/edges?node_id={a}&direction=up")).await.problem(400);
}

#[tokio::test]
async fn two_batches_of_the_same_edges_in_another_order_wait_for_each_other_one_way_only() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let (a, b) = (named(&owner, "a").await, named(&owner, "b").await);
    let watcher = app.database.behind_the_scenes().await;
    // Somebody is creating the edge in the middle: both come as far as that one, and would meet each other's behind it.
    let client = app.database.behind_the_scenes().await;
    let middle = format!(
        "begin; insert into wardgraph.edges (tenant_id, edge_id, src, rel, dst, props, size_bytes, created_at)
         values ('tenant-a', gen_random_uuid(), {a}, 'R5', {b}, '{{}}', 2, now())"
    );
    client.batch_execute(&middle.replace('"', "'")).await.unwrap();
    let batch = |order: Vec<usize>| {
        let edges: Vec<Value> = order.iter().map(|n| json!({ "src": a, "rel": format!("R{n}"), "dst": b })).collect();
        json!({ "edges": edges })
    };
    let (forth, back) = (batch((1..10).collect()), batch((1..10).rev().collect()));
    let waiting = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    let freed = async {
        while watcher.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) < 2 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        client.batch_execute("rollback").await.unwrap();
    };
    let all = async { tokio::join!(owner.post("/edges/batch", &forth), owner.post("/edges/batch", &back), freed) };
    let (forth, back, ()) = tokio::time::timeout(std::time::Duration::from_secs(60), all).await.expect("both wait");
    let mut created = 0;
    for reply in [forth, back] {
        let results = reply.ok()["results"].as_array().unwrap().clone();
        assert_eq!(results.len(), 9);
        assert!(results.iter().all(|result| result["status"] == "created" || result["status"] == "exists"), "{results:?}");
        created += results.iter().filter(|result| result["status"] == "created").count();
    }
    assert_eq!(created, 9, "each once");
    let deadlocks = "select deadlocks from pg_stat_database where datname = current_database()";
    assert_eq!(watcher.query_one(deadlocks, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test]
async fn a_cursor_of_one_nodes_edges_leads_on_at_no_other_node() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let ids: Vec<_> = {
        let mut ids = Vec::new();
        for text in ["a", "b"] {
            ids.push(owner.create_node(text).await.created()["id"].as_str().unwrap().to_owned());
        }
        ids
    };
    for rel in ["R", "S"] {
        for (src, dst) in [(&ids[0], &ids[1]), (&ids[1], &ids[0])] {
            owner.post("/edges", &serde_json::json!({ "src": src, "rel": rel, "dst": dst })).await.created();
        }
    }
    let lists = [String::new(), format!("node_id={}&", ids[0]), format!("node_id={}&", ids[1])];
    for from in &lists {
        let page = owner.get(&format!("/edges?{from}limit=1")).await.ok();
        let cursor = page["next_cursor"].as_str().unwrap();
        for to in &lists {
            let reply = owner.get(&format!("/edges?{to}cursor={cursor}")).await;
            assert_eq!(reply.status.as_u16(), if from == to { 200 } else { 400 }, "{from} at {to}: {}", reply.text);
        }
    }
}
