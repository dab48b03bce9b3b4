//! The tiers of search: whatever route a tenant goes and wherever its vectors lie, a search finds what comparing them one by one finds.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};

use serde_json::{Value, json};
use tokio_postgres::Client;
use wardgraph_graph::search::Route;
use wardgraph_store::{Index, Role, Space, guard};
use wardgraph_testkit::{App, AppOptions, Caller};
use wardgraph_worker::TierOptions;

const DIMENSION: usize = 256;
pub(crate) const MODEL: &str = "wordllama-256";

/// A server whose tenants grow into tiers at these sizes.
pub(crate) async fn app(exact_rows: i64, own_rows: i64) -> App {
    let tiers = TierOptions { exact_rows, own_rows, memory_mb: 64, ..TierOptions::default() };
    App::with(AppOptions { tiers, ..AppOptions::default() }).await
}

/// A vector near one of a few topics: the same for the same number.
pub(crate) fn vector(topic: usize, n: usize) -> Vec<f32> {
    let mut state = (n as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 24) as f32 - 0.5
    };
    (0..DIMENSION).map(|place| noise() * 0.3 + if place % 16 == topic % 16 { 1.0 } else { 0.0 }).collect()
}

pub(crate) fn id(tenant: &str, n: usize) -> String {
    let tenant = tenant.bytes().fold(7_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
    format!("{tenant:08x}-0000-7000-8000-{n:012}")
}

/// Nodes of a tenant with their vectors, past the API but counted as the worker counts them.
pub(crate) async fn plant(client: &Client, tenant: &str, topics: usize, numbers: std::ops::Range<usize>) {
    let ids: Vec<String> = numbers.clone().map(|n| id(tenant, n)).collect();
    let vectors: Vec<String> = numbers.clone().map(|n| format!("{:?}", vector(n % topics, n))).collect();
    let classes: Vec<String> = numbers.clone().map(|n| if n % 50 == 0 { "Rare".into() } else { "Plain".into() }).collect();
    let nodes = "insert into wardgraph.nodes (tenant_id, node_id, classes, props, metadata, refresh_policy, triggers, content, embedding_status, created_at, updated_at)
                 select $1, i.id::uuid, array[i.class], jsonb_build_object('n', i.place), '{}', '{}', '[]', 'node ' || i.place, 'ready', now(), now()
                 from unnest($2::text[], $3::text[]) with ordinality i(id, class, place)";
    client.execute(nodes, &[&tenant, &ids, &classes]).await.unwrap();
    let embeddings = "insert into wardgraph.embeddings (tenant_id, node_id, model, embedding, embedded_at)
                      select $1, i.id::uuid, $2, i.vector::vector, now() from unnest($3::text[], $4::text[]) i(id, vector)";
    client.execute(embeddings, &[&tenant, &MODEL, &ids, &vectors]).await.unwrap();
    let touched = "insert into wardgraph.vector_spaces (tenant_id, model, touched) values ($1, $2, $3)
                   on conflict (tenant_id, model) do update set touched = vector_spaces.touched + excluded.touched";
    client.execute(touched, &[&tenant, &MODEL, &(ids.len() as i64)]).await.unwrap();
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

/// The true nearest of what was planted.
pub(crate) fn nearest(tenant: &str, topics: usize, planted: usize, query: &[f32], top_k: usize, rare: bool) -> Vec<String> {
    let numbers = (0..planted).filter(|n| !rare || n % 50 == 0);
    let mut all: Vec<(f64, String)> = numbers.map(|n| (cosine(query, &vector(n % topics, n)), id(tenant, n))).collect();
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    all.into_iter().take(top_k).map(|(_, id)| id).collect()
}

async fn ask(caller: &Caller, query: &[f32], top_k: usize, rare: bool) -> (Vec<String>, String) {
    let classes = rare.then_some(["Rare"]);
    let request = json!({ "vector": query, "top_k": top_k, "classes": classes, "explain": true });
    let answer = caller.post("/search", &request).await.ok();
    let ids = answer["results"].as_array().unwrap().iter().map(|r| r["id"].as_str().unwrap().to_owned()).collect();
    (ids, answer["route"].as_str().unwrap().to_owned())
}

/// How many of the true nearest were found.
fn hits(found: &[String], truth: &[String]) -> usize {
    truth.iter().filter(|id| found.contains(id)).count()
}

fn go(app: &App, tenant: &str, route: Route) {
    app.routes.replace(HashMap::from([(tenant.to_owned(), route)]));
}

#[tokio::test]
async fn every_route_finds_what_exact_search_finds() {
    let app = app(50, 200).await;
    let client = app.database.behind_the_scenes().await;
    plant(&client, "tenant-a", 8, 0..300).await;
    let owner = app.owner("tenant-a");
    // Once through the keeper, so that both indexes are there.
    app.keeper.turn().await.unwrap();
    let places = [
        "graph = 0",
        "graph = 1",
        "graph = 2",
        "graph = right(node_id::text, 3)::int % 3",
        "graph = right(node_id::text, 3)::int % 2 + 1",
        "graph = (right(node_id::text, 3)::int % 2) * 2",
    ];
    for place in places {
        client.batch_execute(&format!("update wardgraph.embeddings set {place}")).await.unwrap();
        for route in Route::ALL {
            go(&app, "tenant-a", *route);
            for n in 0..4 {
                // Near a topic of the tenant, and far from all of them.
                let query = vector(if n % 2 == 0 { n } else { 12 }, 10_000 + n);
                for (top_k, rare) in [(1, false), (10, false), (100, false), (10, true)] {
                    let truth = nearest("tenant-a", 8, 300, &query, top_k, rare);
                    let (found, went) = ask(&owner, &query, top_k, rare).await;
                    assert_eq!(went, route.word());
                    assert_eq!(found.len(), truth.len(), "short: {place}, {route:?}, top {top_k}, rare {rare}");
                    assert!(
                        hits(&found, &truth) * 20 >= truth.len() * 19,
                        "{place}, {route:?}, top {top_k}: {found:?} {truth:?}"
                    );
                }
            }
            let both = json!({ "query": "node 7", "vector": vector(7, 7), "top_k": 100 });
            let both = owner.post("/search", &both).await.ok();
            assert_eq!((&both["mode"], &both["count"]), (&json!("hybrid"), &json!(100)), "{place}, {route:?}");
        }
    }
    let neighbour = app.owner("tenant-b");
    for route in Route::ALL {
        go(&app, "tenant-b", *route);
        assert_eq!(ask(&neighbour, &vector(0, 0), 10, false).await.0, [""; 0]);
    }
}

/// The plan of a statement for a tenant, as the runtime role has it made, and how many rows it brings.
pub(crate) async fn plan(app: &App, client: &Client, name: &str, tenant: &str, asked: &str) -> String {
    let statement = app.routes.searches().statements().find(|statement| statement.name == name).unwrap();
    let mode = if name.ends_with(".exact") { "generic" } else { "custom" };
    let sort = if name.ends_with(".exact") { "on" } else { "off" };
    let values = format!("'{asked}', 10, 1000000, 0, 0, now(), 10, '{MODEL}', '{:?}'", vector(3, 7));
    let texts = [
        format!(
            "begin; set local app.current_tenant_id = '{tenant}'; set local plan_cache_mode = force_{mode}_plan; set local enable_sort = {sort}"
        ),
        format!("deallocate all; prepare asked as {}", statement.sql),
        format!("explain (analyze, costs off, timing off, summary off, buffers off) execute asked({values})"),
    ];
    for text in &texts[..2] {
        client.batch_execute(text).await.unwrap();
    }
    let lines = client.simple_query(&texts[2]).await.unwrap();
    client.batch_execute("rollback").await.unwrap();
    let line = |message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap().to_owned()),
        _ => None,
    };
    lines.into_iter().filter_map(line).collect::<Vec<String>>().join("\n")
}

