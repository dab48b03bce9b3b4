//! Storing nodes under the caller's own ids, again and again, and at once.

use serde_json::{Value, json};
use wardgraph_testkit::{App, Caller, Reply};

fn item(external_id: &str, n: i32) -> Value {
    json!({ "classes": ["A"], "props": { "text": format!("{external_id} {n}"), "n": n }, "external_id": external_id })
}

async fn meant(caller: &Caller, path: &str, tag: &str, body: &Value) -> Reply {
    Reply::of(caller.request("POST", path).header("if-match", tag).json(body)).await
}

async fn told(caller: &Caller, event: &str) -> usize {
    caller.events().await.iter().filter(|e| e["type"] == event).count()
}

#[tokio::test]
async fn what_happens_to_what_is_there_is_the_callers_to_say() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let first = owner.post("/nodes?on_conflict=update", &item("x", 1)).await.created();
    assert_eq!(first["version"], 1);
    owner.post("/nodes", &item("x", 2)).await.problem(409);
    owner.post("/nodes?on_conflict=error", &item("x", 2)).await.problem(409);
    let ignored = owner.post("/nodes?on_conflict=ignore", &item("x", 2)).await;
    assert_eq!(ignored.headers["etag"], "\"1\"");
    assert_eq!(ignored.ok(), first);
    let updated =
        owner.post("/nodes?on_conflict=update", &json!({ "classes": ["B"], "props": { "external_id": "x", "m": 1 } })).await;
    assert_eq!(updated.headers["etag"], "\"2\"");
    let updated = updated.ok();
    assert_eq!((&updated["id"], &updated["classes"], &updated["version"]), (&first["id"], &json!(["B"]), &json!(2)));
    assert_eq!(updated["props"], json!({ "external_id": "x", "m": 1 }), "as a replacement: nothing is left of what was");
    assert_eq!(owner.get(&format!("/nodes/{}", first["id"].as_str().unwrap())).await.ok(), updated);
    let again =
        owner.post("/nodes?on_conflict=update", &json!({ "classes": ["B"], "props": { "external_id": "x", "m": 1 } })).await;
    assert_eq!(again.ok(), updated);
    // Without an external id there is nothing to collide with, and nothing that could be meant.
    let nameless = owner.post("/nodes?on_conflict=update", &json!({ "classes": ["A"], "props": {} })).await.problem(422);
    assert_eq!(nameless["errors"][0]["field"], "/external_id", "{nameless}");
    owner.post("/nodes?on_conflict=ignore", &json!({ "classes": ["A"], "props": {} })).await.created();
    owner.post("/nodes?on_conflict=perhaps", &item("x", 2)).await.problem(400);
    assert_eq!((told(&owner, "node.created").await, told(&owner, "node.updated").await), (2, 1));
    // The neighbour's are his own.
    let theirs = app.owner("tenant-b").post("/nodes?on_conflict=update", &item("x", 9)).await.created();
    assert_ne!(theirs["id"], first["id"]);
    assert_eq!(owner.get("/nodes?external_id=x").await.ok()["nodes"][0]["version"], 2);
}

