//! Every endpoint that answers without changing anything, walked: a deleted node, its edges and what they hold are in no answer.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use wardgraph_api::{
    describe::Known,
    table::{Row, rows},
};
use wardgraph_kernel::Method;
use wardgraph_testkit::{Caller, Reply};

use crate::import::Bench;

/// In everything that the node and its edges hold, and nowhere else.
const WORD: &str = "axolotl";

/// Which answers name the ids of what was deleted: the list of just that, and the log of who did it.
const NAME_IDS: &[&str] = &["ListDeletedNodes", "ListEvents"];

fn reads() -> impl Iterator<Item = &'static Row> {
    rows().filter(|row| row.spec.method == Method::GET || row.spec.id == "Search")
}

/// What is asked by hand besides the samples: `{node}`, `{near}` and `{edge}` stand for ids.
const QUESTIONS: &[&str] = &[
    "/nodes?external_id=name-of-it",
    "/nodes?class=Rare",
    "/nodes?order=desc&limit=1000",
    "/nodes?props={%22text%22:%22an%20axolotl%22}",
    "/nodes?metadata={%22of%22:%22axolotl%22}",
    "/edges?limit=1000",
    "/edges?node_id={near}",
    "/edges?node_id={node}",
    "/edges/{edge}",
    "/nodes/{node}",
    "/nodes/{node}/versions",
    "/nodes/{node}/embeddings",
    "/nodes/{node}/neighbors",
    "/nodes/{near}/neighbors?direction=in",
    "/nodes/{near}/neighbors?direction=out",
    "/lineage/{node}",
    "/lineage/{near}?max_depth=32",
    "/lineage/{far}?direction=in&max_depth=32",
];

