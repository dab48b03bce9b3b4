//! Batches: each item has its own result, errors point into the body, and a name is taken once.

use serde_json::{Value, json};
use wardgraph_testkit::{App, Reply};

#[tokio::test]
async fn a_refused_item_does_not_stop_the_others_and_its_pointer_is_right() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let node = |change: Value| {
        let mut node = json!({ "classes": ["A"], "props": { "text": "good" } });
        node.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        node
    };
    let items = [
        (node(json!({})), None),
        (node(json!({ "classes": [] })), Some("/classes")),
        (node(json!({ "classes": ["A", "\0"] })), Some("/classes/1")),
        (node(json!({ "props": { "a": "\0" } })), Some("/props/a")),
        (node(json!({ "metadata": { "\0": 1 } })), Some("/metadata")),
        (node(json!({ "refresh_policy": { "k".repeat(257): 1 } })), Some("/refresh_policy")),
        (node(json!({ "triggers": [{}, { "a": "\0" }] })), Some("/triggers/1/a")),
        (node(json!({ "triggers": vec![json!({}); 101] })), Some("/triggers")),
        (node(json!({ "payload_ref": "" })), Some("/payload_ref")),
        (node(json!({ "payload_ref": "x".repeat(501) })), Some("/payload_ref")),
        (node(json!({ "external_id": "" })), Some("/external_id")),
        (node(json!({ "external_id": "x".repeat(256) })), Some("/external_id")),
        (node(json!({ "props": { "external_id": "\0" } })), Some("/props/external_id")),
        // A tenant's name is ignored, whatever it is; so it may not stop anything either.
        (node(json!({ "tenant_id": "\0" })), None),
        (node(json!({ "tenant_id": { "a": ["\0"] } })), None),
        (node(json!({ "triggers": vec![json!({}); 100], "payload_ref": "x".repeat(500), "external_id": "ä".repeat(255) })), None),
    ];
    let nodes: Vec<&Value> = items.iter().map(|(node, _)| node).collect();
    let answer = owner.post("/nodes/batch", &json!({ "nodes": nodes })).await.ok();
    let good = items.iter().filter(|(_, fault)| fault.is_none()).count();
    assert_eq!((&answer["created"], &answer["failed"]), (&json!(good), &json!(items.len() - good)));
    for (index, (_, fault)) in items.iter().enumerate() {
        let result = &answer["results"][index];
        let Some(fault) = fault else {
            assert_eq!(result["status"], "created", "{index}: {result}");
            continue;
        };
        assert_eq!(result["status"], "refused", "{index}: {result}");
        assert!(result["errors"].as_array().unwrap().iter().any(|e| e["field"] == format!("/nodes/{index}{fault}")), "{result}");
    }
    assert_eq!(owner.get("/nodes").await.ok()["count"], good);
}

