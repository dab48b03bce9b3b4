//! Neighbours over HTTP, and getting rid of the edges of a node that has too many.

use std::time::Duration;

use serde_json::{Value, json};
use wardgraph_graph::{edge, neighbours};
use wardgraph_kernel::{Cursor, List, TenantId};
use wardgraph_testkit::{App, Caller};

use crate::plans::pages_touched;

const HUB: &str = "01900000-0000-7000-8000-00000000000a";

async fn node(caller: &Caller, class: &str) -> String {
    let new = json!({ "classes": [class], "props": {} });
    caller.post("/nodes", &new).await.created()["id"].as_str().unwrap().to_owned()
}

async fn edge(caller: &Caller, src: &str, rel: &str, dst: &str) -> String {
    let new = json!({ "src": src, "rel": rel, "dst": dst, "props": { "rel": rel } });
    caller.post("/edges", &new).await.created()["id"].as_str().unwrap().to_owned()
}

/// Edge, direction and node of each neighbour.
fn told(page: &Value) -> Vec<String> {
    let neighbors = page["neighbors"].as_array().unwrap();
    assert_eq!(page["count"], neighbors.len());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    neighbors.iter().map(|n| [&n["edge"]["id"], &n["edge"]["direction"], &n["node"]["id"]].map(text).join(" ")).collect()
}

#[tokio::test]
async fn neighbours_are_the_other_ends_with_their_edges() {
    let app = App::start().await;
    let (owner, neighbour) = (app.owner("tenant-a"), app.owner("tenant-b"));
    let (a, b, c) = (node(&owner, "A").await, node(&owner, "B").await, node(&owner, "C").await);
    let knows = edge(&owner, &a, "KNOWS", &b).await;
    app.clock.advance(Duration::from_secs(1));
    let likes = edge(&owner, &a, "LIKES", &c).await;
    app.clock.advance(Duration::from_secs(1));
    let back = edge(&owner, &b, "KNOWS", &a).await;
    app.clock.advance(Duration::from_secs(1));
    let own = edge(&owner, &a, "KNOWS", &a).await;
    edge(&owner, &b, "KNOWS", &c).await;
    let (first, second) = (format!("{knows} out {b}"), format!("{likes} out {c}"));
    let (third, fourth, looped) = (format!("{back} in {b}"), format!("{own} out {a}"), format!("{own} in {a}"));
    for (query, expected) in [
        ("", vec![&first, &second, &third, &fourth]),
        ("?direction=both", vec![&first, &second, &third, &fourth]),
        ("?direction=out", vec![&first, &second, &fourth]),
        ("?direction=in", vec![&third, &looped]),
        ("?rel=KNOWS", vec![&first, &third, &fourth]),
        ("?rel=KNOWS&direction=out", vec![&first, &fourth]),
        ("?rel=KNOWS&direction=in", vec![&third, &looped]),
        ("?class=B", vec![&first, &third]),
        ("?class=C&rel=LIKES&direction=out", vec![&second]),
        ("?class=C&rel=KNOWS", vec![]),
        ("?rel=HATES", vec![]),
    ] {
        let page = owner.get(&format!("/nodes/{a}/neighbors{query}")).await.ok();
        assert_eq!(told(&page).iter().collect::<Vec<_>>(), expected, "{query}");
        assert_eq!(page["next_cursor"], Value::Null);
    }
    let page = owner.get(&format!("/nodes/{a}/neighbors?rel=LIKES")).await.ok();
    assert_eq!(page["neighbors"][0]["node"], owner.get(&format!("/nodes/{c}")).await.ok());
    assert_eq!(page["neighbors"][0]["edge"]["props"], json!({ "rel": "LIKES" }));
    // Page by page, every edge once.
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = owner.get(&format!("/nodes/{a}/neighbors?limit=1{cursor}")).await.ok();
        assert_eq!(page["count"], 1);
        all.extend(told(&page));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(all, [first, second, third, fourth]);
    neighbour.get(&format!("/nodes/{a}/neighbors")).await.problem(404);
    app.caller("tenant-a", &["edges:read"]).get(&format!("/nodes/{a}/neighbors")).await.problem(403);
    for query in ["direction=up", "limit=x", "cursor=x", "rell=KNOWS"] {
        owner.get(&format!("/nodes/{a}/neighbors?{query}")).await.problem(400);
    }
    for query in ["class=%00", "limit=0", "limit=1001"] {
        owner.get(&format!("/nodes/{a}/neighbors?{query}")).await.problem(422);
    }
}

