//! Writes that are sent again: answered again, and not done again.

use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_postgres::Client;
use wardgraph_api::table::{Row, rows};
use wardgraph_gate::idempotency::MOST_OCTETS;
use wardgraph_store::Timeouts;
use wardgraph_testkit::{App, AppOptions, Caller, Reply};

use crate::front::kit::{Site, somebody};

const KEY: &str = "idempotency-key";
/// A node that whoever creates one of its external id waits for.
const UNCOMMITTED: &str =
    "insert into wardgraph.nodes (tenant_id, node_id, external_id, classes, props, metadata, refresh_policy, triggers, created_at, updated_at)
     values ('tenant-a', gen_random_uuid(), $1, '{}', '{}', '{}', '{}', '[]', now(), now())";

pub(crate) async fn keyed(caller: &Caller, key: &str, path: &str, body: &Value) -> Reply {
    Reply::of(caller.request("POST", path).header(KEY, key).json(body)).await
}

/// The same, and again while what was refused before is still on its way to being rolled back.
async fn settled(caller: &Caller, key: &str, path: &str, body: &Value) -> Reply {
    loop {
        let reply = keyed(caller, key, path, body).await;
        if reply.headers.get("retry-after").is_none() {
            return reply;
        }
    }
}

fn node(text: &str) -> Value {
    json!({ "classes": ["Test"], "props": { "text": text } })
}

async fn nodes(caller: &Caller) -> usize {
    caller.get("/nodes").await.ok()["nodes"].as_array().unwrap().len()
}

#[tokio::test]
async fn every_write_that_is_sent_again_is_answered_again_and_not_done_again() {
    let app = App::start().await;
    let supply = app.supply("tenant-a").await;
    for row in rows().filter(|row| row.spec.answers_again()) {
        let (owner, known) = supply.of(row).await;
        let first = Reply::of(owner.calling(row, &known).header(KEY, row.spec.id)).await;
        assert!(first.status.is_success(), "{}: {}", row.spec.id, first.text);
        assert!(!first.headers.contains_key("idempotency-replayed"), "{}", row.spec.id);
        let events = requests(&app, row).await;
        for times in 1..=2 {
            let again = Reply::of(owner.calling(row, &known).header(KEY, row.spec.id)).await;
            let replayed = again.headers.contains_key("idempotency-replayed");
            if (row.shape)().secret {
                assert_eq!((again.status.as_u16(), replayed), (409, false), "{} shows a secret again", row.spec.id);
                continue;
            }
            assert!(replayed, "{}", row.spec.id);
            assert_eq!((again.status, &again.text), (first.status, &first.text), "{}", row.spec.id);
            for name in ["content-type", "etag"] {
                assert_eq!(again.headers.get(name), first.headers.get(name), "{} {name}", row.spec.id);
            }
            // Its own event, and none of a subject.
            let left = requests(&app, row).await;
            assert_eq!((left.0, left.1), (events.0 + times as i64, times as i64), "{} was done again", row.spec.id);
        }
    }
}

/// How many events the requests to an endpoint left, and how many of them tell that a request was answered again.
async fn requests(app: &App, row: &Row) -> (i64, i64) {
    let sql = "select count(*), count(*) filter (where payload->'replayed' = 'true') from wardgraph.events
               where request_id in (select request_id from wardgraph.events where type = 'request.committed' and subject = $1)";
    let row = app.database.watcher().await.query_one(sql, &[&row.spec.id]).await.unwrap();
    (row.get(0), row.get(1))
}

#[tokio::test]
async fn a_key_belongs_to_one_request_of_one_actor_in_one_tenant() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let first = keyed(&owner, "k", "/nodes", &node("one")).await.created();
    keyed(&owner, "k", "/nodes", &node("two")).await.problem(422);
    let meant = owner.request("POST", "/nodes").header(KEY, "k").header("if-match", "\"1\"").json(&node("one"));
    Reply::of(meant).await.problem(422);
    // Quotes are how a structured header spells the same key.
    assert_eq!(keyed(&owner, "\"k\"", "/nodes", &node("one")).await.created(), first);
    // Another endpoint, another issuer's subject of the same name, another tenant.
    let batch = json!({ "nodes": [node("three")] });
    assert_eq!(keyed(&owner, "k", "/nodes/batch", &batch).await.ok()["created"], 1);
    let others = [app.caller("tenant-a", &["kg:read", "kg:write"]), app.owner("tenant-b")];
    for other in &others {
        assert_ne!(keyed(other, "k", "/nodes", &node("one")).await.created()["id"], first["id"]);
    }
    assert_eq!((nodes(&owner).await, nodes(&others[1]).await), (3, 1));
}