#[tokio::test]
async fn a_grown_tenant_is_searched_by_its_index_and_row_level_security_holds_on_every_route() {
    let app = app(1_000, 3_000).await;
    let behind = app.database.behind_the_scenes().await;
    for (tenant, vectors) in [("small", 400), ("middle", 2_000), ("large", 3_500)] {
        plant(&behind, tenant, 16, 0..vectors).await;
    }
    while app.keeper.turn().await.unwrap() > 0 {}
    guard::check(&app.database.logins).await.unwrap();
    let client = app.database.connect_as(Role::App).await;
    let session =
        "set search_path = wardgraph, public; set hnsw.iterative_scan = relaxed_order; set hnsw.ef_search = 400; set jit = off";
    client.batch_execute(session).await.unwrap();
    for (tenant, route, index) in
        [("small", Route::Exact, None), ("middle", Route::Graph, Some("_hnsw_")), ("large", Route::Own, Some("_own_"))]
    {
        assert_eq!(app.routes.of(tenant), route);
        let name = format!("graph.search.vector.{}", route.word());
        let told = plan(&app, &client, &name, tenant, tenant).await;
        assert!(told.contains("actual rows=10"), "{told}");
        match index {
            None => assert!(!told.contains("_hnsw_") && !told.contains("_own_"), "{told}"),
            Some(index) => assert!(told.lines().any(|line| line.contains("Index Scan") && line.contains(index)), "{told}"),
        }
        // No grown tenant's partition is read from end to end, and the second look costs nothing when the first was enough.
        let whole = told.lines().any(|line| line.contains("Seq Scan on embeddings") && !line.contains("never executed"));
        assert!(route == Route::Exact || !whole, "{told}");
        assert!(route == Route::Exact || told.contains("(never executed)"), "{told}");
        // Whoever says that they are someone else sees nothing of it, whatever is asked for.
        let told = plan(&app, &client, &name, "stranger", tenant).await;
        assert!(!told.contains("actual rows=10"), "{told}");
    }
    // The same texts, through the front door.
    for (tenant, vectors) in [("small", 400), ("middle", 2_000), ("large", 3_500)] {
        let (owner, mut found_of) = (app.owner(tenant), (0, 0));
        for n in 0..10 {
            let query = vector(n, 50_000 + n);
            let truth = nearest(tenant, 16, vectors, &query, 10, false);
            let (found, _) = ask(&owner, &query, 10, false).await;
            assert_eq!(found.len(), 10);
            found_of = (found_of.0 + hits(&found, &truth), found_of.1 + 10);
            let (rare, _) = ask(&owner, &query, 100, true).await;
            assert_eq!(rare.len(), vectors.div_ceil(50).min(100), "a filter made a result short");
        }
        assert!(found_of.0 * 100 >= found_of.1 * 95, "recall of {tenant}: {found_of:?}");
    }
}

