//! Changes and deletions that another transaction is in the way of: they are done again, and once.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_postgres::Client;
use wardgraph_store::Timeouts;
use wardgraph_testkit::{App, AppOptions, Caller, Cluster, Reply};

/// `stops`: the first who changes a row waits for the first lock, and then for the second. `loses`: the first so many do, and then fail.
const TRIGGERS: &str = "
    create sequence public.turns;
    create function public.stops() returns trigger language plpgsql security definer as $$
    begin
      if nextval('public.turns') = 1 then
        perform pg_advisory_xact_lock(7, 1);
        perform pg_advisory_xact_lock(7, 2);
      end if;
      return coalesce(new, old);
    end $$;
    create function public.loses() returns trigger language plpgsql security definer as $$
    begin
      if nextval('public.turns') <= tg_argv[0]::bigint then
        perform pg_advisory_xact_lock_shared(7, 1);
        raise exception 'another one won' using errcode = tg_argv[1];
      end if;
      return coalesce(new, old);
    end $$;
    do $$ begin execute format('alter database %I set deadlock_timeout = ''50ms''', current_database()); end $$;";

/// A patient server whose connections look soon whether they wait in a circle, and one that sees everything.
async fn start() -> (App, Client) {
    let database = Cluster::get().database().await;
    let watcher = database.behind_the_scenes().await;
    watcher.batch_execute(TRIGGERS).await.unwrap();
    let long = Duration::from_mins(2);
    let timeouts = Timeouts { statement: long, transaction: long, ..Timeouts::default() };
    (App::over(database, AppOptions { timeouts, ..AppOptions::default() }).await, watcher)
}

fn named(name: &str) -> Value {
    json!({ "classes": ["A"], "props": { "of": name }, "external_id": name })
}

/// A node, and the answer that tells of it is kept.
async fn made(owner: &Caller, name: &str) -> String {
    let made = Reply::of(owner.request("POST", "/nodes").header("idempotency-key", "made").json(&named(name))).await;
    made.created()["id"].as_str().unwrap().to_owned()
}

async fn told(owner: &Caller, event: &str) -> usize {
    owner.events().await.iter().filter(|e| e["type"] == event).count()
}

async fn triggered(watcher: &Client, at: &str, function: &str) {
    let table = at.rsplit(' ').next().unwrap();
    let sql = format!(
        "alter sequence public.turns restart; drop trigger if exists turn on {table};
         create trigger turn before {at} for each row execute function public.{function}"
    );
    watcher.batch_execute(&sql).await.unwrap();
}

async fn turns(watcher: &Client) -> i64 {
    watcher.query_one("select last_value from public.turns", &[]).await.unwrap().get(0)
}