#[tokio::test]
async fn what_describes_an_edge_is_shown_to_whoever_may_read_edges() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let (a, b) = (node(&owner, "A").await, node(&owner, "B").await);
    let id = edge(&owner, &a, "DERIVED_FROM", &b).await;
    let paths = [format!("/nodes/{a}/neighbors"), format!("/lineage/{a}")];
    let shown = async |caller: &Caller| {
        let (near, line) = (caller.get(&paths[0]).await, caller.get(&paths[1]).await);
        for reply in [&near, &line] {
            assert!(reply.status == 200 && reply.text.contains(&id) && reply.text.contains(&b), "{}", reply.text);
        }
        [near.body["neighbors"][0]["edge"]["props"].clone(), line.body["ancestors"][0]["edge_props"].clone()]
    };
    let props = json!({ "rel": "DERIVED_FROM" });
    // Scopes of an outside issuer's token, and of one of this server's.
    for scopes in
        [&["nodes:read", "edges:read"][..], &["nodes:read", "edges:write"], &["kg:read"], &["search:read", "edges:read"]]
    {
        for caller in [app.caller("tenant-a", scopes), app.operator("tenant-a", scopes)] {
            assert_eq!(shown(&caller).await, [props.clone(), props.clone()], "{scopes:?}");
        }
    }
    for scopes in [&["nodes:read"][..], &["nodes:write"], &["search:read"]] {
        for caller in [app.caller("tenant-a", scopes), app.operator("tenant-a", scopes)] {
            assert_eq!(shown(&caller).await, [Value::Null, Value::Null], "{scopes:?}");
            caller.get(&format!("/edges/{id}")).await.problem(403);
            caller.get(&format!("/edges?node_id={a}")).await.problem(403);
        }
    }
}

/// A node with 50,000 edges that leave it and one that reaches it, among other tenants' edges; 20 of them mean something rare.
async fn hub(app: &App) {
    let sql = format!(
        "insert into wardgraph.nodes (tenant_id, node_id, classes, props, metadata, refresh_policy, triggers, created_at, updated_at)
           select t, ('01900000-0000-7000-8000-' || lpad(to_hex(n + 10), 12, '0'))::uuid, '{{A}}', '{{}}', '{{}}', '{{}}', '[]', now(), now()
           from generate_series(0, 50000) n, unnest(array['tenant-a', 'tenant-b']) t;
         insert into wardgraph.edges (tenant_id, edge_id, src, rel, dst, props, created_at)
           select t, ('01900000-0000-7000-9000-' || lpad(to_hex(n), 12, '0'))::uuid, '{HUB}', case when n % 2500 = 0 then 'RARE' else 'OF' end,
                  ('01900000-0000-7000-8000-' || lpad(to_hex(n + 10), 12, '0'))::uuid, '{{}}', now()
           from generate_series(1, 50000) n, unnest(array['tenant-a', 'tenant-b']) t;
         insert into wardgraph.edges (tenant_id, edge_id, src, rel, dst, props, created_at)
           values ('tenant-a', '01900000-0000-7000-a000-000000000000', '01900000-0000-7000-8000-00000000000b', 'IN', '{HUB}', '{{}}', now());
         analyze wardgraph.nodes; analyze wardgraph.edges"
    );
    app.database.behind_the_scenes().await.batch_execute(&sql).await.unwrap();
}

