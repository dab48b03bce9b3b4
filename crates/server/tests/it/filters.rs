//! Filters of `GET /nodes`: what is asked is what comes, page by page, and no filter reaches another tenant's rows.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};
use wardgraph_testkit::{App, Caller};

use crate::plans::pages_touched;

async fn add(caller: &Caller, name: &str, class: &str, props: Value, metadata: Value) -> String {
    let new = json!({ "classes": [class], "props": props, "metadata": metadata, "external_id": name });
    caller.post("/nodes", &new).await.created()["id"].as_str().unwrap().to_owned()
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// The external ids of what a list brings, in its order.
fn names(page: &Value) -> Vec<&str> {
    page["nodes"].as_array().unwrap().iter().map(|node| node["external_id"].as_str().unwrap()).collect()
}

async fn three(app: &App, tenant: &str) -> Caller {
    let owner = app.owner(tenant);
    add(&owner, "one", "Doc", json!({ "text": "the first", "lang": "en", "n": 1, "tags": ["a", "b"] }), json!({ "source": "x" }))
        .await;
    app.clock.advance(Duration::from_secs(10));
    add(&owner, "two", "Doc", json!({ "lang": ["de"], "n": 2.5, "deep": { "er": { "x": null } } }), json!({ "source": "y" }))
        .await;
    app.clock.advance(Duration::from_secs(10));
    add(&owner, "three", "Note", json!({ "text": "the third", "lang": "en", "tags": ["b"] }), json!({})).await;
    owner
}

#[tokio::test]
async fn a_filter_brings_what_matches_everything_that_is_asked() {
    let app = App::start().await;
    let owner = three(&app, "tenant-a").await;
    three(&app, "tenant-b").await;
    app.embed_everything().await;
    app.clock.advance(Duration::from_secs(1));
    add(&owner, "four", "Doc", json!({ "text": "still waits" }), json!({})).await;
    for (query, expected) in [
        ("class=Doc", vec!["one", "two", "four"]),
        ("external_id=two", vec!["two"]),
        (r#"props={"lang":"en"}"#, vec!["one", "three"]),
        (r#"props={"tags":["b"]}"#, vec!["one", "three"]),
        (r#"props={"tags":["b","a"]}"#, vec!["one"]),
        (r#"props={"n":2.50}"#, vec!["two"]),
        (r#"props={"deep":{"er":{}}}"#, vec!["two"]),
        (r#"props={"lang":"en","n":1}"#, vec!["one"]),
        (r#"props={"lang":"EN"}"#, vec![]),
        ("props={}", vec!["one", "two", "three", "four"]),
        (r#"metadata={"source":"y"}"#, vec!["two"]),
        (r#"props={"lang":"en"}&class=Note"#, vec!["three"]),
        (r#"props={"lang":"en"}&metadata={"source":"y"}"#, vec![]),
        ("embedding_status=none", vec!["two"]),
        ("embedding_status=queued", vec!["four"]),
        ("embedding_status=ready", vec!["one", "three"]),
        ("has_embedding=true", vec!["one", "three"]),
        ("has_embedding=false", vec!["two", "four"]),
        ("created_after=2026-01-01T00:00:00Z", vec!["two", "three", "four"]),
        ("created_before=2026-01-01T00:00:10Z", vec!["one"]),
        ("created_after=2026-01-01T00:00:09.5Z&created_before=2026-01-01T01:00:11+01:00", vec!["two"]),
        ("updated_after=2026-01-01T00:00:10Z&updated_before=9999-12-01T00:00:00Z", vec!["three", "four"]),
        ("updated_before=0001-01-01T00:00:00Z", vec![]),
        ("order=desc", vec!["four", "three", "two", "one"]),
        ("order=desc&class=Doc", vec!["four", "two", "one"]),
        ("shared=false&order=asc", vec!["one", "two", "three", "four"]),
        ("shared=true", vec![]),
    ] {
        let query: Vec<String> = query
            .split('&')
            .map(|pair| pair.split_once('=').map(|(name, value)| format!("{name}={}", encoded(value))).unwrap())
            .collect();
        let page = owner.get(&format!("/nodes?{}", query.join("&"))).await.ok();
        assert_eq!(names(&page), expected, "{query:?}");
        assert_eq!((&page["count"], &page["next_cursor"]), (&json!(expected.len()), &Value::Null), "{query:?}");
        assert!(page["nodes"].as_array().unwrap().iter().all(|node| node["tenant_id"] == "tenant-a"));
    }
}

#[tokio::test]
async fn a_filtered_list_comes_whole_and_once_while_others_write() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    for batch in 0..3 {
        let item =
            |n: i32| json!({ "classes": ["A"], "props": { "even": n % 2 == 0 }, "external_id": format!("{batch}-{n:02}") });
        owner.post("/nodes/batch", &json!({ "nodes": (0..40).map(item).collect::<Vec<_>>() })).await.ok();
        app.clock.advance(Duration::from_secs(1));
    }
    let filter = encoded(r#"{"even": true}"#);
    for order in ["asc", "desc"] {
        let (mut all, mut cursor, mut added) = (Vec::new(), String::new(), 0);
        loop {
            let page = owner.get(&format!("/nodes?order={order}&limit=7&props={filter}{cursor}")).await.ok();
            all.extend(names(&page).into_iter().map(str::to_owned));
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
            if order == "desc" {
                app.clock.advance(Duration::from_secs(1));
                added += 1;
                add(&owner, &format!("late-{added}"), "A", json!({ "even": true }), json!({})).await;
            }
        }
        let mut expected: Vec<String> =
            (0..3).flat_map(|batch| (0..40).step_by(2).map(move |n| format!("{batch}-{n:02}"))).collect();
        if order == "desc" {
            expected.reverse();
        }
        assert_eq!(all, expected, "{order}");
    }
    // A cursor leads on in its own order alone.
    let next = owner.get("/nodes?limit=1").await.ok()["next_cursor"].as_str().unwrap().to_owned();
    owner.get(&format!("/nodes?order=desc&cursor={next}")).await.problem(400);
    owner.get(&format!("/nodes?order=asc&cursor={next}")).await.ok();
}

#[tokio::test]
async fn shared_nodes_are_listed_when_they_are_asked_for() {
    let app = App::start().await;
    let owner = three(&app, "tenant-a").await;
    let sql = "insert into wardgraph.nodes (tenant_id, node_id, external_id, classes, props, metadata, refresh_policy, triggers, created_at, updated_at)
               select '*', ('01900000-0000-7000-8000-00000000000' || n)::uuid, 'shared-' || n, '{Reference}', jsonb_build_object('n', n), '{}', '{}', '[]', now(), now()
               from generate_series(1, 3) n";
    app.database.connect_as(wardgraph_store::Role::Admin).await.batch_execute(sql).await.unwrap();
    let page = owner.get("/nodes?shared=true&limit=2").await.ok();
    assert_eq!(names(&page), ["shared-1", "shared-2"]);
    assert_eq!(page["nodes"][0]["tenant_id"], Value::Null);
    let rest = owner.get(&format!("/nodes?shared=true&cursor={}", page["next_cursor"].as_str().unwrap())).await.ok();
    assert_eq!(names(&rest), ["shared-3"]);
    assert_eq!(names(&owner.get("/nodes?shared=true&order=desc").await.ok()), ["shared-3", "shared-2", "shared-1"]);
    let one = owner.get(&format!("/nodes?shared=true&props={}", encoded(r#"{"n": 2}"#))).await.ok();
    assert_eq!(names(&one), ["shared-2"]);
    assert_eq!(names(&owner.get("/nodes").await.ok()), ["one", "two", "three"]);
}

#[tokio::test]
async fn what_makes_no_sense_in_a_filter_is_told_by_its_field() {
    let app = App::start().await;
    let owner = three(&app, "tenant-a").await;
    let deep = format!(r#"{{"a":{}1{}}}"#, "[".repeat(33), "]".repeat(33));
    let deeper = format!(r#"{{"a":{}1{}}}"#, "[".repeat(200), "]".repeat(200));
    for (field, value, status) in [
        ("props", "{", 400),
        ("props", "[]", 400),
        ("props", "\"text\"", 400),
        ("props", "", 400),
        ("metadata", "null", 400),
        ("metadata", "{} {}", 400),
        ("metadata", deeper.as_str(), 400),
        ("props", deep.as_str(), 422),
        ("props", r#"{"a": "\u0000"}"#, 422),
        ("metadata", r#"{"\u0000": 1}"#, 422),
        ("props", "{\"a\": \"\0\"}", 400),
        ("created_after", "yesterday", 400),
        ("created_before", "2026-01-01", 400),
        ("updated_after", "2026-13-01T00:00:00Z", 400),
        ("updated_before", "-000001-01-02T00:00:00Z", 422),
        ("created_after", "0000-12-31T23:59:59Z", 422),
        ("embedding_status", "done", 400),
        ("has_embedding", "maybe", 400),
        ("order", "random", 400),
        ("shared", "1", 400),
        ("limit", "many", 400),
        ("limit", "0", 422),
        ("class", "\0", 422),
    ] {
        let problem = owner.get(&format!("/nodes?{field}={}", encoded(value))).await.problem(status);
        let told = &problem["errors"][0];
        assert_eq!(told["field"], field, "{value}: {problem}");
        assert!(problem.to_string().len() < 2_000, "{problem}");
    }
    for value in [r#"{"a": "' or true --"}"#, r#"{"a": 1e300}"#, r#"{"": {"": []}}"#, r#"{"tenant_id": "tenant-b"}"#] {
        assert_eq!(owner.get(&format!("/nodes?props={}", encoded(value))).await.ok()["count"], 0, "{value}");
    }
    assert_eq!(owner.get("/nodes").await.ok()["count"], 3, "the server still serves");
}

#[tokio::test]
async fn a_filter_by_properties_uses_its_index_under_row_level_security() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let sql = "insert into wardgraph.nodes (tenant_id, node_id, classes, props, metadata, refresh_policy, triggers, embedding_status, created_at, updated_at)
               select t, gen_random_uuid(), '{A}', jsonb_build_object('n', n, 'text', repeat('x', 200)), jsonb_build_object('m', n), '{}', '[]', 'none', now(), now()
               from generate_series(1, 20000) n, unnest(array['tenant-a', 'tenant-b']) t";
    let client = app.database.behind_the_scenes().await;
    client.batch_execute(sql).await.unwrap();
    client.batch_execute("vacuum analyze wardgraph.nodes").await.unwrap();
    for (field, object) in [("props", r#"{"n": 777}"#), ("metadata", r#"{"m": 777}"#)] {
        assert_eq!(owner.get(&format!("/nodes?{field}={}", encoded(object))).await.ok()["count"], 1);
        for (name, start) in [
            ("graph.node.filtered", "'00000000-0000-0000-0000-000000000000'"),
            ("graph.node.filtered_down", "'ffffffff-ffff-ffff-ffff-ffffffffffff'"),
        ] {
            let values = format!("'tenant-a', {start}, 101, 1000000, '{{\"{field}\": {object}}}', 10000");
            let [planned, _] = pages_touched(&app, name, &values).await;
            assert!(planned < 200, "{name} by {field} touches {planned} pages");
        }
    }
}

#[tokio::test]
async fn a_filter_that_few_pass_leads_on_past_those_that_do_not() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let sql = "insert into wardgraph.nodes (tenant_id, node_id, external_id, classes, props, metadata, refresh_policy, triggers, embedding_status, created_at, updated_at)
               select t, ('01900000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'e' || n, array[case when n % 12000 = 3 then 'Rare' else 'Common' end],
                      '{}', '{}', '{}', '[]', 'none', now(), now()
               from generate_series(1, 25000) n, unnest(array['tenant-a', 'tenant-b', '*']) t;
               analyze wardgraph.nodes";
    app.database.behind_the_scenes().await.batch_execute(sql).await.unwrap();
    for (query, mut expected, pages) in [
        ("class=Rare&limit=1", vec!["e3", "e12003", "e24003"], 5),
        ("class=Rare&limit=100", vec!["e3", "e12003", "e24003"], 3),
        ("class=Nothing", vec![], 3),
        ("class=Rare&shared=true", vec!["e3", "e12003", "e24003"], 3),
        ("embedding_status=ready&created_after=2001-01-01T00:00:00Z", vec![], 3),
        // By an index: where it is does not matter.
        ("class=Rare&external_id=e24003", vec!["e24003"], 1),
    ] {
        for order in ["asc", "desc"] {
            let (mut all, mut cursor, mut requests) = (Vec::new(), String::new(), 0);
            loop {
                let page = owner.get(&format!("/nodes?order={order}&{query}{cursor}")).await.ok();
                all.extend(names(&page).into_iter().map(str::to_owned));
                requests += 1;
                let Some(next) = page["next_cursor"].as_str() else { break };
                cursor = format!("&cursor={next}");
            }
            assert_eq!(all, expected, "{query} {order}");
            assert!(requests <= pages, "{query} {order}: {requests} requests");
            expected.reverse();
        }
    }
}

#[tokio::test]
async fn an_unfiltered_list_reads_its_page_alone() {
    let app = App::start().await;
    let sql = "insert into wardgraph.nodes (tenant_id, node_id, classes, props, metadata, refresh_policy, triggers, embedding_status, created_at, updated_at)
               select t, gen_random_uuid(), '{A}', '{}', '{}', '{}', '[]', 'none', now(), now() from generate_series(1, 20000) n, unnest(array['tenant-a', 'tenant-b']) t;
               analyze wardgraph.nodes";
    app.database.behind_the_scenes().await.batch_execute(sql).await.unwrap();
    for (name, start) in [
        ("graph.node.list", "'80000000-0000-0000-0000-000000000000'"),
        ("graph.node.list_down", "'80000000-0000-0000-0000-000000000000'"),
    ] {
        let touched = pages_touched(&app, name, &format!("'tenant-a', {start}, 11, 1000000")).await;
        assert!(touched.iter().all(|pages| *pages < 100), "{name} touches {touched:?} pages");
    }
    let owner = app.owner("tenant-a");
    let all: BTreeSet<String> =
        owner.get("/nodes?limit=1000").await.ok()["nodes"].as_array().unwrap().iter().map(|n| n["id"].to_string()).collect();
    assert_eq!(all.len(), 1_000);
}