async fn until_they_wait(watcher: &Client, running: &JoinHandle<Reply>, many: i64) {
    let waiting = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    while watcher.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) < many {
        assert!(!running.is_finished(), "it waited for nobody");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn who_changes_or_deletes_and_waits_in_a_circle_does_it_again() {
    let (app, watcher) = start().await;
    let owner = app.owner("tenant-a");
    let (mut one, other) = (app.database.behind_the_scenes().await, app.database.behind_the_scenes().await);
    let a = made(&owner, "a").await;
    owner.post("/nodes", &named("b")).await.created();
    let edge = |rel: &str| json!({ "src_external_id": "a", "rel": rel, "dst_external_id": "b" });
    let e = owner.post("/edges", &edge("E")).await.created()["id"].as_str().unwrap().to_owned();
    owner.post("/edges", &edge("F")).await.created();
    let (node, erased) = (format!("/nodes/{a}"), format!("/nodes/{a}?hard=true"));
    let (restore, edges, edge) = (format!("{node}/restore"), format!("{node}/edges"), format!("/edges/{e}"));
    let (held_node, held_edge) = (format!("nodes where node_id = '{a}'"), format!("edges where edge_id = '{e}'"));
    let held_deleted = format!("deleted_nodes where node_id = '{a}'");
    let (there, change) = (String::from("edges"), json!({ "props": { "n": 1 } }));
    let kept = String::from("idempotency");
    for (method, path, body, at, held, event) in [
        ("PATCH", &node, change, "update on wardgraph.nodes", &held_node, "node.updated"),
        ("PUT", &node, named("a2"), "update on wardgraph.nodes", &held_node, "node.updated"),
        ("POST", &restore, json!({ "version": 1 }), "update on wardgraph.nodes", &held_node, "node.restored"),
        ("DELETE", &edge, json!(null), "delete on wardgraph.edges", &held_edge, "edge.deleted"),
        ("DELETE", &edges, json!(null), "delete on wardgraph.edges", &there, "edge.deleted"),
        ("DELETE", &node, json!(null), "delete on wardgraph.nodes", &held_node, "node.deleted"),
        ("POST", &restore, json!({}), "insert on wardgraph.nodes", &held_deleted, "node.restored"),
        ("DELETE", &erased, json!(null), "update on wardgraph.idempotency", &kept, "node.purged"),
    ] {
        let before = told(&owner, event).await;
        triggered(&watcher, at, "stops()").await;
        other.execute("select pg_advisory_lock(7, 1)", &[]).await.unwrap();
        let held_by_one = one.transaction().await.unwrap();
        // The request alone looks whether it waits in a circle, and closes it.
        held_by_one.batch_execute("set local deadlock_timeout = '10min'; select pg_advisory_xact_lock(7, 2)").await.unwrap();
        let request = owner.request(method, path);
        let request = if body.is_null() { request } else { request.json(&body) };
        let running = tokio::spawn(Reply::of(request));
        until_they_wait(&watcher, &running, 1).await;
        let waits = async {
            held_by_one.batch_execute(&format!("select from wardgraph.{held} for update")).await.unwrap();
            held_by_one.commit().await.unwrap();
        };
        let goes_on = async {
            until_they_wait(&watcher, &running, 2).await;
            other.execute("select pg_advisory_unlock(7, 1)", &[]).await.unwrap();
        };
        tokio::join!(waits, goes_on);
        let reply = running.await.unwrap();
        assert!(reply.status.is_success(), "{method} {path}: {}", reply.text);
        assert_eq!(turns(&watcher).await, 2, "{method} {path}");
        assert_eq!(told(&owner, event).await, before + 1, "{method} {path}");
        watcher.batch_execute(&format!("drop trigger turn on {}", at.rsplit(' ').next().unwrap())).await.unwrap();
    }
}

#[tokio::test]
async fn who_loses_four_times_is_told_so_and_has_changed_nothing() {
    let (app, watcher) = start().await;
    let owner = app.owner("tenant-a");
    let path = format!("/nodes/{}", made(&owner, "a").await);
    let change = |key: &'static str, version: i32| {
        let request = owner.request("PATCH", &path).header("idempotency-key", key).header("if-match", format!("\"{version}\""));
        Reply::of(request.json(&json!({ "props": { "key": key } })))
    };
    for (code, key, version) in [("40P01", "deadlock", 1), ("40001", "serialization", 2)] {
        triggered(&watcher, "update on wardgraph.nodes", &format!("loses(4, '{code}')")).await;
        let refused = change(key, version).await;
        assert_eq!((refused.headers["retry-after"].as_bytes(), turns(&watcher).await), (&b"1"[..], 4), "{code}");
        refused.problem(409);
        assert_eq!(owner.get(&path).await.ok()["version"], version, "{code}");
        assert_eq!(told(&owner, "node.updated").await, version as usize - 1, "{code}");
        triggered(&watcher, "update on wardgraph.nodes", &format!("loses(3, '{code}')")).await;
        let mut changed = change(key, version).await;
        // What was refused may still be on its way to being rolled back.
        while changed.headers.contains_key("retry-after") && turns(&watcher).await < 4 {
            changed = change(key, version).await;
        }
        assert_eq!(turns(&watcher).await, 4, "{code}");
        let changed = changed.ok();
        assert_eq!((&changed["version"], &changed["props"]["key"]), (&json!(version + 1), &json!(key)));
        // It was done once, and the same key is answered again.
        assert_eq!(change(key, version).await.ok(), changed, "{code}");
        assert_eq!((turns(&watcher).await, told(&owner, "node.updated").await), (4, version as usize), "{code}");
    }
}

#[tokio::test]
async fn who_tries_again_asks_again_which_version_is_meant() {
    let (app, watcher) = start().await;
    let owner = app.owner("tenant-a");
    let path = format!("/nodes/{}", made(&owner, "a").await);
    let (mut one, other) = (app.database.behind_the_scenes().await, app.database.behind_the_scenes().await);
    triggered(&watcher, "update on wardgraph.nodes", "loses(1, '40P01')").await;
    other.execute("select pg_advisory_lock(7, 1)", &[]).await.unwrap();
    let request = owner.request("PATCH", &path).header("if-match", "\"1\"").json(&json!({ "props": { "late": true } }));
    let running = tokio::spawn(Reply::of(request));
    until_they_wait(&watcher, &running, 1).await;
    let wins = async {
        let won = one.transaction().await.unwrap();
        // In line for the table before the request stands there anew.
        won.batch_execute("set local deadlock_timeout = '10min'; lock table wardgraph.nodes in exclusive mode").await.unwrap();
        won.batch_execute("update wardgraph.nodes set version = 2 where external_id = 'a'").await.unwrap();
        won.commit().await.unwrap();
    };
    let goes_on = async {
        until_they_wait(&watcher, &running, 2).await;
        other.execute("select pg_advisory_unlock(7, 1)", &[]).await.unwrap();
    };
    tokio::join!(wins, goes_on);
    running.await.unwrap().problem(412);
    let node = owner.get(&path).await.ok();
    assert_eq!((&node["version"], &node["props"]), (&json!(2), &json!({ "of": "a" })));
    assert_eq!(told(&owner, "node.updated").await, 0);
}
