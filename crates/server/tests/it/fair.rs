//! What one tenant does, or asks for, is bounded, so that others find room.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use wardgraph_testkit::App;

#[tokio::test]
async fn a_tenant_that_waits_for_locks_leaves_connections_to_others() {
    let app = App::start().await;
    let (greedy, neighbour) = (app.owner("tenant-a"), app.owner("tenant-b"));
    let (known, theirs) = (app.known(&greedy).await, app.known(&neighbour).await);
    let mut blocker = app.database.behind_the_scenes().await;
    let lock = blocker.transaction().await.unwrap();
    lock.batch_execute("select from wardgraph.nodes where tenant_id = 'tenant-a' for update").await.unwrap();
    let path = format!("/nodes/{}", known.node);
    let waiting: Vec<_> = (0..12)
        .map(|_| {
            let (greedy, path) = (greedy.clone(), path.clone());
            tokio::spawn(async move { greedy.delete(&path).await.status })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    for _ in 0..20 {
        let began = Instant::now();
        neighbour.get(&format!("/nodes/{}", theirs.node)).await.ok();
        assert!(began.elapsed() < Duration::from_secs(1), "the neighbour waited {:?}", began.elapsed());
    }
    lock.rollback().await.unwrap();
    for waited in waiting {
        let status = waited.await.unwrap().as_u16();
        assert!([204, 404, 503].contains(&status), "{status}");
    }
}

#[tokio::test]
async fn a_page_ends_where_it_would_weigh_too_much_and_leads_on() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    // Five octets in the request, 301 in Postgres's spelling.
    let long = json!({ "classes": ["A"], "props": { "numbers": vec![1e300; 3_000] } });
    for _ in 0..5 {
        let batch = vec![long.clone(); 6];
        assert_eq!(owner.post("/nodes/batch", &json!({ "nodes": batch })).await.ok()["created"], 6);
    }
    let (mut seen, mut pages, mut cursor) = (0, 0, String::new());
    loop {
        let page = owner.get(&format!("/nodes?limit=1000{cursor}")).await;
        assert!(page.text.len() < 18 << 20, "a page of {} octets", page.text.len());
        let page = page.ok();
        seen += page["nodes"].as_array().unwrap().len();
        pages += 1;
        match &page["next_cursor"] {
            Value::String(next) => cursor = format!("&cursor={next}"),
            _ => break,
        }
    }
    assert_eq!(seen, 30);
    assert!(pages >= 2, "{pages} pages");
    let heavy = json!({ "classes": ["A"], "props": { "numbers": vec![1e300; 4_000] } });
    assert_eq!(owner.post("/nodes", &heavy).await.problem(422)["errors"][0]["field"], "/props");
}

#[tokio::test]
async fn a_search_answers_with_what_fits() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    for n in 0..20 {
        let node = json!({ "classes": ["A"], "props": { "text": format!("heron {n}"), "weight": "x".repeat(1_000_000) } });
        owner.post("/nodes", &node).await.created();
    }
    let found = owner.post("/search", &json!({ "query": "heron", "mode": "text", "top_k": 100 })).await.ok();
    let count = found["count"].as_u64().unwrap();
    assert!((15..20).contains(&count), "{count} results");
}