/// A server whose statements may wait for a while.
pub(crate) async fn patient() -> App {
    let long = std::time::Duration::from_mins(2);
    let timeouts = Timeouts { statement: long, transaction: long, ..Timeouts::default() };
    App::with(AppOptions { timeouts, ..AppOptions::default() }).await
}

/// A request under the key `k` that waits for what somebody else holds.
pub(crate) async fn under_way(owner: &Caller, path: &'static str, body: &Value, watcher: &Client) -> JoinHandle<Reply> {
    let running = tokio::spawn({
        let (owner, body) = (owner.clone(), body.clone());
        async move { keyed(&owner, "k", path, &body).await }
    });
    let waiting = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    while watcher.query(waiting, &[]).await.unwrap().is_empty() {
        assert!(!running.is_finished(), "{path} waited for nobody");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    running
}

/// A node with this external id.
fn named(external_id: &str) -> Value {
    json!({ "classes": ["Test"], "props": {}, "external_id": external_id })
}

/// The creation of a node with this external id, under this key, while the test goes on.
fn creating(owner: &Caller, key: &str, external_id: &str) -> JoinHandle<Reply> {
    let (owner, key, node) = (owner.clone(), key.to_owned(), named(external_id));
    tokio::spawn(async move { keyed(&owner, &key, "/nodes", &node).await })
}

/// Until the database says so.
async fn until(watcher: &Client, holds: &str) {
    while !watcher.query_one(holds, &[]).await.unwrap().get::<_, bool>(0) {
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
}

/// Until so many wait for what somebody else holds.
async fn waiting(watcher: &Client, many: usize) {
    let at_locks = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    until(watcher, &format!("select ({at_locks}) = {many}")).await;
}

#[tokio::test]
async fn a_key_whose_request_still_runs_is_409_and_then_answered() {
    let app = patient().await;
    let owner = app.owner("tenant-a");
    let mut superuser = app.database.behind_the_scenes().await;
    let watcher = app.database.behind_the_scenes().await;
    let held = superuser.transaction().await.unwrap();
    held.execute(UNCOMMITTED, &[&"x"]).await.unwrap();
    let running = creating(&owner, "k", "x");
    waiting(&watcher, 1).await;
    let refused = keyed(&owner, "k", "/nodes", &named("x")).await;
    assert_eq!(refused.headers["retry-after"], "1");
    refused.problem(409);
    held.rollback().await.unwrap();
    let first = running.await.unwrap().created();
    assert_eq!(keyed(&owner, "k", "/nodes", &named("x")).await.created(), first);
}

#[tokio::test]
async fn what_was_refused_is_not_kept() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let known = app.known(&owner).await;
    let named = named("x");
    let there = owner.post("/nodes", &named).await.created();
    keyed(&owner, "k", "/nodes", &named).await.problem(409);
    owner.delete(&format!("/nodes/{}", there["id"].as_str().unwrap())).await;
    let created = settled(&owner, "k", "/nodes", &named).await.created();
    assert_eq!(keyed(&owner, "k", "/nodes", &named).await.created(), created);
    let edge = json!({ "src": known.node, "rel": "R", "dst": "01900000-0000-7000-8000-000000000009" });
    for _ in 0..2 {
        settled(&owner, "e", "/edges", &edge).await.problem(422);
    }
}

#[tokio::test]
async fn a_key_must_be_readable_and_means_nothing_to_reads() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    for bad in [String::new(), "\"\"".to_owned(), "a\tb".to_owned(), "k".repeat(256), "\u{e9}".to_owned()] {
        keyed(&owner, &bad, "/nodes", &node("one")).await.problem(400);
    }
    let two = owner.request("POST", "/nodes").header(KEY, "a").header(KEY, "b").json(&node("one"));
    Reply::of(two).await.problem(400);
    assert_eq!(nodes(&owner).await, 0);
    let search = json!({ "query": "one", "mode": "text" });
    let read = keyed(&owner, "k", "/search", &search).await;
    assert!(!read.headers.contains_key("idempotency-replayed"));
    assert!(!keyed(&owner, "k", "/search", &search).await.headers.contains_key("idempotency-replayed"));
}

#[tokio::test]
async fn an_answer_is_forgotten_after_a_day() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let superuser = app.database.behind_the_scenes().await;
    let kept = async || superuser.query_one("select count(*) from wardgraph.idempotency", &[]).await.unwrap().get::<_, i64>(0);
    keyed(&owner, "early", "/nodes", &node("one")).await.created();
    app.clock.advance(std::time::Duration::from_hours(23));
    let owner = app.owner("tenant-a");
    keyed(&owner, "late", "/nodes", &node("two")).await.created();
    app.forget().await;
    assert_eq!(kept().await, 2);
    app.clock.advance(std::time::Duration::from_hours(2));
    let owner = app.owner("tenant-a");
    app.forget().await;
    assert_eq!(kept().await, 1, "the older is gone");
    keyed(&owner, "early", "/nodes", &node("another")).await.created();
    let late = keyed(&owner, "late", "/nodes", &node("two")).await;
    assert_eq!(late.headers["idempotency-replayed"], "true");
    // One that nobody has swept yet is as good as gone, too.
    app.clock.advance(std::time::Duration::from_hours(25));
    let owner = app.owner("tenant-a");
    keyed(&owner, "late", "/nodes", &node("new")).await.created();
    assert_eq!(nodes(&owner).await, 4);
}