#[tokio::test]
async fn edges_of_a_batch_are_told_apart() {
    let app = App::start().await;
    let (owner, neighbour) = (app.owner("tenant-a"), app.owner("tenant-b"));
    let (known, theirs) = (app.known(&owner).await, app.known(&neighbour).await);
    let nobody = "00000000-0000-7000-8000-000000000000";
    let edge = |src: &Value, rel: &str, dst: &Value| json!({ "src": src, "rel": rel, "dst": dst });
    let (a, b, their) = (json!(known.node), json!(known.other), json!(theirs.node));
    let edges = [
        edge(&a, "R", &b),
        edge(&a, "R", &b),
        edge(&a, "", &b),
        edge(&a, "\0", &b),
        edge(&their, "R", &b),
        edge(&a, "R", &their),
        edge(&json!(nobody), "R", &json!(nobody)),
        edge(&a, "KNOWS", &b),
        edge(&b, "R", &a),
    ];
    let answer = owner.post("/edges/batch", &json!({ "edges": edges })).await.ok();
    let told: Vec<(&str, &str)> = answer["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| (r["status"].as_str().unwrap(), r["errors"][0]["field"].as_str().unwrap_or_default()))
        .collect();
    let expected = [
        ("created", ""),
        ("exists", ""),
        ("refused", "/edges/2/rel"),
        ("refused", "/edges/3/rel"),
        ("refused", "/edges/4/src"),
        ("refused", "/edges/5/dst"),
        ("refused", "/edges/6/src"),
        ("exists", ""),
        ("created", ""),
    ];
    assert_eq!(told, expected);
    assert_eq!((&answer["created"], &answer["failed"]), (&json!(2), &json!(7)));
    assert_eq!(neighbour.get("/edges").await.ok()["count"], 1);
}

/// An item that is no node or edge at all is wrong by itself, like one with a wrong value: it stops no other.
#[tokio::test]
async fn an_item_that_cannot_be_read_is_refused_alone() {
    let app = App::start().await;
    let (owner, administrator) = (app.owner("tenant-a"), app.operator("tenant-a", &["shared:write"]));
    let known = app.known(&owner).await;
    let (a, b) = (known.node, known.other);
    let good = json!({ "classes": ["A"], "props": {}, "external_id": "good" });
    let nodes = [
        (json!({ "classes": "A", "props": {} }), "/classes"),
        (json!({ "classes": ["A", 7], "props": {} }), "/classes/1"),
        (json!({ "classes": ["A"] }), "/props"),
        (json!({ "classes": ["A"], "props": {}, "clases": [] }), "/clases"),
        (json!({ "classes": ["A"], "props": {}, "created_at": "soon" }), "/created_at"),
        (json!(["A"]), ""),
        (Value::Null, ""),
    ];
    let edges = [
        (json!({ "src": "no-uuid", "rel": "R", "dst": b }), "/src"),
        (json!({ "src": a, "rel": "R", "dst": format!("{b}0") }), "/dst"),
        (json!({ "src": a, "rel": "R", "dst": 7 }), "/dst"),
        (json!({ "src": a, "dst": b }), "/rel"),
        (json!({ "src": a, "rel": "R", "dst": b, "porps": {} }), "/porps"),
        (json!({ "src": a, "rel": "R", "dst": b, "props": [] }), "/props"),
        (json!("edge"), ""),
    ];
    let edge = json!({ "src": a, "rel": "GOOD", "dst": b });
    for (caller, path, list, wrong, good) in [
        (&owner, "/nodes/batch", "nodes", &nodes[..], &good),
        (&administrator, "/api/v1/shared/nodes/batch", "nodes", &nodes[..], &good),
        (&owner, "/edges/batch", "edges", &edges[..], &edge),
        (&owner, "/edges/batch?on_conflict=update", "edges", &edges[..], &edge),
    ] {
        // Good ones before and behind, so that a result that slips by one is seen.
        let mut items: Vec<&Value> = wrong.iter().map(|(item, _)| item).collect();
        items.insert(2, good);
        let answer = caller.post(path, &json!({ list: items })).await.ok();
        let told: Vec<Value> = answer["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|result| if result["status"] == "refused" { result["errors"][0]["field"].clone() } else { Value::Null })
            .collect();
        let mut expected: Vec<Value> = Vec::new();
        for (index, (_, field)) in wrong.iter().enumerate() {
            if index == 2 {
                expected.push(Value::Null);
            }
            expected.push(json!(format!("/{list}/{}{field}", expected.len())));
        }
        assert_eq!(told, expected, "{path}: {answer}");
        assert_eq!(answer["failed"], wrong.len(), "{path}: {answer}");
    }
    assert_eq!(owner.get("/nodes?external_id=good").await.ok()["count"], 1);
    assert_eq!(owner.get("/edges?rel=GOOD").await.ok()["count"], 1);
    assert_eq!(owner.get("/edges?rel=R").await.ok()["count"], 0);
    // What can be read in two ways can be read in none, whoever's item it stands in.
    let twice = r#"{"edges": [{"src": "x", "rel": "R", "rel": "S", "dst": "y"}]}"#;
    let problem = Reply::of(owner.request("POST", "/edges/batch").body(twice)).await.problem(400);
    assert_eq!(problem["errors"][0]["field"], "/edges/0/rel");
}

/// Nobody's item is left out of the count because it cannot be read, and none of them opens a door: time is given by whoever may.
#[tokio::test]
async fn what_cannot_be_read_counts_and_gives_no_leave() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    for (path, list, most) in [("/nodes/batch", "nodes", 500), ("/edges/batch", "edges", 2_000)] {
        let problem = owner.post(path, &json!({ list: vec![json!(7); most + 1] })).await.problem(422);
        assert_eq!(problem["errors"][0]["field"], format!("/{list}"));
        assert_eq!(owner.post(path, &json!({ list: vec![json!(7); most] })).await.ok()["failed"], most);
    }
    let writer = app.caller("tenant-a", &["nodes:write"]);
    let dated = json!({ "classes": ["A"], "props": {}, "created_at": "2020-01-02T03:04:05Z" });
    writer.post("/nodes/batch", &json!({ "nodes": [7, dated] })).await.problem(403);
    let unread = json!({ "classes": 7, "props": {}, "created_at": "2020-01-02T03:04:05Z" });
    assert_eq!(writer.post("/nodes/batch", &json!({ "nodes": [unread] })).await.ok()["created"], 0);
    assert_eq!(owner.get("/nodes").await.ok()["count"], 0);
}

#[tokio::test]
async fn a_wrong_type_is_told_by_its_pointer_into_the_body() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let field = async |path: &str, body: Value| owner.post(path, &body).await.problem(400)["errors"][0]["field"].clone();
    assert_eq!(field("/nodes/batch", json!({ "nodes": { "classes": ["A"], "props": {} } })).await, "/nodes");
    assert_eq!(field("/nodes/batch", json!({ "nodes": [{ "classes": ["A"], "props": {} }], "edges": [] })).await, "/edges");
    assert_eq!(field("/nodes", json!({ "classes": ["A", {}], "props": {} })).await, "/classes/1");
    assert_eq!(field("/search", json!({ "query": "x", "classes": [1] })).await, "/classes/0");
    let deep: String = format!(r#"{{"classes": ["A"], "props": {{"a/b~c": {}}}}}"#, r#"{"x":"#.repeat(200));
    let reply = Reply::of(owner.request("POST", "/nodes").body(deep)).await.problem(400);
    assert!(reply["errors"][0]["field"].as_str().unwrap().starts_with("/props/a~1b~0c/x/x"), "{reply}");
}

#[tokio::test]
async fn an_external_id_is_taken_once() {
    let app = App::start().await;
    let (owner, neighbour) = (app.owner("tenant-a"), app.owner("tenant-b"));
    let node = |id: &str| json!({ "classes": ["A"], "props": { "text": "x" }, "external_id": id });
    let first = owner.post("/nodes", &node("one")).await.created()["id"].clone();
    let again = owner.post("/nodes", &node("one")).await.problem(409);
    assert!(again["detail"].as_str().unwrap().contains(first.as_str().unwrap()), "{again}");
    let in_props = json!({ "classes": ["A"], "props": { "external_id": "one" } });
    owner.post("/nodes", &in_props).await.problem(409);
    // The neighbour's are his own: no oracle, no squatting.
    let theirs = neighbour.post("/nodes", &node("one")).await.created()["id"].clone();
    assert_ne!(theirs, first);
    let batch = json!({ "nodes": [node("two"), node("one"), node("two"), in_props, { "classes": ["A"], "props": {} }] });
    let answer = owner.post("/nodes/batch", &batch).await.ok();
    let results = answer["results"].as_array().unwrap();
    let told: Vec<&str> = results.iter().map(|r| r["status"].as_str().unwrap()).collect();
    assert_eq!(told, ["created", "exists", "exists", "exists", "created"]);
    assert_eq!((&results[1]["id"], &results[3]["id"]), (&first, &first));
    assert_eq!(results[2]["id"], results[0]["id"]);
    assert_eq!((&answer["created"], &answer["failed"]), (&json!(2), &json!(3)));
    assert_eq!(owner.get("/nodes").await.ok()["count"], 3);
}

#[tokio::test]
async fn batches_have_a_size() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let known = app.known(&owner).await;
    let node = json!({ "classes": ["A"], "props": {} });
    let edge = json!({ "src": known.node, "rel": "R", "dst": known.other });
    for (path, field, item, most) in [("/nodes/batch", "nodes", node, 500), ("/edges/batch", "edges", edge, 2_000)] {
        for wrong in [0, most + 1] {
            let problem = owner.post(path, &json!({ field: vec![item.clone(); wrong] })).await.problem(422);
            assert_eq!(problem["errors"][0]["field"], format!("/{field}"));
        }
        owner.post(path, &json!({ field: vec![item; most] })).await.ok();
    }
}