#[tokio::test]
async fn a_version_that_is_meant_is_replaced_and_no_other() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    for path in ["/nodes", "/api/v1/shared/nodes"] {
        let update = format!("{path}?on_conflict=update");
        let count = async || {
            let sql = "select count(*), coalesce(sum(version), 0)::bigint from wardgraph.nodes";
            let row = app.database.behind_the_scenes().await.query_one(sql, &[]).await.unwrap();
            (row.get::<_, i64>(0), row.get::<_, i64>(1))
        };
        let before = count().await;
        // Of what is not there, nothing is meant, and nothing is created.
        for tag in ["\"1\"", "*", "\"0\""] {
            meant(&owner, &update, tag, &item("x", 1)).await.problem(412);
            meant(&owner, &update, tag, &json!({ "classes": ["A"], "props": {} })).await.problem(412);
        }
        assert_eq!(count().await, before);
        let made = owner.post(path, &item("x", 1)).await.created();
        for tag in ["\"2\"", "W/\"1\"", "\"01\"", "\"x\""] {
            meant(&owner, &update, tag, &item("x", 2)).await.problem(412);
            // What is the same already is of another version all the same.
            meant(&owner, &update, tag, &item("x", 1)).await.problem(412);
        }
        meant(&owner, &update, "1", &item("x", 2)).await.problem(400);
        assert_eq!(count().await, (before.0 + 1, before.1 + 1));
        let updated = meant(&owner, &update, "\"7\", \"1\"", &item("x", 2)).await;
        assert_eq!(updated.headers["etag"], "\"2\"");
        let updated = updated.ok();
        assert_eq!((&updated["id"], &updated["props"]["n"]), (&made["id"], &json!(2)));
        assert_eq!(meant(&owner, &update, "\"2\"", &item("x", 2)).await.ok(), updated, "the same already");
        assert_eq!(meant(&owner, &update, "*", &item("x", 3)).await.ok()["version"], 3);
        // Where nothing is replaced no version can be meant.
        for conflict in ["", "?on_conflict=error", "?on_conflict=ignore"] {
            for name in ["x", "new"] {
                meant(&owner, &format!("{path}{conflict}"), "\"3\"", &item(name, 4)).await.problem(400);
            }
        }
        for conflict in ["", "?on_conflict=update", "?on_conflict=ignore"] {
            let batch = json!({ "nodes": [item("x", 4), item("new", 4)] });
            let refused = meant(&owner, &format!("{path}/batch{conflict}"), "\"3\"", &batch).await.problem(400);
            assert!(refused["detail"].as_str().unwrap().contains("if-match"), "{refused}");
        }
        assert_eq!(count().await, (before.0 + 1, before.1 + 3));
    }
    assert_eq!((told(&owner, "node.updated").await, told(&owner, "shared_node.updated").await), (2, 2));
    // Another tenant's node of the name is not there.
    meant(&app.owner("tenant-b"), "/nodes?on_conflict=update", "\"3\"", &item("x", 9)).await.problem(412);
}

#[tokio::test]
async fn of_items_of_one_name_the_last_that_can_be_stored_counts() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let faulty = json!({ "classes": [], "props": {}, "external_id": "dup" });
    // What is too heavy only once it is cleaned is seen late.
    let heavy = json!({ "classes": ["A"], "props": { "text": "<svg><a a=".repeat(85_000) }, "external_id": "dup" });
    for (n, last) in [(1, &faulty), (2, &heavy)] {
        let batch = json!({ "nodes": [item("dup", 0), item("dup", n), last] });
        let answer = owner.post("/nodes/batch?on_conflict=update", &batch).await.ok();
        let results = answer["results"].as_array().unwrap();
        let places: Vec<_> = results.iter().map(|result| &result["errors"][0]["field"]).collect();
        assert_eq!((places[0], places[1]), (&json!("/nodes/0/external_id"), &Value::Null), "{answer}");
        assert_eq!((&results[2]["status"], &answer["failed"]), (&json!("refused"), &json!(2)), "{answer}");
        assert_eq!(owner.get("/nodes?external_id=dup").await.ok()["nodes"][0]["props"]["n"], n);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_those_who_store_in_place_of_one_version_exactly_one_wins() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    owner.post("/nodes", &item("x", 0)).await.created();
    for round in 1..=8 {
        let tag = format!("\"{round}\"");
        let writers = (0..6).map(async |writer| {
            meant(&owner, "/nodes?on_conflict=update", &tag, &item("x", round * 10 + writer)).await.status.as_u16()
        });
        let mut told = futures_util::future::join_all(writers).await;
        told.sort_unstable();
        assert_eq!(told, [200, 412, 412, 412, 412, 412], "round {round}");
    }
    assert_eq!(owner.get("/nodes?external_id=x").await.ok()["nodes"][0]["version"], 9);
}

