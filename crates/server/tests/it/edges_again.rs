//! Storing edges again: what is there keeps its id, and gets other props if that is asked for.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use wardgraph_testkit::{App, Caller, Reply};

async fn two(caller: &Caller) -> (Value, Value) {
    let node = async |name: &str| {
        let new = json!({ "classes": ["A"], "props": {}, "external_id": name });
        caller.post("/nodes", &new).await.created()["id"].clone()
    };
    (node("a").await, node("b").await)
}

fn edge(rel: &str, page: i32) -> Value {
    json!({ "src_external_id": "a", "rel": rel, "dst_external_id": "b", "props": { "page": page } })
}

async fn told(caller: &Caller, event: &str) -> Vec<Value> {
    caller.events().await.into_iter().filter(|e| e["type"] == event).collect()
}

#[tokio::test]
async fn what_happens_to_an_edge_that_is_there_is_the_callers_to_say() {
    let app = App::start().await;
    let (owner, neighbour) = (app.owner("tenant-a"), app.owner("tenant-b"));
    let (a, b) = two(&owner).await;
    two(&neighbour).await;
    let first = owner.post("/edges?on_conflict=update", &edge("R", 1)).await.created();
    assert_eq!((&first["src"], &first["dst"], &first["props"]), (&a, &b, &json!({ "page": 1 })));
    let path = format!("/edges/{}", first["id"].as_str().unwrap());
    owner.post("/edges", &edge("R", 2)).await.problem(409);
    owner.post("/edges?on_conflict=error", &edge("R", 2)).await.problem(409);
    assert_eq!(owner.post("/edges?on_conflict=ignore", &edge("R", 2)).await.ok(), first);
    assert_eq!(owner.get(&path).await.ok(), first);
    // The neighbour's edge of the same ends and meaning is another one.
    let theirs = neighbour.post("/edges?on_conflict=update", &edge("R", 9)).await.created();
    let updated = owner.post("/edges?on_conflict=update", &edge("R", 2)).await.ok();
    assert_eq!((&updated["id"], &updated["props"]), (&first["id"], &json!({ "page": 2 })));
    assert_eq!(updated["created_at"], first["created_at"]);
    assert_eq!(owner.get(&path).await.ok(), updated);
    assert_eq!(owner.post("/edges?on_conflict=update", &edge("R", 2)).await.ok(), updated);
    assert_eq!(neighbour.get(&format!("/edges/{}", theirs["id"].as_str().unwrap())).await.ok()["props"], json!({ "page": 9 }));
    owner.post("/edges?on_conflict=perhaps", &edge("R", 2)).await.problem(400);

    // That it was changed is on record, and nothing that its props could be guessed by, hashed or not.
    let events = told(&owner, "edge.updated").await;
    assert_eq!((events.len(), &events[0]["subject"]), (1, &first["id"]), "what changed nothing is no change");
    assert_eq!(events[0]["payload"], json!({ "changed": ["props"] }), "{events:?}");
    assert!(told(&neighbour, "edge.updated").await.is_empty());
}

#[tokio::test]
async fn an_edge_is_changed_by_who_may_write_edges_of_its_tenant_alone() {
    let app = App::start().await;
    let (owner, neighbour) = (app.owner("tenant-a"), app.owner("tenant-b"));
    let (a, b) = two(&owner).await;
    let there = owner.post("/edges", &edge("R", 1)).await.created();
    let batch = json!({ "edges": [edge("R", 2)] });
    for scopes in [&["edges:read"][..], &["nodes:write"], &["kg:read", "search:read"]] {
        let low = app.caller("tenant-a", scopes);
        low.post("/edges?on_conflict=update", &edge("R", 2)).await.problem(403);
        low.post("/edges/batch?on_conflict=update", &batch).await.problem(403);
    }
    // Whoever knows the ids of another tenant's nodes meets no nodes.
    let reach = json!({ "src": a, "rel": "R", "dst": b, "props": { "page": 2 } });
    assert_eq!(neighbour.post("/edges?on_conflict=update", &reach).await.problem(422)["errors"][0]["field"], "/src");
    let results = neighbour.post("/edges/batch?on_conflict=update", &json!({ "edges": [reach] })).await.ok();
    assert_eq!((&results["updated"], &results["results"][0]["status"]), (&json!(0), &json!("refused")));
    let path = format!("/edges/{}", there["id"].as_str().unwrap());
    assert_eq!(owner.get(&path).await.ok(), there);
    assert!(told(&owner, "edge.updated").await.is_empty());
}

