//! When nodes and edges came about, said by who brings them in.

use std::time::Duration;

use serde_json::{Value, json};
use wardgraph_kernel::Clock;
use wardgraph_testkit::{App, Caller};

const THEN: &str = "2020-01-02T03:04:05.123456Z";

fn node(name: &str, created_at: &str) -> Value {
    json!({ "classes": ["A"], "props": { "text": name }, "external_id": name, "created_at": created_at })
}

fn edge(rel: &str, created_at: &str) -> Value {
    json!({ "src_external_id": "a", "rel": rel, "dst_external_id": "b", "created_at": created_at })
}

#[tokio::test]
async fn what_is_brought_in_keeps_its_age_and_what_is_there_its_own() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let a = owner.post("/nodes", &node("a", THEN)).await.created();
    assert_eq!(a["created_at"], THEN);
    let id = a["id"].as_str().unwrap();
    assert_eq!(owner.get(&format!("/nodes/{id}")).await.ok(), a, "what was answered is not what was stored");
    assert_ne!(a["updated_at"], a["created_at"], "it is changed here since now");
    let batch = json!({ "nodes": [node("b", THEN), { "classes": ["A"], "props": {}, "external_id": "now" }] });
    assert_eq!(owner.post("/nodes/batch", &batch).await.ok()["created"], 2);
    let old = owner.get("/nodes?created_before=2021-01-01T00:00:00Z").await.ok();
    assert_eq!(old["count"], 2);

    let later = node("a", "2021-01-01T00:00:00Z");
    assert_eq!(owner.post("/nodes?on_conflict=update", &later).await.ok()["created_at"], THEN);
    assert_eq!(owner.post("/nodes/batch?on_conflict=update", &json!({ "nodes": [later] })).await.ok()["created"], 0);
    let mut changed = later.clone();
    changed["props"] = json!({ "text": "other" });
    let changed = owner.post("/nodes?on_conflict=update", &changed).await.ok();
    assert_eq!((&changed["version"], &changed["created_at"]), (&json!(2), &json!(THEN)));
    assert_eq!(owner.put(&format!("/nodes/{id}"), &later).await.problem(422)["errors"][0]["field"], "/created_at");

    let first = owner.post("/edges", &edge("R", THEN)).await.created();
    assert_eq!(first["created_at"], THEN);
    assert_eq!(owner.get(&format!("/edges/{}", first["id"].as_str().unwrap())).await.ok(), first);
    let edges = json!({ "edges": [edge("S", THEN), { "src_external_id": "a", "rel": "T", "dst_external_id": "b" }] });
    assert_eq!(owner.post("/edges/batch", &edges).await.ok()["created"], 2);
    let of = |list: &Value, rel: &str| {
        list["edges"].as_array().unwrap().iter().find(|e| e["rel"] == rel).unwrap()["created_at"].clone()
    };
    let list = owner.get("/edges").await.ok();
    assert_eq!(of(&list, "S"), THEN);
    assert_ne!(of(&list, "T"), THEN);
    // That it was said is on record with what it was said of.
    let said = |event: &Value| event["payload"]["created_at"] == THEN;
    assert_eq!(owner.events().await.iter().filter(|event| said(event)).count(), 4);
    assert_eq!(owner.events().await.iter().filter(|event| event["type"] == "node.created").count(), 3);
}

/// How many days old search takes the one node to be, and what that leaves of its score.
async fn aged(owner: &Caller) -> (f64, f64) {
    let request =
        json!({ "query": "heron", "mode": "vector", "use_weighted_score": true, "decay_lambda": 0.001, "explain": true });
    let answer = owner.post("/search", &request).await.ok();
    assert_eq!(answer["count"], 1, "{answer}");
    let told = &answer["results"][0]["explanation"];
    (told["age_days"].as_f64().unwrap(), told["age_factor"].as_f64().unwrap())
}

#[tokio::test]
async fn a_first_vector_makes_no_node_younger_and_that_of_another_text_does() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let new = |text: &str| json!({ "classes": ["A"], "props": { "text": text }, "external_id": "a", "created_at": THEN });
    let id = owner.post("/nodes", &new("a heron")).await.created()["id"].as_str().unwrap().to_owned();
    // What a model refused was no vector.
    let client = app.database.behind_the_scenes().await;
    let refused = "insert into wardgraph.embedding_history (tenant_id, node_id, entry_id, model, embedded_at, error)
                   select tenant_id, node_id, gen_random_uuid(), 'm', created_at, 'refused' from wardgraph.nodes";
    client.batch_execute(refused).await.unwrap();
    app.embed_everything().await;
    let age = app.clock.now().duration_since(THEN.parse().unwrap()).as_secs_f64() / 86_400.0;
    let (days, left) = aged(&owner).await;
    assert!(age > 2_000.0 && (days - age).abs() < 0.01, "{days} of {age}");
    assert!((left - (-0.001 * age).exp()).abs() < 1e-6, "{left}");

    app.clock.advance(Duration::from_hours(24));
    let owner = app.owner("tenant-a");
    let other = json!({ "props": { "text": "two herons" } });
    owner.patch(&format!("/nodes/{id}"), &other).await.ok();
    app.embed_everything().await;
    app.clock.advance(Duration::from_hours(12));
    let (days, _) = aged(&app.owner("tenant-a")).await;
    assert!((days - 0.5).abs() < 0.01, "a text that is new is new: {days}");
}