#[tokio::test]
async fn a_tenant_grows_through_every_tier_while_it_is_searched() {
    let app = app(50, 200).await;
    let client = app.database.behind_the_scenes().await;
    let owner = app.owner("tenant-a");
    let (there, done) = (AtomicUsize::new(0), AtomicBool::new(false));
    let growing = async {
        let mut routes = Vec::new();
        for size in [10, 40, 60, 90, 150, 190, 230, 300, 400] {
            plant(&client, "tenant-a", 8, there.load(Ordering::SeqCst)..size).await;
            there.store(size, Ordering::SeqCst);
            app.keeper.turn().await.unwrap();
            routes.push(app.routes.of("tenant-a"));
        }
        done.store(true, Ordering::SeqCst);
        routes
    };
    let searching = async {
        let mut searches = 0;
        while !done.load(Ordering::SeqCst) {
            let least = there.load(Ordering::SeqCst).min(20);
            let (found, _) = ask(&owner, &vector(searches, searches), 20, false).await;
            assert!(found.len() >= least, "{} of {least}", found.len());
            searches += 1;
        }
        searches
    };
    let (routes, searches) = tokio::join!(growing, searching);
    assert!(searches > 20, "{searches}");
    assert_eq!((routes.first(), routes.last()), (Some(&Route::Exact), Some(&Route::Own)));
    assert!(routes.contains(&Route::Graph), "{routes:?}");
    assert!(routes.windows(2).all(|pair| pair[0] as u8 <= pair[1] as u8), "{routes:?}");
    guard::check(&app.database.logins).await.unwrap();
    // A second keeper has nothing to do, and nothing is done twice.
    assert_eq!(app.keeper.turn().await.unwrap(), 0);
}