#[tokio::test]
async fn a_batch_tells_created_updated_unchanged_and_the_same_edge_twice_apart() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let (a, b) = two(&owner).await;
    let old = owner.post("/edges", &edge("OLD", 1)).await.created();
    let same = owner.post("/edges", &edge("SAME", 1)).await.created();
    let twice = json!({ "src": a, "rel": "TWICE", "dst": b, "props": { "page": 1 } });
    let nobody = json!({ "src_external_id": "nobody", "rel": "R", "dst_external_id": "b" });
    let edges =
        json!([edge("NEW", 1), edge("OLD", 2), edge("SAME", 1), twice, nobody, edge("", 1), edge("TWICE", 2), edge("OLD", 3)]);
    let answer = owner.post("/edges/batch?on_conflict=update", &json!({ "edges": edges })).await.ok();
    let results = answer["results"].as_array().unwrap();
    let statuses: Vec<&str> = results.iter().map(|r| r["status"].as_str().unwrap()).collect();
    let expected = ["created", "refused", "unchanged", "refused", "refused", "refused", "created", "updated"];
    assert_eq!(statuses, expected, "{answer}");
    assert_eq!((&answer["created"], &answer["updated"], &answer["failed"]), (&json!(2), &json!(1), &json!(4)));
    assert_eq!(results[1]["errors"][0], json!({ "field": "/edges/1", "detail": "a later item of the batch is the same edge" }));
    assert_eq!((&results[7]["id"], &results[2]["id"]), (&old["id"], &same["id"]));
    let page = async |id: &Value| owner.get(&format!("/edges/{}", id.as_str().unwrap())).await.ok()["props"]["page"].clone();
    assert_eq!((page(&results[6]["id"]).await, page(&old["id"]).await), (json!(2), json!(3)), "the later item counts");
    assert_eq!((told(&owner, "edge.created").await.len(), told(&owner, "edge.updated").await.len()), (4, 1));

    // Whoever leaves what is there is told whether it is the same.
    let edges = json!({ "edges": [edge("OLD", 3), edge("OLD", 4), edge("LAST", 1)] });
    let ignored = owner.post("/edges/batch?on_conflict=ignore", &edges).await.ok();
    assert_eq!((&ignored["created"], &ignored["updated"], &ignored["failed"]), (&json!(1), &json!(0), &json!(0)));
    let told = |n: usize| (&ignored["results"][n]["status"], &ignored["results"][n]["differs"]);
    assert_eq!((told(0), told(1)), ((&json!("exists"), &json!(false)), (&json!("exists"), &json!(true))));
    assert_eq!(owner.post("/edges/batch", &edges).await.ok()["failed"], 3);
    assert_eq!(page(&old["id"]).await, json!(3));
}

#[tokio::test]
async fn a_later_item_that_is_refused_leaves_the_earlier_one_standing() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    two(&owner).await;
    let faulty = json!({ "src_external_id": "a", "rel": "R", "dst_external_id": "b", "props": { "\u{0}": 1 } });
    let answer = owner.post("/edges/batch?on_conflict=update", &json!({ "edges": [edge("R", 1), faulty] })).await.ok();
    assert_eq!((&answer["results"][0]["status"], &answer["results"][1]["status"]), (&json!("created"), &json!("refused")));
    assert_eq!(owner.get("/edges").await.ok()["edges"][0]["props"], json!({ "page": 1 }));
}

#[tokio::test]
async fn what_edges_hold_is_not_guessed_from_the_log() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let (a, _) = two(&owner).await;
    let before = owner.post("/edges", &edge("R", 1)).await.created();
    let after = owner.post("/edges?on_conflict=update", &edge("R", 2)).await.ok();
    let batch = json!({ "edges": [edge("R", 3)] });
    assert_eq!(owner.post("/edges/batch?on_conflict=update", &batch).await.ok()["updated"], 1);
    assert_eq!(owner.delete(&format!("/nodes/{}?hard=true", a.as_str().unwrap())).await.status, 204);
    let auditor = app.caller("tenant-a", &["events:read"]);
    let log: Vec<_> = auditor.events().await.into_iter().map(|event| event["payload"].to_string()).collect();
    assert!(log.len() > 5, "{log:?}");
    for props in [&before["props"], &after["props"], &json!({ "page": 3 })] {
        let text = props.to_string();
        for told in [format!("{:x}", Sha256::digest(&text)), text] {
            assert!(log.iter().all(|payload| !payload.contains(&told)), "{told}: {log:?}");
        }
    }
}