#[tokio::test]
async fn who_may_not_make_nodes_young_again_may_not_make_them_old() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    for name in ["a", "b"] {
        owner.post("/nodes", &json!({ "classes": ["A"], "props": {}, "external_id": name })).await.created();
    }
    let writer = app.caller("tenant-a", &["kg:write"]);
    for (path, body) in [
        ("/nodes", node("x", THEN)),
        ("/nodes/batch", json!({ "nodes": [{ "classes": ["A"], "props": {} }, node("x", THEN)] })),
        ("/nodes/batch?on_conflict=update", json!({ "nodes": [node("a", THEN)] })),
        ("/edges", edge("R", THEN)),
        ("/edges/batch", json!({ "edges": [edge("R", THEN)] })),
    ] {
        assert!(writer.post(path, &body).await.problem(403)["detail"].as_str().unwrap().contains("admin:refresh"), "{path}");
    }
    assert_eq!(owner.get("/nodes").await.ok()["count"], 2, "nothing of a batch is done");
    assert_eq!(owner.get("/edges").await.ok()["count"], 0);
    let refused = owner.events().await.iter().filter(|event| event["type"] == "request.refused").count();
    assert_eq!(refused, 5, "what was tried is on record");
    writer.post("/nodes", &json!({ "classes": ["A"], "props": {}, "created_at": null })).await.created();
}

#[tokio::test]
async fn nothing_came_about_in_the_future_or_before_the_year_1() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    for name in ["a", "b"] {
        owner.post("/nodes", &json!({ "classes": ["A"], "props": {}, "external_id": name })).await.created();
    }
    // The clock stands at the beginning of 2026.
    for time in ["2026-01-01T00:00:01Z", "9999-12-30T00:00:00Z", "-000001-01-01T00:00:00Z"] {
        for (path, body) in [("/nodes", node("x", time)), ("/edges", edge("R", time))] {
            assert_eq!(owner.post(path, &body).await.problem(422)["errors"][0]["field"], "/created_at", "{time}");
        }
        let nodes = owner.post("/nodes/batch", &json!({ "nodes": [node("x", time)] })).await.ok();
        assert_eq!(nodes["results"][0]["errors"][0]["field"], "/nodes/0/created_at");
        let edges = owner.post("/edges/batch?on_conflict=update", &json!({ "edges": [edge("R", time)] })).await.ok();
        assert_eq!(edges["results"][0]["errors"][0]["field"], "/edges/0/created_at");
    }
    for time in [json!("then"), json!(7)] {
        let mut body = node("x", THEN);
        body["created_at"] = time;
        owner.post("/nodes", &body).await.problem(400);
    }
    assert_eq!(owner.get("/nodes").await.ok()["count"], 2);
}

#[tokio::test]
async fn a_time_for_ever_is_one_and_what_is_none_is_told_in_our_own_words() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    owner.post("/nodes", &node("axolotl", THEN)).await.created();
    for last in ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999Z"] {
        for field in ["created_before", "updated_before"] {
            assert_eq!(owner.get(&format!("/nodes?{field}={last}")).await.ok()["count"], 1, "{field} {last}");
            let search = json!({ "query": "axolotl", "mode": "text", "filter": { field: last } });
            assert_eq!(owner.post("/search", &search).await.ok()["count"], 1, "{field} {last}");
        }
        assert_eq!(owner.get(&format!("/nodes?created_after={last}")).await.ok()["count"], 0, "{last}");
    }
    let future = owner.post("/nodes", &node("b", "9999-12-31T23:59:59Z")).await.problem(422);
    assert_eq!(future["errors"][0]["field"], "/created_at", "{future}");
    for none in ["10000-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "tomorrow", "2026-01-01"] {
        let told = owner.get(&format!("/nodes?created_before={none}")).await.problem(400);
        assert!(told["errors"][0]["detail"].as_str().unwrap().starts_with("must be a time as RFC 3339"), "{told}");
    }
}
