//! What one tenant does, or asks for, is bounded, so that others find room.

use std::{
    sync::{Arc, Mutex, mpsc},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::task::JoinSet;
use wardgraph_embed::{EmbedError, Limits, LocalPool, MicroBatch, Model, ModelId};
use wardgraph_testkit::{App, AppOptions};

/// A model that takes its time over each text: until the test lets it go on. It tells what it began, in that order.
#[derive(Debug)]
struct Slow {
    began: Arc<Mutex<Vec<String>>>,
    go_on: Mutex<mpsc::Receiver<()>>,
}

impl Model for Slow {
    fn id(&self) -> &ModelId {
        static ID: ModelId = ModelId::new("slow");
        &ID
    }

    fn dimension(&self) -> usize {
        2
    }

    fn micro_batch(&self) -> MicroBatch {
        MicroBatch { texts: 1, bytes: 1 }
    }

    fn encode(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.began.lock().unwrap().extend(texts.iter().map(|&text| text.to_owned()));
        self.go_on.lock().unwrap().recv().map_err(EmbedError::model)?;
        Ok(vec![vec![1.0, 0.0]; texts.len()])
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_searches_without_end_leaves_the_model_to_others() {
    let (go_on, wait) = mpsc::channel();
    let began = Arc::new(Mutex::new(Vec::new()));
    let model = Slow { began: began.clone(), go_on: Mutex::new(wait) };
    let pool = LocalPool::start(model, 1, Limits::default()).unwrap();
    let app = App::with(AppOptions { embedder: Some(Arc::new(pool)), ..AppOptions::default() }).await;
    let (hostile, neighbour) = (app.owner("tenant-a"), app.owner("tenant-b"));
    // Eight KiB each, as large as a query may be: all of them would fill the lane.
    let mut searches = JoinSet::new();
    for n in 0..32 {
        let (hostile, text) = (hostile.clone(), format!("{n:02}{}", "\u{1f980}".repeat(1_998)));
        searches.spawn(async move { hostile.post("/search", &json!({ "query": text, "mode": "vector" })).await });
    }
    for _ in 0..22 {
        let refused = searches.join_next().await.unwrap().unwrap();
        assert!(refused.headers.contains_key("retry-after"));
        refused.problem(503);
    }
    let theirs = tokio::spawn(async move { neighbour.post("/search", &json!({ "query": "heron", "mode": "vector" })).await });
    let place = || began.lock().unwrap().iter().position(|text| text == "heron");
    while place().is_none() {
        assert!(began.lock().unwrap().len() <= 10, "its turn never came");
        tokio::time::sleep(Duration::from_millis(150)).await;
        go_on.send(()).unwrap();
    }
    assert!(place().unwrap() < 8, "it waited for whoever came first");
    for _ in 0..32 {
        // Whatever waits still is let go.
        go_on.send(()).unwrap();
    }
    theirs.await.unwrap().ok();
    while let Some(answered) = searches.join_next().await {
        answered.unwrap().ok();
    }
}

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