#[tokio::test]
async fn of_items_that_are_one_new_edge_the_last_is_stored_with_its_age() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let (a, b) = two(&owner).await;
    let old = |year: i32| format!("{year}-01-01T00:00:00Z");
    // The same edge under both names of its ends, and another one between.
    let named = json!({ "src_external_id": "a", "rel": "R", "dst_external_id": "b", "created_at": old(2020) });
    let by_id = json!({ "src": a, "rel": "R", "dst": b, "props": { "page": 2 }, "created_at": old(2021) });
    let edges = json!({ "edges": [named, edge("S", 1), by_id, edge("T", 1)] });
    let answer = owner.post("/edges/batch?on_conflict=update", &edges).await.ok();
    let statuses: Vec<_> = answer["results"].as_array().unwrap().iter().map(|result| result["status"].clone()).collect();
    assert_eq!(statuses, ["refused", "created", "created", "created"], "{answer}");
    let list = owner.get("/edges").await.ok();
    let told: Vec<_> = list["edges"].as_array().unwrap().iter().map(|edge| edge["rel"].clone()).collect();
    assert_eq!(told, ["S", "R", "T"], "listed in the order in which they were sent");
    let stored = &list["edges"][1];
    assert_eq!((&stored["props"], &stored["created_at"]), (&json!({ "page": 2 }), &json!(old(2021))));
    let events = told_of(&owner, &stored["id"]).await;
    assert_eq!((events.len(), &events[0]["type"]), (1, &json!("edge.created")), "{events:?}");
    assert_eq!(events[0]["payload"]["created_at"], old(2021));
}

async fn told_of(caller: &Caller, subject: &Value) -> Vec<Value> {
    caller.events().await.into_iter().filter(|e| e["subject"] == *subject).collect()
}

#[tokio::test]
async fn active_html_is_taken_out_of_the_props_that_replace_others() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    two(&owner).await;
    owner.post("/edges", &edge("R", 1)).await.created();
    let bad = json!({ "src_external_id": "a", "rel": "R", "dst_external_id": "b", "props": { "note": "x<script>y()</script>" } });
    let updated = owner.post("/edges?on_conflict=update", &bad).await.ok();
    assert_eq!((&updated["cleaned"], &updated["props"]), (&json!(["/props/note"]), &json!({ "note": "x" })));
}

#[tokio::test]
async fn an_update_that_is_sent_again_by_its_key_is_not_done_again() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    two(&owner).await;
    owner.post("/edges", &edge("R", 1)).await.created();
    let update = async |page: i32| {
        let path = "/edges?on_conflict=update";
        Reply::of(owner.request("POST", path).header("idempotency-key", "k").json(&edge("R", page))).await
    };
    let first = update(2).await.ok();
    owner.post("/edges?on_conflict=update", &edge("R", 3)).await.ok();
    let again = update(2).await;
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(again.ok(), first);
    update(4).await.problem(422);
    assert_eq!(owner.get("/edges").await.ok()["edges"][0]["props"], json!({ "page": 3 }), "what came between stays");
    assert_eq!(told(&owner, "edge.updated").await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_store_the_same_edges_at_once_make_each_once_and_lose_no_change() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    two(&owner).await;
    let (mut created, mut updated) = (0, 0);
    for round in 0..6 {
        let writers = (0..6).map(async |writer| {
            let mut edges: Vec<_> = (0..20).map(|i| edge(&format!("R{round}-{i}"), writer)).collect();
            if writer % 2 == 0 {
                edges.reverse();
            }
            owner.post("/edges/batch?on_conflict=update", &json!({ "edges": edges })).await.ok()
        });
        for answer in futures_util::future::join_all(writers).await {
            created += answer["created"].as_i64().unwrap();
            updated += answer["updated"].as_i64().unwrap();
        }
    }
    let client = app.database.behind_the_scenes().await;
    let number = async |sql: &str| client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0);
    assert_eq!(number("select count(*) from wardgraph.edges").await, 120);
    assert_eq!(number("select count(*) from wardgraph.events where type = 'edge.created'").await, 120);
    // Of six who gave an edge other props each, one created it, and five found another's: each saw what the one before had left.
    assert_eq!((created, updated), (120, 5 * 120));
    assert_eq!(number("select count(*) from wardgraph.events where type = 'edge.updated'").await, updated);
}