/// Writes whose answers are kept: done when they are sent first, and answered again from then on.
async fn kept(caller: &Caller, node: &str, near: &str) -> [(&'static str, Reply); 2] {
    let send = async |method: &str, path: &str, body: Value| {
        Reply::of(caller.request(method, path).header("idempotency-key", "kept").json(&body)).await
    };
    let edge = json!({ "src": near, "rel": "KEPT", "dst": node, "props": { "of": WORD } });
    [
        ("kept of the node", send("PATCH", &format!("/nodes/{node}"), json!({ "metadata": { "kept": WORD } })).await),
        ("kept of the edge", send("POST", "/edges", edge).await),
    ]
}

/// The endpoints and questions whose answer shows the node, by what it holds or by an id.
async fn shown(caller: &Caller, known: &Known, (node, edges, far): (&str, &[String], &str)) -> BTreeSet<String> {
    let shows = |what: &str, reply: &Reply| {
        // A refusal may say which id it was asked for.
        let ids = reply.is_done() && !NAME_IDS.contains(&what);
        reply.text.contains(WORD) || ids && (reply.text.contains(node) || edges.iter().any(|edge| reply.text.contains(edge)))
    };
    let mut shown = BTreeSet::new();
    for row in reads() {
        let around = Known { node: known.other, ..known.clone() };
        for known in [known, &around] {
            let reply = caller.call(row, known).await;
            assert!(reply.status.as_u16() < 500, "{}: {}", row.spec.id, reply.text);
            if shows(row.spec.id, &reply) {
                shown.insert(row.spec.id.to_owned());
            }
        }
    }
    let near = known.other.to_string();
    for (what, reply) in kept(caller, node, &near).await {
        if shows(what, &reply) {
            shown.insert(what.to_owned());
        }
    }
    for question in QUESTIONS {
        let path = [("{node}", node), ("{near}", &near), ("{far}", far), ("{edge}", &edges[0])];
        let path = path.into_iter().fold((*question).to_owned(), |path, (hole, id)| path.replace(hole, id));
        if shows(question, &caller.get(&path).await) {
            shown.insert((*question).to_owned());
        }
    }
    for mode in ["text", "vector", "hybrid"] {
        for more in [json!({}), json!({ "filter": { "classes": ["Rare"] } }), json!({ "explain": true })] {
            let mut body = json!({ "query": format!("an {WORD}"), "mode": mode, "top_k": 100 });
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let reply = caller.post("/search", &body).await;
            assert_eq!(reply.status, 200, "{}", reply.text);
            // Some answers repeat what was asked.
            if reply.body["results"].to_string().contains(WORD) || reply.text.contains(node) {
                shown.insert(format!("search by {mode}"));
            }
        }
    }
    shown
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_node_its_edges_and_what_they_hold_are_in_no_answer() {
    let bench = Bench::new().await;
    let (app, owner) = (&bench.app, &bench.owner);
    let known = app.known(owner).await;
    let (node, near) = (known.node.to_string(), known.other.to_string());
    let far = owner.create_node("what it comes from").await.created()["id"].as_str().unwrap().to_owned();
    let full = json!({
        "classes": ["Rare"], "props": { "text": format!("an {WORD}") }, "metadata": { "of": WORD }, "payload_ref": format!("file:///{WORD}"),
        "refresh_policy": { "interval": WORD }, "triggers": [{ "name": WORD }], "external_id": "name-of-it",
    });
    let path = format!("/nodes/{node}");
    owner.put(&path, &full).await.ok();
    owner.patch(&path, &json!({ "metadata": { "n": 1 } })).await.ok();
    let mut edges = vec![known.edge.to_string()];
    for (src, dst) in [(&near, &node), (&node, &far)] {
        let edge = json!({ "src": src, "rel": "DERIVED_FROM", "dst": dst, "props": { "of": WORD } });
        edges.push(owner.post("/edges", &edge).await.created()["id"].as_str().unwrap().to_owned());
    }
    kept(owner, &node, &near).await.into_iter().for_each(|(what, reply)| assert!(reply.is_done(), "{what}: {}", reply.text));
    app.embed_everything().await;
    let about = (node.as_str(), edges.as_slice(), far.as_str());
    let exported = async || bench.run(&["export", "--out", "-"], &["--quiet"]).await;

    // What is there is seen, wherever it can be.
    let before = shown(owner, &known, about).await;
    for seen in
        ["GetNode", "ListNodes", "ListNodeVersions", "ListNodeEmbeddings", "ListEdges", "GetEdge", "ListNeighbours", "GetLineage"]
    {
        assert!(before.contains(seen), "{seen} shows nothing of a node that is there: {before:?}");
    }
    for question in QUESTIONS {
        assert!(before.contains(*question), "{question} shows nothing of a node that is there");
    }
    assert!(before.contains("kept of the node") && before.contains("kept of the edge"), "{before:?}");
    for mode in ["text", "vector", "hybrid"] {
        assert!(before.contains(&format!("search by {mode}")), "{before:?}");
    }
    assert!(exported().await.out.contains(WORD));

    assert_eq!(owner.delete(&path).await.status, 204);
    assert_eq!(shown(owner, &known, about).await, BTreeSet::new());
    let told = exported().await;
    assert!(told.status == 0 && !told.out.contains(WORD) && !told.out.contains(&node), "{told:?}");
    assert!(owner.get("/nodes/deleted").await.text.contains(&node), "but for where it is looked for");
    // It is the end of no edge, by its id or by its name.
    let ends =
        [json!({ "src": near, "rel": "R", "dst_external_id": "name-of-it" }), json!({ "src": node, "rel": "R", "dst": near })];
    let batch = owner.post("/edges/batch", &json!({ "edges": ends })).await.ok();
    assert_eq!(batch["created"], 0, "{batch}");
    for (result, end) in batch["results"].as_array().unwrap().iter().zip(&ends) {
        assert!(result["errors"].is_array() && !result.to_string().contains(WORD), "{result}");
        owner.post("/edges", end).await.problem(422);
    }
    for reply in [
        owner.delete(&format!("/edges/{}", edges[1])).await,
        owner.delete(&format!("{path}/edges")).await,
        owner.patch(&path, &json!({})).await,
    ] {
        assert!(!reply.text.contains(WORD), "{}", reply.text);
        reply.problem(404);
    }
    // All of it is there again with the node.
    owner.post(&format!("{path}/restore"), &json!({})).await.ok();
    app.embed_everything().await;
    assert_eq!(shown(owner, &known, about).await, before);
}