/// How many vectors lie in which place.
async fn places(client: &Client, tenant: &str) -> Vec<(i16, i64)> {
    let sql = "select graph, count(*) from wardgraph.embeddings where tenant_id = $1 group by 1 order by 1";
    client.query(sql, &[&tenant]).await.unwrap().iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[tokio::test]
async fn a_keeper_that_is_stopped_anywhere_is_followed_by_one_that_finishes() {
    let app = app(50, 200).await;
    let client = app.database.behind_the_scenes().await;
    let owner = app.owner("tenant-a");
    // What the common index found of the tenant it finds still: nothing leaves it before there is another, nor after.
    let common = (1, 180);
    for (from, to, route, held) in [(0, 180, Route::Graph, vec![common]), (180, 420, Route::Own, vec![common, (2, 240)])] {
        plant(&client, "tenant-a", 8, from..to).await;
        let mut stops = 0;
        for wait in 0.. {
            // Dropped in the middle of whatever it does: as good as killed, its connections included.
            let turn = tokio::time::timeout(Duration::from_millis(wait * 3), app.keeper.turn()).await;
            let query = vector(wait as usize, 5);
            let (found, _) = ask(&owner, &query, 30, false).await;
            let truth = nearest("tenant-a", 8, to, &query, 30, false);
            assert!(found.len() == 30 && hits(&found, &truth) >= 28, "after {wait}: {found:?}");
            let Ok(kept) = turn else {
                stops += 1;
                continue;
            };
            // Nothing while the session of one that was stopped is not gone yet.
            kept.unwrap();
            // One that was stopped after its last step has left nothing to do, and told nobody here.
            app.keeper.learn().await.unwrap();
            if app.routes.of("tenant-a") == route {
                break;
            }
        }
        assert!(stops > 3, "{stops}");
        while app.keeper.turn().await.unwrap() > 0 {}
        assert_eq!(places(&client, "tenant-a").await, held);
    }
    let broken =
        "update pg_index set indisvalid = false where indexrelid = (select oid from pg_class where relname like '%\\_own\\_%')";
    assert_eq!(client.execute(broken, &[]).await.unwrap(), 1);
    plant(&client, "tenant-a", 8, 420..500).await;
    while app.keeper.turn().await.unwrap() > 0 {}
    let whole = "select bool_and(indisvalid), count(*) from pg_index i join pg_class c on c.oid = i.indexrelid where relname like '%\\_own\\_%'";
    let row = client.query_one(whole, &[]).await.unwrap();
    assert_eq!((row.get::<_, bool>(0), row.get::<_, i64>(1)), (true, 1), "what a failed build left is built anew");
    assert_eq!(places(&client, "tenant-a").await, [common, (2, 320)]);
}

#[tokio::test]
async fn what_the_worker_embeds_is_counted_and_only_one_server_keeps_tiers_at_a_time() {
    let app = app(3, 1_000).await;
    let owner = app.owner("tenant-a");
    for n in 0..5 {
        owner.create_node(&format!("node number {n}")).await.created();
    }
    app.embed_everything().await;
    let client = app.database.behind_the_scenes().await;
    let touched = "select touched from wardgraph.vector_spaces where tenant_id = 'tenant-a'";
    assert_eq!(client.query_one(touched, &[]).await.unwrap().get::<_, i64>(0), 5);
    let other = app.store.indexes(64).await.unwrap().unwrap();
    assert_eq!(app.keeper.turn().await.unwrap(), 0);
    assert_eq!(app.routes.of("tenant-a"), Route::Exact);
    drop(other);
    while app.routes.of("tenant-a") == Route::Exact {
        app.keeper.turn().await.unwrap();
    }
    assert_eq!(client.query_one(touched, &[]).await.unwrap().get::<_, i64>(0), 0);
    let found = owner.post("/search", &json!({ "query": "number", "explain": true })).await.ok();
    assert_eq!((&found["count"], &found["route"], &found["model"]), (&json!(5), &json!("graph"), &Value::from(MODEL)));
}

/// How many indexes went.
async fn tidied(app: &App) -> usize {
    loop {
        // Nothing while the session of the one before is not gone yet.
        if let Some(dropped) = app.keeper.tidy().await.unwrap() {
            return dropped;
        }
    }
}

#[tokio::test]
async fn indexes_that_no_server_and_no_vector_uses_any_more_are_dropped_and_no_others() {
    let app = app(50, 200).await;
    let client = app.database.behind_the_scenes().await;
    plant(&client, "tenant-a", 8, 0..250).await;
    plant(&client, "tenant-b", 8, 0..100).await;
    while app.routes.of("tenant-a") != Route::Own || app.routes.of("tenant-b") != Route::Graph {
        app.keeper.turn().await.unwrap();
    }
    assert_eq!(tidied(&app).await, 0, "all are used");
    let (left, kept) = (Space::new("it's gone", DIMENSION), Space::new("still there", DIMENSION));
    let made = async {
        loop {
            let Some(indexes) = app.store.indexes(64).await.unwrap() else { continue };
            for space in [&left, &kept] {
                indexes.make(&Index::common("embeddings_p0", space)).await.unwrap();
            }
            return;
        }
    };
    made.await;
    client
        .batch_execute(
            "insert into wardgraph.vector_spaces (tenant_id, model) values ('tenant-b', 'it''s gone'), ('tenant-b', 'still there');
             insert into wardgraph.embeddings (tenant_id, node_id, model, embedding, embedded_at)
             select tenant_id, node_id, 'still there', embedding, now() from wardgraph.embeddings where tenant_id = 'tenant-b' limit 1",
        )
        .await
        .unwrap();
    assert_eq!(tidied(&app).await, 1);
    let spaces = "select count(*) from wardgraph.vector_spaces where model in ('it''s gone', 'still there')";
    assert_eq!(client.query_one(spaces, &[]).await.unwrap().get::<_, i64>(0), 1);
    client.batch_execute("delete from wardgraph.embeddings where tenant_id = 'tenant-a'").await.unwrap();
    assert_eq!(tidied(&app).await, 1, "the tenant's own");
    app.keeper.learn().await.unwrap();
    assert_eq!((app.routes.of("tenant-a"), app.routes.of("tenant-b")), (Route::Exact, Route::Graph));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tenants_are_promoted_while_another_ones_index_is_built() {
    let app = app(50, 200).await;
    let client = app.database.behind_the_scenes().await;
    plant(&client, "tenant-b", 8, 0..60).await;
    while app.routes.of("tenant-b") != Route::Graph {
        app.keeper.turn().await.unwrap();
    }
    // A build waits for whoever is writing.
    let writer = app.database.behind_the_scenes().await;
    writer.batch_execute("begin; lock table wardgraph.embeddings in row exclusive mode").await.unwrap();
    plant(&client, "tenant-a", 8, 0..250).await;
    let running = tokio::spawn(app.keeper.clone().run());
    let builds = "select count(*) from pg_stat_activity where datname = current_database() and application_name = 'wardgraph_indexes' and wait_event_type = 'Lock'";
    eventually("the build begins", async || client.query_one(builds, &[]).await.unwrap().get::<_, i64>(0) == 1).await;
    // Both while it waits: what another tenant keeps, and a tenant that grows.
    plant(&client, "tenant-b", 8, 60..130).await;
    eventually("the tail is moved", async || places(&client, "tenant-b").await == [(1, 130)]).await;
    plant(&client, "tenant-b", 8, 130..190).await;
    eventually("and moved again", async || places(&client, "tenant-b").await == [(1, 190)]).await;
    assert_eq!(client.query_one(builds, &[]).await.unwrap().get::<_, i64>(0), 1, "by one builder, which builds still");
    let tidying = tokio::time::timeout(Duration::from_secs(10), app.keeper.tidy()).await;
    assert_eq!(tidying.expect("nobody waits for the builder").unwrap(), None);
    assert_eq!(app.routes.of("tenant-a"), Route::Exact);
    let (found, _) = ask(&app.owner("tenant-a"), &vector(3, 10_003), 10, false).await;
    assert_eq!(found.len(), 10, "and is searched meanwhile");
    writer.batch_execute("rollback").await.unwrap();
    eventually("the build ends", async || app.routes.of("tenant-a") == Route::Own).await;
    running.abort();
    assert_eq!(places(&client, "tenant-a").await, [(2, 250)]);
}

async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..600 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{what}");
}

/// Two tenants of one partition, with a vector each.
async fn neighbours(client: &Client) -> (String, String) {
    let mut partitions = HashMap::new();
    loop {
        let name = format!("tenant-{}", partitions.len());
        plant(client, &name, 8, 0..1).await;
        let partition = "select tableoid::regclass::text from wardgraph.embeddings where tenant_id = $1";
        let partition: String = client.query_one(partition, &[&name]).await.unwrap().get(0);
        if let Some(other) = partitions.insert(partition, name.clone()) {
            return (other, name);
        }
    }
}

#[tokio::test]
async fn of_two_that_grow_at_once_one_gets_the_last_index_of_a_partition() {
    let tiers = TierOptions { exact_rows: 50, own_rows: 200, most_own_indexes: 1, memory_mb: 64, ..TierOptions::default() };
    let app = App::with(AppOptions { tiers, ..AppOptions::default() }).await;
    let client = app.database.behind_the_scenes().await;
    let (first, second) = neighbours(&client).await;
    plant(&client, &first, 8, 1..300).await;
    plant(&client, &second, 8, 1..250).await;
    // Nothing is built yet when the second is looked at.
    assert_eq!(app.keeper.tend().await.unwrap(), 2);
    assert_eq!((places(&client, &first).await, places(&client, &second).await), (vec![(2, 300)], vec![(1, 250)]));
    eventually("both are where they belong", async || {
        app.keeper.turn().await.unwrap();
        (app.routes.of(&first), app.routes.of(&second)) == (Route::Own, Route::Graph)
    })
    .await;
    let own = "select count(*) from pg_class where relkind = 'i' and relname like '%\\_own\\_%'";
    assert_eq!(client.query_one(own, &[]).await.unwrap().get::<_, i64>(0), 1);
}

#[tokio::test]
async fn what_is_searched_one_by_one_is_counted_again_and_forgotten_with_its_last_vector() {
    let app = app(50, 200).await;
    let client = app.database.behind_the_scenes().await;
    plant(&client, "tenant-a", 8, 0..30).await;
    plant(&client, "tenant-b", 8, 0..20).await;
    plant(&client, "tenant-c", 8, 0..90).await;
    while app.routes.of("tenant-c") != Route::Graph {
        app.keeper.turn().await.unwrap();
    }
    // Half of the one's are embedded anew, a third is deleted; of the others all.
    let sql = "update wardgraph.vector_spaces set touched = touched + 15 where tenant_id = 'tenant-a';
               delete from wardgraph.embeddings where tenant_id in ('tenant-b', 'tenant-c')
                 or tenant_id = 'tenant-a' and right(node_id::text, 2)::int % 3 = 0";
    client.batch_execute(sql).await.unwrap();
    let spaces = async || {
        let sql = "select tenant_id, route, tail, touched from wardgraph.vector_spaces order by 1";
        let rows = client.query(sql, &[]).await.unwrap();
        let space = |row: &tokio_postgres::Row| (row.get(0), row.get(1), row.get(2), row.get(3));
        rows.iter().map(space).collect::<Vec<(String, String, i64, i64)>>()
    };
    assert_eq!(spaces().await.len(), 3);
    tidied(&app).await;
    assert_eq!(spaces().await, [("tenant-a".to_owned(), "exact".to_owned(), 20, 0)]);
}

#[tokio::test]
async fn indexes_of_their_own_are_few_in_a_partition_and_who_gets_none_has_the_common_one() {
    let tiers = TierOptions { exact_rows: 50, own_rows: 200, most_own_indexes: 1, memory_mb: 64, ..TierOptions::default() };
    let app = App::with(AppOptions { tiers, ..AppOptions::default() }).await;
    let client = app.database.behind_the_scenes().await;
    let (first, second) = neighbours(&client).await;
    for (tenant, route) in [(&first, Route::Own), (&second, Route::Graph)] {
        plant(&client, tenant, 8, 1..250).await;
        for _ in 0..100 {
            app.keeper.turn().await.unwrap();
            if app.routes.of(tenant) == route {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(app.routes.of(tenant), route, "{tenant}");
    }
    assert_eq!(places(&client, &second).await, [(1, 250)]);
    let query = vector(3, 10_003);
    let (found, _) = ask(&app.owner(&second), &query, 10, false).await;
    assert!(hits(&found, &nearest(&second, 8, 250, &query, 10, false)) >= 9, "{found:?}");
}