#[tokio::test]
async fn a_key_is_one_clients_whoever_the_person_is() {
    let app = App::start().await;
    let (ada, window) = somebody(&app, "ada@example.com").await;
    let asked = [("scope", "openid nodes:read nodes:write")];
    let mut callers = Vec::new();
    let (one, other) = (Site::of(&app, &ada.caller.tenant, json!({})).await, Site::of(&app, &ada.caller.tenant, json!({})).await);
    for site in [&one, &one, &other] {
        let tokens = site.tokens(&app, &window, &asked).await;
        callers.push(app.bearer(tokens["access_token"].as_str().unwrap()));
    }
    let first = keyed(&callers[0], "k", "/nodes", &node("one")).await.created();
    let again = keyed(&callers[1], "k", "/nodes", &node("one")).await;
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(again.created(), first);
    // Neither what another client of the same person did, nor that it used the key for something, is told.
    assert_ne!(keyed(&callers[2], "k", "/nodes", &node("one")).await.created()["id"], first["id"]);
    keyed(&callers[2], "k", "/nodes", &node("two")).await.problem(422);
    assert_ne!(keyed(&ada.caller, "k", "/nodes", &node("two")).await.created()["id"], first["id"]);
}

/// As if a tenant's answers had these numbers: how much was kept until then.
async fn filled(superuser: &Client, tenant: &str, through: &[Option<i64>]) {
    let filler =
        "insert into wardgraph.idempotency (tenant_id, actor_id, endpoint, key, fingerprint, status, body, created_at, through)
                  select $1, 'somebody', 'CreateNode', 'filler ' || n, '', 201, 'whole', max(i.created_at), t.through
                  from wardgraph.idempotency i, unnest($2::bigint[]) with ordinality as t(through, n) group by t.through, n";
    superuser.execute(filler, &[&tenant, &through]).await.unwrap();
}

