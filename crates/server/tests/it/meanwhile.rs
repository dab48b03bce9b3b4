//! Storing what is there already while somebody erases it, or while it comes and goes.

use serde_json::{Value, json};
use tokio_postgres::Client;
use wardgraph_kernel::Clock;
use wardgraph_testkit::{App, Caller};

use crate::idempotency::{keyed, patient, under_way};

const WORD: &str = "axolotl";
const WAITING: &str = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";

fn named(name: &str) -> Value {
    json!({ "classes": ["A"], "props": { "of": name }, "external_id": name })
}

async fn two(caller: &Caller) -> (String, String) {
    let node = async |name: &str| caller.post("/nodes", &named(name)).await.created()["id"].as_str().unwrap().to_owned();
    (node("a").await, node("b").await)
}

fn edge(rel: &str, of: &str) -> Value {
    json!({ "src_external_id": "a", "rel": rel, "dst_external_id": "b", "props": { "of": of } })
}

#[tokio::test]
async fn an_erasure_overtakes_no_answer_that_tells_of_what_it_erases() {
    for (path, there, again) in [
        ("/edges?on_conflict=ignore", edge("R", WORD), edge("R", "")),
        ("/edges?on_conflict=update", edge("R", WORD), edge("R", WORD)),
        ("/nodes?on_conflict=ignore", json!({ "classes": ["A"], "props": { "of": WORD }, "external_id": "c" }), named("c")),
    ] {
        for end in [0, 1] {
            let app = patient().await;
            let owner = app.owner("tenant-a");
            let (a, b) = two(&owner).await;
            let made = owner.post(path.split_once('?').unwrap().0, &there).await.created();
            let erased = if path.starts_with("/nodes") { made["id"].as_str().unwrap() } else { [&a, &b][end] }.to_owned();
            // The answer is made, and cannot be kept yet.
            let mut superuser = app.database.behind_the_scenes().await;
            let watcher = app.database.behind_the_scenes().await;
            let held = superuser.transaction().await.unwrap();
            held.batch_execute("lock table wardgraph.idempotency_subjects in share mode").await.unwrap();
            let running = under_way(&owner, path, &again, &watcher).await;
            let erasing = tokio::spawn({
                let owner = owner.clone();
                async move { owner.delete(&format!("/nodes/{erased}?hard=true")).await }
            });
            while !erasing.is_finished() && watcher.query_one(WAITING, &[]).await.unwrap().get::<_, i64>(0) < 2 {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            held.rollback().await.unwrap();
            assert!(running.await.unwrap().text.contains(WORD), "{path}");
            assert_eq!(erasing.await.unwrap().status, 204);
            let replayed = keyed(&owner, "k", path, &again).await;
            assert!(!replayed.text.contains(WORD), "{path}: {}", replayed.text);
            replayed.problem(409);
            let kept = format!("select count(*) from wardgraph.idempotency where body like '%{WORD}%'");
            assert_eq!(watcher.query_one(&kept, &[]).await.unwrap().get::<_, i64>(0), 0, "{path}");
        }
    }
}

/// Deletes what has the mark as soon as it was in somebody's way: once the statement that met it has ended, and before the next.
async fn goes_when_it_was_met(client: &Client) {
    let sql = "create function public.goes() returns trigger language plpgsql security definer as $$
               begin
                 execute format('delete from wardgraph.%I where props ? ''goes''', tg_table_name);
                 return null;
               end $$;
               create trigger goes after insert on wardgraph.edges for each statement execute function public.goes();
               create trigger goes after insert on wardgraph.nodes for each statement execute function public.goes();";
    client.batch_execute(sql).await.unwrap();
}

#[tokio::test]
async fn what_goes_between_being_met_and_being_looked_up_is_created() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    two(&owner).await;
    let client = app.database.behind_the_scenes().await;
    goes_when_it_was_met(&client).await;
    let mark_edge = "update wardgraph.edges set props = '{\"goes\": true}' where rel = 'R'";
    let mark_node = "update wardgraph.nodes set props = '{\"goes\": true}' where external_id = 'c'";
    owner.post("/edges", &edge("R", "first")).await.created();
    owner.post("/nodes", &named("c")).await.created();
    for conflict in ["error", "ignore", "update"] {
        for (table, mark, new) in [("edges", mark_edge, edge("R", conflict)), ("nodes", mark_node, named("c"))] {
            client.batch_execute(mark).await.unwrap();
            let made = owner.post(&format!("/{table}?on_conflict={conflict}"), &new).await.created();
            assert_eq!(made["props"], new["props"], "{table} {conflict}");
            client.batch_execute(mark).await.unwrap();
            let other = if table == "edges" { edge(conflict, "other") } else { named(conflict) };
            let batch = json!({ table: [other, new] });
            let answer = owner.post(&format!("/{table}/batch?on_conflict={conflict}"), &batch).await.ok();
            assert_eq!((&answer["created"], &answer["failed"]), (&json!(2), &json!(0)), "{table} {conflict}: {answer}");
            let found = owner.get(&format!("/{table}")).await.ok();
            let mine = found[table].as_array().unwrap().iter().filter(|one| one["props"] == new["props"]).count();
            assert_eq!(mine, 1, "{table} {conflict}: {found}");
        }
    }
}