#[tokio::test]
async fn of_a_hub_no_more_is_read_than_is_shown() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    hub(&app).await;
    let after = |list: List| Cursor::after("01900000-0000-7000-9000-00000000c000".parse().unwrap()).encode(&list);
    let list = |name, of| List { name, tenant: TenantId::parse("tenant-a").unwrap(), of };
    let at: uuid::Uuid = HUB.parse().unwrap();
    let near = list("neighbors", Some(at)).asking(&neighbours::Filter::default());
    let rare = edge::Filter { at: Some((at.into(), Some(edge::Direction::Out))), rel: Some("RARE".into()) };
    let rare = list("edges", None).asking(&rare);
    for (path, count) in [
        (format!("/nodes/{HUB}/neighbors?limit=10"), 10),
        (format!("/nodes/{HUB}/neighbors?limit=10&cursor={}", after(near)), 10),
        (format!("/nodes/{HUB}/neighbors?limit=100&rel=RARE"), 20),
        (format!("/nodes/{HUB}/neighbors?limit=10&rel=OF&direction=out"), 10),
        (format!("/nodes/{HUB}/neighbors?limit=10&direction=in"), 1),
        (format!("/edges?node_id={HUB}&limit=10&rel=RARE&cursor={}", after(rare)), 1),
        (format!("/lineage/{HUB}?rel=OF&limit=10"), 10),
        (format!("/lineage/{HUB}?rel=OF&limit=10&direction=in"), 0),
    ] {
        let answer = owner.get(&path).await.ok();
        assert_eq!(answer["count"].as_u64().or(answer["depth"].as_u64()).unwrap(), count, "{path}");
    }
    let (nil, late) = ("'00000000-0000-0000-0000-000000000000'", "'01900000-0000-7000-9000-00000000c000'");
    for (name, values) in [
        ("graph.neighbours.out", format!("'tenant-a', '{HUB}', {nil}, null, 11, 1000000, 11")),
        ("graph.neighbours.out", format!("'tenant-a', '{HUB}', {late}, null, 11, 1000000, 11")),
        ("graph.neighbours.out_by", format!("'tenant-a', '{HUB}', {late}, null, 11, 1000000, 11, 'RARE'")),
        ("graph.neighbours.in", format!("'tenant-a', '{HUB}', {nil}, null, 11, 1000000, 11")),
        ("graph.neighbours.in_by", format!("'tenant-a', '{HUB}', {nil}, null, 11, 1000000, 11, 'OF'")),
        ("graph.neighbours.both", format!("'tenant-a', '{HUB}', {late}, null, 11, 1000000, 11")),
        ("graph.neighbours.both_by", format!("'tenant-a', '{HUB}', {nil}, null, 11, 1000000, 11, 'RARE'")),
        ("graph.edge.list_by", format!("'tenant-a', {nil}, 11, 1000000, 'RARE'")),
        ("graph.edge.list_out", format!("'tenant-a', {late}, 11, 1000000, '{HUB}'")),
        ("graph.edge.list_out_by", format!("'tenant-a', {nil}, 11, 1000000, '{HUB}', 'RARE'")),
        ("graph.edge.list_both", format!("'tenant-a', {late}, 11, 1000000, '{HUB}'")),
        ("graph.edge.list_both_by", format!("'tenant-a', {nil}, 11, 1000000, '{HUB}', 'RARE'")),
        ("graph.lineage.out", format!("'tenant-a', '{HUB}', 'OF', 5, 10, 1000000")),
        ("graph.lineage.in", format!("'tenant-a', '{HUB}', 'OF', 5, 10, 1000000")),
        ("organizations.subjects.nodes", "'tenant-a', '01900000-0000-7000-8000-00000000c000', 11".into()),
        ("organizations.subjects.edges", format!("'tenant-a', {late}, 11")),
        // Deletes them, and finds no more of them.
        ("graph.edge.clear_by", format!("'tenant-a', '{HUB}', true, true, 1000, 'RARE'")),
    ] {
        let touched = pages_touched(&app, name, &values).await;
        assert!(touched.iter().all(|pages| *pages < 400), "{name} ({values}) touches {touched:?} pages");
    }
}