#[tokio::test]
async fn the_oldest_answers_of_a_tenant_make_room() {
    let app = App::start().await;
    let (owner, neighbour) = (app.owner("tenant-a"), app.owner("tenant-b"));
    for caller in [&owner, &neighbour] {
        keyed(caller, "first", "/nodes", &node("one")).await.created();
    }
    keyed(&owner, "second", "/nodes", &node("two")).await.created();
    // As if as much were kept as may be.
    let superuser = app.database.behind_the_scenes().await;
    filled(&superuser, "tenant-a", &[Some(MOST_OCTETS)]).await;
    keyed(&owner, "third", "/nodes", &node("six")).await.created();
    let kept = async |tenant: &str| {
        let sql = "select string_agg(key, ', ' order by through) from wardgraph.idempotency where tenant_id = $1 and through is not null";
        superuser.query_one(sql, &[&tenant]).await.unwrap().get::<_, String>(0)
    };
    assert_eq!((kept("tenant-a").await.as_str(), kept("tenant-b").await.as_str()), ("second, filler 1, third", "first"));
    for (caller, key, text) in [(&owner, "second", "two"), (&owner, "third", "six"), (&neighbour, "first", "one")] {
        let again = keyed(caller, key, "/nodes", &node(text)).await;
        assert_eq!(again.headers["idempotency-replayed"], "true", "{key}");
        again.created();
    }
    // The answer is gone, and what it told of; that it was given is not, so nothing is done again.
    let again = keyed(&owner, "first", "/nodes", &node("one")).await;
    assert!(!again.headers.contains_key("etag") && !again.headers.contains_key("idempotency-replayed"));
    let again = again.problem(409);
    assert!(again["detail"].as_str().unwrap().contains("no longer kept"), "{again}");
    keyed(&owner, "first", "/nodes", &node("another")).await.problem(422);
    assert_eq!(nodes(&owner).await, 3);
    let told_of = "select count(*) from wardgraph.idempotency_subjects where tenant_id = 'tenant-a' and key = 'first'";
    assert_eq!(superuser.query_one(told_of, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test]
async fn no_commit_makes_room_for_long() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    keyed(&owner, "first", "/nodes", &node("one")).await.created();
    let superuser = app.database.behind_the_scenes().await;
    // Three hundred that are too many at once, one that says nothing, and as much since as may be kept.
    let too_many = (100_001..=100_300).map(Some);
    filled(&superuser, "tenant-a", &too_many.chain([None, Some(MOST_OCTETS + 200_000)]).collect::<Vec<_>>()).await;
    let fillers = async |which: &str| {
        let sql = format!("select count(*) from wardgraph.idempotency where key like 'filler%' and {which}");
        superuser.query_one(&sql, &[]).await.unwrap().get::<_, i64>(0)
    };
    keyed(&owner, "second", "/nodes", &node("two")).await.created();
    let gone = fillers("status = 409").await;
    // The tenant's first answer is older than those, and went before them.
    assert!((199..210).contains(&gone), "{gone} of three hundred went at once");
    let oldest = format!("status = 409 and key = any(select 'filler ' || n from generate_series(1, {gone}) n)");
    assert_eq!(fillers(&oldest).await, gone, "not the oldest went");
    keyed(&owner, "third", "/nodes", &node("six")).await.created();
    assert_eq!((fillers("status = 409").await, fillers("body = 'whole'").await), (300, 2));
}

#[tokio::test]
async fn an_answer_weighs_what_it_tells_of() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let superuser = app.database.behind_the_scenes().await;
    let of = async |key: &str| {
        let sql = "select i.through, octet_length(i.body)::int8, (select count(*) from wardgraph.idempotency_subjects s where s.key = i.key)
                   from wardgraph.idempotency i where i.key = $1";
        let row = superuser.query_one(sql, &[&key]).await.unwrap();
        (row.get::<_, i64>(0), row.get::<_, i64>(1), row.get::<_, i64>(2))
    };
    let batch: Vec<_> = (0..20).map(|n| named(&format!("x{n}"))).collect();
    keyed(&owner, "nodes", "/nodes/batch", &json!({ "nodes": batch })).await.ok();
    let edges: Vec<_> =
        (1..20).map(|n| json!({ "src_external_id": "x0", "rel": "R", "dst_external_id": format!("x{n}") })).collect();
    assert_eq!(keyed(&owner, "edges", "/edges/batch", &json!({ "edges": edges })).await.ok()["created"], 19);
    let (nodes, edges) = (of("nodes").await, of("edges").await);
    assert_eq!((nodes.0, nodes.2), (1_024 + nodes.1 + 20 * 512, 20));
    assert_eq!((edges.0 - nodes.0, edges.2), (1_024 + edges.1, 0), "what an edge is called is no node's id");
}

/// Whether a request that found its key busy let its connection go while it waited: somebody else has taken it before the request that holds the key
/// ends, so that the second look comes after that, and finds an answer. Whoever holds the connection has looked in vain by then.
async fn lets_go(app: &App, round: usize) -> bool {
    let owner = app.owner("tenant-a");
    let (mut one, mut other) = (app.database.behind_the_scenes().await, app.database.behind_the_scenes().await);
    let watcher = app.database.behind_the_scenes().await;
    let (x, y) = (format!("x{round}"), format!("y{round}"));
    let (first, second) = (one.transaction().await.unwrap(), other.transaction().await.unwrap());
    first.execute(UNCOMMITTED, &[&x]).await.unwrap();
    second.execute(UNCOMMITTED, &[&y]).await.unwrap();
    let running = creating(&owner, &x, &x);
    waiting(&watcher, 1).await;
    let now = watcher.query_one("select clock_timestamp()::text", &[]).await.unwrap().get::<_, String>(0);
    let busy = creating(&owner, &x, &x);
    // It has looked once, and still has its connection or gave it back.
    let looked = format!(
        "select exists (select from pg_stat_activity where datname = current_database() and usename = 'wardgraph_app'
         and query_start > '{now}' and (query like '%pg_try_advisory_xact_lock%' or query = 'ROLLBACK'))"
    );
    until(&watcher, &looked).await;
    // Of four connections a tenant has two: this one takes the second, and keeps it.
    let taking = creating(&owner, &y, &y);
    waiting(&watcher, 2).await;
    first.rollback().await.unwrap();
    running.await.unwrap().created();
    let answered = busy.await.unwrap();
    second.rollback().await.unwrap();
    taking.await.unwrap().created();
    answered.headers.contains_key("idempotency-replayed")
}

#[tokio::test]
async fn whoever_waits_for_a_key_holds_no_connection() {
    let app = patient().await;
    // Opens both connections, on which everything is prepared, a look at a key too.
    lets_go(&app, 0).await;
    for round in 1..20 {
        // One that looks again before the connection is taken tells nothing. One that holds it always does.
        if lets_go(&app, round).await {
            return;
        }
    }
    panic!("nobody gets the connection of a request that waits for a key");
}