#[tokio::test]
async fn what_goes_before_it_is_held_is_created() {
    let app = patient().await;
    let owner = app.owner("tenant-a");
    let (a, _) = two(&owner).await;
    let mut superuser = app.database.behind_the_scenes().await;
    let watcher = app.database.behind_the_scenes().await;
    owner.post("/edges", &edge("R", "first")).await.created();
    owner.post("/nodes", &named("c")).await.created();
    let hold_node = "select from wardgraph.nodes where external_id = 'c' for update".to_owned();
    for (path, new, hold, goes) in [
        (
            "/edges?on_conflict=ignore",
            edge("R", "second"),
            format!("select from wardgraph.nodes where node_id = '{a}' for update"),
            "delete from wardgraph.edges",
        ),
        ("/nodes?on_conflict=ignore", named("c"), hold_node, "delete from wardgraph.nodes where external_id = 'c'"),
    ] {
        let held = superuser.transaction().await.unwrap();
        held.batch_execute(&hold).await.unwrap();
        let running = under_way(&owner, path, &new, &watcher).await;
        held.batch_execute(goes).await.unwrap();
        held.commit().await.unwrap();
        assert_eq!(running.await.unwrap().created()["props"], new["props"], "{path}");
    }
}

#[tokio::test]
async fn whoever_deletes_edges_takes_them_in_the_order_in_which_others_change_them() {
    let app = patient().await;
    let owner = app.owner("tenant-a");
    let (a, _) = two(&owner).await;
    let mut superuser = app.database.behind_the_scenes().await;
    let watcher = app.database.behind_the_scenes().await;
    for path in [format!("/nodes/{a}/edges"), format!("/nodes/{a}")] {
        let mut ids = Vec::new();
        for rel in ["R", "S"] {
            ids.push(owner.post("/edges", &edge(rel, "")).await.created()["id"].as_str().unwrap().to_owned());
        }
        // The one of the lesser id lies behind the other.
        ids.sort_unstable();
        let (first, second) = (&ids[0], &ids[1]);
        watcher.batch_execute(&format!("update wardgraph.edges set size_bytes = 3 where edge_id = '{first}'")).await.unwrap();
        let held = superuser.transaction().await.unwrap();
        held.batch_execute(&format!("select from wardgraph.edges where edge_id = '{first}' for update")).await.unwrap();
        let deleting = tokio::spawn({
            let (owner, path) = (owner.clone(), path.clone());
            async move { owner.delete(&path).await }
        });
        while watcher.query_one(WAITING, &[]).await.unwrap().get::<_, i64>(0) == 0 {
            assert!(!deleting.is_finished(), "{path} waited for nobody");
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        let free = format!("select from wardgraph.edges where edge_id = '{second}' for update nowait");
        assert!(watcher.query_one(&free, &[]).await.is_ok(), "{path}: the second is taken before the first");
        held.rollback().await.unwrap();
        assert!(deleting.await.unwrap().status.is_success(), "{path}");
        assert_eq!(owner.get("/edges").await.ok()["count"], 0, "{path}");
    }
}

#[tokio::test]
async fn an_end_that_goes_meanwhile_refuses_its_edge_and_stops_no_other() {
    for [one, many] in [
        ["/edges", "/edges/batch"],
        ["/edges?on_conflict=ignore", "/edges/batch?on_conflict=ignore"],
        ["/edges?on_conflict=update", "/edges/batch?on_conflict=update"],
    ] {
        let app = patient().await;
        let owner = app.owner("tenant-a");
        let (_, b) = two(&owner).await;
        let mut superuser = app.database.behind_the_scenes().await;
        let watcher = app.database.behind_the_scenes().await;
        let towards = json!({ "src_external_id": "a", "rel": "R", "dst_external_id": "c" });
        let within = json!({ "src_external_id": "a", "rel": "R", "dst": b });
        let batch = json!({ "edges": [towards, within, { "src_external_id": "c", "rel": "S", "dst": b }] });
        for (path, body) in [(one, &towards), (many, &batch)] {
            owner.post("/nodes", &named("c")).await.created();
            let held = superuser.transaction().await.unwrap();
            held.batch_execute("delete from wardgraph.nodes where external_id = 'c'").await.unwrap();
            let running = under_way(&owner, path, body, &watcher).await;
            held.commit().await.unwrap();
            let reply = running.await.unwrap();
            if path == one {
                assert_eq!(reply.problem(422)["errors"][0]["field"], "/dst_external_id", "{path}");
                continue;
            }
            let answer = reply.ok();
            assert_eq!((&answer["created"], &answer["failed"]), (&json!(1), &json!(2)), "{path}: {answer}");
            assert_eq!(answer["results"][0]["errors"][0]["field"], "/edges/0/dst_external_id", "{path}");
            assert_eq!(answer["results"][2]["errors"][0]["field"], "/edges/2/src_external_id", "{path}");
            assert_eq!(owner.get("/edges").await.ok()["count"], 1, "{path}");
        }
    }
}

#[tokio::test]
async fn who_tries_again_holds_its_idempotency_key() {
    let app = patient().await;
    let owner = app.owner("tenant-a");
    two(&owner).await;
    owner.post("/nodes", &named("c")).await.created();
    let (mut one, mut other) = (app.database.behind_the_scenes().await, app.database.behind_the_scenes().await);
    let watcher = app.database.behind_the_scenes().await;
    let goes = one.transaction().await.unwrap();
    goes.batch_execute("delete from wardgraph.nodes where external_id = 'c'").await.unwrap();
    let holds = other.transaction().await.unwrap();
    holds.batch_execute("select from wardgraph.nodes where external_id = 'b' for update").await.unwrap();
    let new = json!({ "src_external_id": "c", "rel": "R", "dst_external_id": "b" });
    let running = under_way(&owner, "/edges", &new, &watcher).await;
    goes.commit().await.unwrap();
    let again = "select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database() and query like 'with ends as%'";
    while watcher.query(again, &[]).await.unwrap().is_empty() {
        assert!(!running.is_finished(), "it is not tried again");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    keyed(&owner, "k", "/edges", &new).await.problem(409);
    holds.rollback().await.unwrap();
    running.await.unwrap().problem(422);
}

#[tokio::test]
async fn who_waits_in_a_circle_tries_again() {
    let app = patient().await;
    let owner = app.owner("tenant-a");
    two(&owner).await;
    let mut superuser = app.database.behind_the_scenes().await;
    let watcher = app.database.behind_the_scenes().await;
    let hold = |name: &str| format!("select from wardgraph.nodes where external_id = '{name}' for update");
    let held = superuser.transaction().await.unwrap();
    // Whoever waited first looks first whether they wait in a circle: that is the request.
    held.batch_execute("set local deadlock_timeout = '60s'").await.unwrap();
    held.batch_execute(&hold("b")).await.unwrap();
    let running = under_way(&owner, "/edges", &edge("R", "circle"), &watcher).await;
    held.batch_execute(&hold("a")).await.unwrap();
    held.commit().await.unwrap();
    assert_eq!(running.await.unwrap().created()["props"], json!({ "of": "circle" }));
    assert_eq!(owner.get("/edges").await.ok()["count"], 1);
}

#[tokio::test]
async fn an_event_is_of_when_its_change_was_committed_and_not_of_when_it_began() {
    let app = patient().await;
    let owner = app.owner("tenant-a");
    owner.post("/nodes", &named("a")).await.created();
    let mut superuser = app.database.behind_the_scenes().await;
    let watcher = app.database.behind_the_scenes().await;
    let held = superuser.transaction().await.unwrap();
    held.batch_execute("select from wardgraph.nodes where external_id = 'a' for update").await.unwrap();
    let began = app.clock.now();
    let new = json!({ "classes": ["A"], "props": { "n": 1 }, "external_id": "a" });
    let running = under_way(&owner, "/nodes?on_conflict=update", &new, &watcher).await;
    // Whoever holds the node may be on record until now: what waited for it stands behind.
    app.clock.advance(std::time::Duration::from_secs(7));
    held.commit().await.unwrap();
    assert_eq!(running.await.unwrap().ok()["updated_at"], json!(began));
    let events = owner.events().await;
    let updated = events.iter().find(|event| event["type"] == "node.updated").unwrap();
    assert_eq!(updated["created_at"], json!(app.clock.now()), "{updated}");
}
