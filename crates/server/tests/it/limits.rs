//! How often is too often, over HTTP, by a clock that stands still.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use wardgraph_gate::Proxies;
use wardgraph_kernel::LimitClass;
use wardgraph_limits::{LimitTable, Policy};
use wardgraph_testkit::{App, AppOptions, Caller, Reply};

async fn limited(limits: LimitTable) -> App {
    App::with(AppOptions { limits, ..AppOptions::default() }).await
}

fn query() -> Value {
    json!({ "query": "anything", "mode": "text" })
}

/// Asks `times` times at once. How many were let in; every other answer is a 429 that says when to come back.
async fn admitted(times: usize, ask: impl AsyncFn() -> Reply) -> usize {
    let replies = join_all((0..times).map(|_| ask())).await;
    let mut admitted = 0;
    for reply in replies {
        if reply.status == 429 {
            let seconds: u64 = header(&reply, "retry-after").parse().unwrap();
            assert!(seconds >= 1);
            reply.problem(429);
        } else {
            assert_ne!(reply.status, 500, "{}", reply.text);
            admitted += 1;
        }
    }
    admitted
}

fn header<'r>(reply: &'r Reply, name: &str) -> &'r str {
    reply.headers.get(name).unwrap_or_else(|| panic!("{name} in {:?}", reply.headers)).to_str().unwrap()
}

#[tokio::test]
async fn a_tenant_searches_100_times_at_once_and_10_times_a_second() {
    let app = limited(LimitTable::default()).await;
    let (caller, neighbour) = (app.caller("tenant-a", &["search:read"]), app.caller("tenant-b", &["search:read"]));
    assert_eq!(admitted(120, async || caller.post("/search", &query()).await).await, 100);
    let refused = caller.post("/search", &query()).await;
    let said =
        ["retry-after", "ratelimit", "ratelimit-policy", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"];
    let expected = ["1", "\"search\";r=0;t=10", "\"search\";q=100;w=10", "100", "0", "10"];
    assert_eq!(said.map(|name| header(&refused, name)), expected);
    refused.problem(429);
    let other = app.caller("tenant-a", &["search:read", "nodes:read"]);
    other.post("/search", &query()).await.problem(429);

    let untouched = neighbour.post("/search", &query()).await;
    assert_eq!(header(&untouched, "ratelimit"), "\"search\";r=99;t=1");
    untouched.ok();
    assert_eq!(other.get("/nodes").await.status, 200, "another class has another bucket");

    app.clock.advance(Duration::from_secs(1));
    assert_eq!(admitted(15, async || caller.post("/search", &query()).await).await, 10);
}

#[tokio::test]
async fn a_tenant_writes_50_times_at_once() {
    let app = limited(LimitTable::default()).await;
    let owner = app.owner("tenant-a");
    assert_eq!(admitted(60, async || owner.create_node("one of many").await).await, 50);
    let nodes = owner.get("/nodes?limit=1000").await.ok();
    assert_eq!(nodes["count"], 50, "what was refused was not written");
    app.owner("tenant-b").create_node("a neighbour's").await.created();
}

#[tokio::test]
async fn a_batch_counts_as_one_request_and_its_items() {
    let app = limited(LimitTable::default().with_tenant(LimitClass::Items, Some(Policy::new(5, 1).unwrap()))).await;
    let owner = app.owner("tenant-a");
    let batch = async |items: usize| {
        let nodes: Vec<_> =
            (0..items).map(|n| json!({ "classes": ["Test"], "props": { "text": format!("item {n}") } })).collect();
        owner.post("/nodes/batch", &json!({ "nodes": nodes })).await
    };
    let first = batch(3).await;
    assert_eq!(header(&first, "ratelimit"), "\"node_write\";r=49;t=1", "one request");
    first.ok();
    let over = batch(3).await;
    assert_eq!(header(&over, "retry-after"), "1");
    over.problem(429);
    batch(2).await.ok();
    batch(6).await.problem(413);
    app.clock.advance(Duration::from_secs(60));
    batch(6).await.problem(413);
    batch(5).await.ok();
    assert_eq!(owner.get("/nodes").await.ok()["count"], 10);

    let known = app.known(&app.owner("tenant-b")).await;
    let edges: Vec<_> = (0..6).map(|n| json!({ "src": known.node, "rel": format!("R{n}"), "dst": known.other })).collect();
    app.owner("tenant-b").post("/edges/batch", &json!({ "edges": edges })).await.problem(413);
}

#[tokio::test]
async fn a_strangers_address_is_charged_and_a_valid_callers_is_not() {
    let app = limited(LimitTable::default()).await;
    let caller = app.caller("tenant-a", &["search:read"]);
    for _ in 0..30 {
        caller.post("/search", &query()).await.ok();
    }
    let mut statuses = Vec::new();
    for _ in 0..22 {
        statuses.push(app.stranger().post("/search", &query()).await.status.as_u16());
    }
    assert_eq!(statuses, [vec![401; 20], vec![429; 2]].concat());
    // The address is looked at before the credential: that keeps guessing tokens from costing us their verification.
    caller.post("/search", &query()).await.problem(429);
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(admitted(8, async || app.bearer("not-a-token").post("/search", &query()).await).await, 5);
    app.clock.advance(Duration::from_secs(1));
    for _ in 0..10 {
        caller.post("/search", &query()).await.ok();
    }
}

async fn forwarded(caller: &Caller, entries: &str) -> u16 {
    let request = caller.request("POST", "/search").json(&query()).header("x-forwarded-for", entries);
    Reply::of(request).await.status.as_u16()
}

#[tokio::test]
async fn a_client_cannot_write_its_own_address() {
    let app = limited(LimitTable::default()).await;
    let mut statuses = Vec::new();
    for n in 0..25 {
        statuses.push(forwarded(&app.stranger(), &format!("203.0.113.{n}")).await);
    }
    assert_eq!(statuses, [vec![401; 20], vec![429; 5]].concat(), "no proxy is trusted");

    let proxies = Proxies { count: 1, ..Proxies::default() };
    let app = App::with(AppOptions { limits: LimitTable::default(), proxies, ..AppOptions::default() }).await;
    let mut statuses = Vec::new();
    for n in 0..25 {
        statuses.push(forwarded(&app.stranger(), &format!("203.0.113.{n}, 198.51.100.7")).await);
    }
    assert_eq!(statuses, [vec![401; 20], vec![429; 5]].concat(), "the nearest proxy's entry counts, the client's own does not");
    assert_eq!(forwarded(&app.stranger(), "198.51.100.7, 198.51.100.8").await, 401, "another client of the same proxy");
}

#[tokio::test]
async fn probes_are_never_limited() {
    let app = limited(LimitTable::default()).await;
    for _ in 0..30 {
        app.stranger().post("/search", &query()).await;
    }
    for _ in 0..400 {
        let reply = app.stranger().get("/health/live").await;
        assert!(!reply.headers.contains_key("ratelimit"));
        reply.ok();
    }
}
