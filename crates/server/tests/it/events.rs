//! The log as a tenant reads it: whatever is asked of it, an index brings it, wherever in a long log it lies.

use serde_json::{Value, json};
use wardgraph_kernel::{Cursor, List, NodeId, TenantId};
use wardgraph_testkit::{App, Caller};

use crate::plans::pages_touched;

/// Page by page, so that a list without an end fails.
async fn all(caller: &Caller, query: &str) -> Vec<Value> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    for _ in 0..100 {
        let page = caller.get(&format!("/events?limit=2{query}{cursor}")).await.ok();
        found.extend(page["events"].as_array().unwrap().iter().cloned());
        let Some(next) = page["next_cursor"].as_str() else { return found };
        cursor = format!("&cursor={next}");
    }
    panic!("a list without an end: {query}")
}

#[tokio::test]
async fn whatever_is_asked_of_the_log_is_what_reading_all_of_it_would_find() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    app.known(&app.owner("tenant-b")).await;
    let mut nodes = Vec::new();
    for text in ["a heron", "an egret", "a bittern"] {
        let made = owner.post("/nodes", &json!({ "classes": ["A"], "props": { "text": text } })).await.created();
        nodes.push(made["id"].as_str().unwrap().to_owned());
    }
    for id in &nodes[..2] {
        owner.patch(&format!("/nodes/{id}"), &json!({ "props": { "text": "another" } })).await.ok();
    }
    let edges: Vec<_> = nodes.iter().map(|dst| json!({ "src": nodes[0], "rel": "R", "dst": dst })).collect();
    owner.post("/edges/batch", &json!({ "edges": edges })).await.ok();
    owner.delete(&format!("/nodes/{}", nodes[0])).await;

    let log = all(&owner, "").await;
    let values = |member: &str| {
        let mut values: Vec<_> = log.iter().filter_map(|event| event[member].as_str()).map(str::to_owned).collect();
        values.sort_unstable();
        values.dedup();
        values
    };
    let (types, about, requests) = (values("type"), values("node_id"), values("request_id"));
    assert!(types.len() >= 4 && about.len() == 3 && requests.len() >= 5, "{log:?}");
    let mut met = 0;
    let each = |name: &'static str, values: &[String]| {
        let named = values.iter().map(|value| (format!("&{name}={value}"), Some(value.clone()))).collect::<Vec<_>>();
        std::iter::once((String::new(), None)).chain(named).collect::<Vec<_>>()
    };
    for (by_type, event_type) in each("event_type", &types) {
        for (by_node, node) in each("node_id", &about) {
            for (by_request, request) in each("request_id", &requests) {
                let is = |event: &Value, member: &str, value: &Option<String>| {
                    value.as_deref().is_none_or(|value| event[member] == value)
                };
                let expected: Vec<_> = log
                    .iter()
                    .filter(|event| {
                        is(event, "type", &event_type) && is(event, "node_id", &node) && is(event, "request_id", &request)
                    })
                    .cloned()
                    .collect();
                let query = format!("{by_type}{by_node}{by_request}");
                assert_eq!(all(&owner, &query).await, expected, "{query}");
                met += usize::from(!expected.is_empty());
            }
        }
    }
    assert!(met > 30, "{met} of the questions had an answer");
}

const NODE: &str = "01900000-0000-7000-8000-000000000001";
const REQUEST: &str = "01900000-0000-7000-8000-000000000002";

/// A log of 40,000 events, among as many of another tenant; a hundred of them are about a node, as many of a type, as many of a request, all along it.
async fn long_log(app: &App) {
    let sql = format!(
        "insert into wardgraph.events (tenant_id, event_id, type, category, subject_type, subject, actor_id, actor_type, outcome, request_id, payload, created_at)
           select t, ('01900000-0000-7000-9000-' || lpad(to_hex(n), 12, '0'))::uuid, case when n % 400 = 1 then 'node.deleted' else 'node.updated' end, 'graph',
                  'node', case when n % 400 = 0 then '{NODE}' else gen_random_uuid()::text end, 'somebody', 'user', 'success',
                  case when n % 400 = 2 then '{REQUEST}'::uuid else gen_random_uuid() end, '{{}}', now()
           from generate_series(1, 40000) n, unnest(array['tenant-a', 'tenant-b']) t;
         analyze wardgraph.events"
    );
    app.database.behind_the_scenes().await.batch_execute(&sql).await.unwrap();
}

#[tokio::test]
async fn a_page_deep_in_a_long_log_costs_what_is_on_it() {
    let app = App::start().await;
    long_log(&app).await;
    // So many events lie below it: 5 about the node, 5 of the type, 5 of the request.
    let deep = format!("01900000-0000-7000-9000-{:012x}", 2_001);
    let owner = app.owner("tenant-a");
    let node: NodeId = uuid::Uuid::parse_str(NODE).unwrap().into();
    let filter = wardgraph_audit::Filter { node: Some(node), ..Default::default() };
    let list = List { name: "events", tenant: TenantId::parse("tenant-a").unwrap(), of: None }.asking(&filter);
    let cursor = Cursor::after(deep.parse().unwrap()).encode(&list);
    let page = owner.get(&format!("/events?node_id={NODE}&cursor={cursor}")).await.ok();
    assert_eq!((&page["count"], &page["next_cursor"]), (&json!(5), &Value::Null), "{page}");

    let first = "ffffffff-ffff-ffff-ffff-ffffffffffff";
    for (name, more) in [
        ("audit.event.list", String::new()),
        ("audit.event.list_of_type", ", 'node.deleted'".into()),
        ("audit.event.list_of_node", format!(", '{NODE}', null")),
        ("audit.event.list_of_node", format!(", '{NODE}', 'node.updated'")),
        ("audit.event.list_of_request", format!(", '{REQUEST}', null, null")),
    ] {
        for after in [first, deep.as_str()] {
            let [_, touched] = pages_touched(&app, name, &format!("'tenant-a', '{after}', 11{more}")).await;
            assert!(touched < 60, "{name} ({more}) after {after} touches {touched} pages");
        }
    }
}