#[tokio::test]
async fn a_class_that_few_of_a_hubs_neighbours_have_is_found_page_by_page() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    hub(&app).await;
    let client = app.database.behind_the_scenes().await;
    let far = ["01900000-0000-7000-8000-000000000100", "01900000-0000-7000-8000-00000000c000"];
    let rare = format!("update wardgraph.nodes set classes = '{{Rare}}' where node_id in ('{}', '{}')", far[0], far[1]);
    client.batch_execute(&rare).await.unwrap();
    for (class, expected) in [("Nothing", vec![]), ("Rare", far.to_vec())] {
        for direction in ["out", "both"] {
            let (mut found, mut cursor, mut pages, mut empty) = (Vec::new(), String::new(), 0, 0);
            loop {
                let path = format!("/nodes/{HUB}/neighbors?class={class}&direction={direction}&limit=1{cursor}");
                let page = owner.get(&path).await.ok();
                pages += 1;
                empty += u32::from(page["count"] == 0);
                found.extend(page["neighbors"].as_array().unwrap().iter().map(|n| n["node"]["id"].as_str().unwrap().to_owned()));
                let Some(next) = page["next_cursor"].as_str() else { break };
                cursor = format!("&cursor={next}");
            }
            assert_eq!(found, expected, "{class} {direction}");
            // 50,000 edges and one, 10,000 a page.
            assert!((5..=8).contains(&pages) && empty >= 4, "{pages} pages, {empty} of them empty");
        }
    }
    let start = "'00000000-0000-0000-0000-000000000000'";
    let values = format!("'tenant-a', '{HUB}', {start}, 'Nothing', 11, 1000000, 100");
    for name in ["graph.neighbours.out", "graph.neighbours.both"] {
        let touched = pages_touched(&app, name, &values).await;
        assert!(touched.iter().all(|pages| *pages < 1_500), "{name} touches {touched:?} pages for 100 edges");
    }
}

#[tokio::test]
async fn a_node_with_too_many_edges_can_be_got_rid_of() {
    let app = App::start().await;
    let (owner, neighbour) = (app.owner("tenant-a"), app.owner("tenant-b"));
    hub(&app).await;
    let path = format!("/nodes/{HUB}");
    owner.delete(&path).await.problem(409);
    app.caller("tenant-a", &["edges:read"]).delete(&format!("{path}/edges")).await.problem(403);
    owner.delete(&format!("{path}/edges?limit=10001")).await.problem(422);
    let rare = owner.delete(&format!("{path}/edges?rel=RARE")).await;
    let request = rare.headers["x-request-id"].to_str().unwrap().to_owned();
    assert_eq!(rare.ok(), json!({ "deleted": 20, "more": false }));
    let events = owner.get(&format!("/events?request_id={request}&event_type=edge.deleted")).await.ok();
    assert_eq!(events["count"], 20);
    assert_eq!(owner.delete(&format!("{path}/edges?direction=in")).await.ok(), json!({ "deleted": 1, "more": false }));
    assert_eq!(owner.delete(&format!("{path}/edges?direction=out")).await.ok(), json!({ "deleted": 1_000, "more": true }));
    let mut calls = 0;
    while owner.delete(&format!("{path}/edges?limit=10000")).await.ok()["more"] == true {
        calls += 1;
    }
    assert_eq!(calls, 4);
    assert_eq!(owner.delete(&format!("{path}/edges")).await.ok(), json!({ "deleted": 0, "more": false }));
    assert_eq!(owner.delete(&path).await.status, 204);
    owner.delete(&format!("{path}/edges")).await.problem(404);
    assert_eq!(neighbour.get("/edges?limit=1").await.ok()["count"], 1, "the neighbour's are his");
    let left = app.database.behind_the_scenes().await;
    let left = left.query_one("select count(*) from wardgraph.edges where tenant_id = 'tenant-b'", &[]).await.unwrap();
    assert_eq!(left.get::<_, i64>(0), 50_000);
}