#[tokio::test]
async fn a_batch_creates_updates_and_tells_each_apart() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let kept = owner.post("/nodes", &item("same", 1)).await.created();
    let old = owner.post("/nodes", &item("old", 1)).await.created();
    let batch = json!({ "nodes": [
        item("new", 1), item("old", 2), item("same", 1), item("twice", 1), { "classes": [], "props": {} }, item("twice", 2), { "classes": ["A"], "props": {} },
    ] });
    let answer = owner.post("/nodes/batch?on_conflict=update", &batch).await.ok();
    let results = answer["results"].as_array().unwrap();
    let statuses: Vec<&str> = results.iter().map(|r| r["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["created", "updated", "unchanged", "refused", "refused", "created", "created"]);
    assert_eq!((&answer["created"], &answer["updated"], &answer["failed"]), (&json!(3), &json!(1), &json!(2)));
    assert_eq!((&results[1]["id"], &results[1]["version"]), (&old["id"], &json!(2)));
    assert_eq!((&results[2]["id"], &results[2]["version"]), (&kept["id"], &json!(1)));
    assert_eq!(results[3]["errors"][0]["field"], "/nodes/3/external_id");
    let twice = owner.get("/nodes?external_id=twice").await.ok();
    assert_eq!((&twice["count"], &twice["nodes"][0]["props"]["n"]), (&json!(1), &json!(2)), "the later item counts");
    let versions = owner.get(&format!("/nodes/{}/versions", old["id"].as_str().unwrap())).await.ok();
    assert_eq!(versions["versions"][1]["props"], old["props"]);
    assert_eq!((told(&owner, "node.created").await, told(&owner, "node.updated").await), (5, 1));
    let ignored =
        owner.post("/nodes/batch?on_conflict=ignore", &json!({ "nodes": [item("old", 3), item("fresh", 1)] })).await.ok();
    assert_eq!(
        (&ignored["created"], &ignored["failed"], &ignored["results"][0]["status"]),
        (&json!(1), &json!(0), &json!("exists"))
    );
    assert_eq!(owner.get("/nodes?external_id=old").await.ok()["nodes"][0]["props"]["n"], 2);
}

#[tokio::test]
async fn a_batch_of_500_is_stored_twice_and_is_there_once() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let batch = |n: i32| json!({ "nodes": (0..500).map(|i| item(&format!("e{i}"), n)).collect::<Vec<_>>() });
    assert_eq!(owner.post("/nodes/batch?on_conflict=update", &batch(1)).await.ok()["created"], 500);
    let again = owner.post("/nodes/batch?on_conflict=update", &batch(1)).await.ok();
    assert_eq!((&again["created"], &again["updated"], &again["failed"]), (&json!(0), &json!(0), &json!(0)));
    assert_eq!(owner.post("/nodes/batch?on_conflict=update", &batch(2)).await.ok()["updated"], 500);
    let client = app.database.behind_the_scenes().await;
    let sql = "select (select count(*) from wardgraph.nodes where version = 2), (select count(*) from wardgraph.node_versions where version = 1), (select count(*) from wardgraph.jobs)";
    let row = client.query_one(sql, &[]).await.unwrap();
    assert_eq!([0, 1, 2].map(|column| row.get::<_, i64>(column)), [500, 500, 500]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_store_the_same_at_once_make_it_once() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    for round in 0..6 {
        let writers = (0..6).map(async |writer| {
            let mut items: Vec<_> = (0..20).map(|i| item(&format!("{round}-{i}"), writer)).collect();
            if writer % 2 == 0 {
                items.reverse();
            }
            let reply = if writer < 4 {
                owner.post("/nodes/batch?on_conflict=update", &json!({ "nodes": items })).await
            } else {
                owner.post("/nodes?on_conflict=update", &items[7]).await
            };
            assert!(reply.status.is_success(), "{}", reply.text);
        });
        futures_util::future::join_all(writers).await;
    }
    let client = app.database.behind_the_scenes().await;
    let twice = "select count(*), count(distinct external_id) from wardgraph.nodes";
    let row = client.query_one(twice, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (120, 120));
    // What each version was is kept, none twice and none lost.
    let gaps = "select count(*) from wardgraph.nodes n where n.version - 1 <> (select count(*) from wardgraph.node_versions v where v.node_id = n.node_id)";
    assert_eq!(client.query_one(gaps, &[]).await.unwrap().get::<_, i64>(0), 0);
    let made = client.query_one("select count(*) from wardgraph.events where type = 'node.created'", &[]).await.unwrap();
    assert_eq!(made.get::<_, i64>(0), 120);
}
