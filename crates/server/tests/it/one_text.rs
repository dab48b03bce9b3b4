//! One text that a service fails at, and a service that is away: which is which, and what either costs.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use serde_json::{Value, json};
use wardgraph_embed::{EmbedError, Embedder, Lane, ModelId};
use wardgraph_graph::embedding::{MOST_FAULTS, MOST_MISSES};
use wardgraph_testkit::App;
use wardgraph_worker::{EmbeddingWorker, WorkerOptions};

use crate::embedding::{Dial, nodes, number, parts, status, texts, until_idle, vectors_of};

static MODEL: ModelId = ModelId::new("fickle");

/// How a service fails at one text, and looks as if it were away or set up wrongly.
#[derive(Debug, Clone, Copy)]
enum Failure {
    Forbidden,
    Broken,
    NoVector,
}

impl Failure {
    const ALL: [Self; 3] = [Self::Forbidden, Self::Broken, Self::NoVector];

    fn error(self) -> EmbedError {
        match self {
            Self::Forbidden => EmbedError::Refused { status: 403 },
            Self::Broken => EmbedError::Unavailable { why: "it failed (status 5xx)", retry_after: None },
            Self::NoVector => EmbedError::Answer("its vectors hold something else than finite numbers"),
        }
    }
}

/// A service that fails at whatever holds `poison`, and at everything while it is away.
#[derive(Debug)]
struct Fickle {
    failure: Failure,
    calls: AtomicUsize,
    away: AtomicBool,
    /// Goes away after the first call that fails although the service is there, once this is set.
    leaves: AtomicBool,
}

impl Fickle {
    fn new(failure: Failure) -> Arc<Self> {
        Arc::new(Self { failure, calls: AtomicUsize::new(0), away: AtomicBool::new(false), leaves: AtomicBool::new(false) })
    }

    fn worker(self: &Arc<Self>, app: &App) -> EmbeddingWorker {
        EmbeddingWorker::new(parts(app), self.clone(), WorkerOptions { batch: 100, ..WorkerOptions::default() })
    }
}

#[async_trait]
impl Embedder for Fickle {
    fn model(&self) -> &ModelId {
        &MODEL
    }

    fn dimension(&self) -> usize {
        2
    }

    async fn embed(&self, texts: Vec<String>, _: Lane) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        if self.away.load(Ordering::SeqCst) {
            return Err(self.failure.error());
        }
        if texts.iter().any(|text| text.contains("poison")) {
            self.away.store(self.leaves.load(Ordering::SeqCst), Ordering::SeqCst);
            return Err(self.failure.error());
        }
        Ok(texts.iter().map(|_| vec![0.6, 0.8]).collect())
    }
}

/// What was held against any text.
const HELD: &str = "select count(*) from wardgraph.jobs where misses > 0 or faults > 0 or attempts > 1 or claim <> 0 or dead";

fn with_poison(count: usize, place: usize) -> Vec<String> {
    let mut texts = texts(count);
    texts[place] = "poison".to_owned();
    texts
}

#[tokio::test]
async fn one_text_that_a_service_fails_at_stops_neither_its_tenant_nor_others_and_is_given_up_at_last() {
    for failure in Failure::ALL {
        let app = App::start().await;
        let (owner, other) = (app.owner("tenant-a"), app.owner("tenant-b"));
        let ids = nodes(&owner, &with_poison(41, 17)).await;
        nodes(&other, &texts(3)).await;
        let client = app.database.behind_the_scenes().await;
        let service = Fickle::new(failure);
        let worker = service.worker(&app);
        for _ in 0..8 {
            worker.turn().await.unwrap();
        }
        assert_eq!(vectors_of(&client, "fickle").await, 43, "{failure:?}");
        assert_eq!(status(&owner, &ids[17]).await, "queued", "{failure:?}");
        // What comes later waits for nothing.
        let late = nodes(&owner, &["a late heron".to_owned()]).await;
        worker.turn().await.unwrap();
        assert_eq!(status(&owner, &late[0]).await, "ready", "{failure:?}");
        let misses = "select misses::bigint from wardgraph.jobs";
        assert_eq!(number(&client, misses).await, 2, "{failure:?}: in doubt, and once alone");
        for _ in 1..MOST_MISSES {
            app.clock.advance(Duration::from_secs(601));
            let calls = service.calls.load(Ordering::SeqCst);
            assert_eq!(worker.turn().await.unwrap(), 1, "{failure:?}");
            assert!(service.calls.load(Ordering::SeqCst) - calls <= 3, "the text and the witness");
        }
        let owner = app.owner("tenant-a");
        assert_eq!(status(&owner, &ids[17]).await, "failed", "{failure:?}");
        let failed: Vec<Value> = owner.events().await.into_iter().filter(|event| event["type"] == "embedding.failed").collect();
        assert_eq!((failed.len(), &failed[0]["payload"]["attempts"]), (1, &json!(MOST_MISSES)), "{failure:?}");
        app.clock.advance(Duration::from_secs(100_000));
        assert_eq!(worker.turn().await.unwrap(), 0);
    }
}

#[tokio::test]
async fn a_service_that_is_away_costs_no_text_anything_whatever_it_says_and_is_asked_little() {
    for failure in Failure::ALL {
        let app = App::start().await;
        for tenant in ["tenant-a", "tenant-b", "tenant-c"] {
            nodes(&app.owner(tenant), &texts(10)).await;
        }
        let client = app.database.behind_the_scenes().await;
        let service = Fickle::new(failure);
        let worker = service.worker(&app);
        service.away.store(true, Ordering::SeqCst);
        for turn in 1..=40 {
            assert!(worker.turn().await.unwrap() > 0);
            assert_eq!(service.calls.load(Ordering::SeqCst), turn, "{failure:?}: once a turn");
        }
        assert_eq!(number(&client, HELD).await, 0, "{failure:?}");
        // Nor one that was in doubt before.
        client.batch_execute("update wardgraph.jobs set misses = 3").await.unwrap();
        for _ in 0..20 {
            worker.turn().await.unwrap();
        }
        assert_eq!(number(&client, "select count(*) from wardgraph.jobs where misses = 3 and not dead").await, 30, "{failure:?}");
        service.away.store(false, Ordering::SeqCst);
        until_idle(&worker).await;
        assert_eq!(vectors_of(&client, "fickle").await, 30, "{failure:?}");
    }
}

#[tokio::test]
async fn a_service_that_goes_away_while_a_text_is_looked_for_is_held_against_none() {
    let app = App::start().await;
    nodes(&app.owner("tenant-a"), &with_poison(20, 3)).await;
    let client = app.database.behind_the_scenes().await;
    let service = Fickle::new(Failure::Broken);
    let worker = service.worker(&app);
    for _ in 0..2 {
        worker.turn().await.unwrap();
    }
    // The witness is heard, the texts fail, and from then on everything does.
    service.leaves.store(true, Ordering::SeqCst);
    for _ in 0..4 {
        worker.turn().await.unwrap();
    }
    assert!(service.away.load(Ordering::SeqCst));
    assert_eq!((number(&client, HELD).await, number(&client, "select count(*) from wardgraph.jobs").await), (0, 20));
    for flag in [&service.leaves, &service.away] {
        flag.store(false, Ordering::SeqCst);
    }
    for _ in 0..8 {
        worker.turn().await.unwrap();
    }
    assert_eq!(vectors_of(&client, "fickle").await, 19);
}

#[tokio::test]
async fn a_service_that_fails_at_many_texts_gets_to_the_good_ones_between_them() {
    let app = App::start().await;
    let mixed: Vec<String> = (0..24).map(|n| if n % 3 == 0 { format!("heron {n}") } else { format!("poison {n}") }).collect();
    nodes(&app.owner("tenant-a"), &mixed).await;
    nodes(&app.owner("tenant-b"), &texts(2)).await;
    let client = app.database.behind_the_scenes().await;
    let service = Fickle::new(Failure::Forbidden);
    let worker = service.worker(&app);
    for turn in 0..20 {
        let calls = service.calls.load(Ordering::SeqCst);
        worker.turn().await.unwrap();
        let calls = service.calls.load(Ordering::SeqCst) - calls;
        assert!(calls < 24, "turn {turn} is bounded: {calls} calls");
    }
    assert_eq!(vectors_of(&client, "fickle").await, 10);
    assert_eq!(number(&client, "select count(*) from wardgraph.jobs where dead").await, 0);
}

#[tokio::test]
async fn a_text_that_is_changed_is_no_longer_in_doubt() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let ids = nodes(&owner, &["poison".to_owned()]).await;
    let client = app.database.behind_the_scenes().await;
    let service = Fickle::new(Failure::Broken);
    let worker = service.worker(&app);
    for _ in 0..3 {
        worker.turn().await.unwrap();
    }
    assert_eq!(number(&client, "select misses::bigint from wardgraph.jobs").await, 2);
    owner.patch(&format!("/nodes/{}", ids[0]), &json!({ "props": { "text": "poison again" } })).await.ok();
    service.away.store(true, Ordering::SeqCst);
    worker.turn().await.unwrap();
    assert_eq!(number(&client, "select misses::bigint from wardgraph.jobs").await, 0);
}

#[tokio::test]
async fn a_history_of_nothing_but_failures_keeps_the_newest_hundred() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let ids = nodes(&owner, &["poison".to_owned()]).await;
    let client = app.database.behind_the_scenes().await;
    let fill = format!(
        "insert into wardgraph.embedding_history (tenant_id, node_id, entry_id, model, embedded_at, error)
         select 'tenant-a', '{}', ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'old', '2025-01-01', 'no' from generate_series(1, 120) n",
        ids[0]
    );
    client.batch_execute(&fill).await.unwrap();
    let worker = crate::embedding::worker(&app, &Dial::named("m"), 10);
    for _ in 0..MOST_FAULTS {
        assert_eq!(worker.turn().await.unwrap(), 1);
        assert_eq!(number(&client, "select count(*) from wardgraph.embedding_history").await, 100);
        app.clock.advance(Duration::from_secs(601));
    }
    let told = app.owner("tenant-a").get(&format!("/nodes/{}/embeddings", ids[0])).await.ok();
    assert_eq!((&told["embeddings"][0]["model"], &told["embeddings"][6]["model"]), (&json!("m"), &json!("old")));
}

/// How a node loses its text without its row being held first.
enum Way {
    Put,
    Upsert,
    Batch,
}

#[tokio::test]
async fn a_vector_that_is_kept_while_its_text_is_taken_away_does_not_outlive_it() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let watcher = app.database.behind_the_scenes().await;
    for (n, way) in [Way::Put, Way::Upsert, Way::Batch].into_iter().enumerate() {
        let name = format!("node {n}");
        let new = |props: Value| json!({ "classes": ["A"], "props": props, "external_id": name });
        let id = owner.post("/nodes", &new(json!({ "text": "a secret heron" }))).await.created()["id"].clone();
        let id = id.as_str().unwrap();
        // As a worker that finishes does it: the node is held, its first vector is kept, its job goes.
        let client = app.database.behind_the_scenes().await;
        let finish = format!(
            "begin;
             select from wardgraph.nodes where node_id = '{id}' for no key update;
             delete from wardgraph.jobs where subject_id = '{id}';
             insert into wardgraph.embeddings (tenant_id, node_id, model, embedding, embedded_at) values ('tenant-a', '{id}', 'm', '[1, 0]', now());
             update wardgraph.nodes set embedding_status = 'ready' where node_id = '{id}'"
        );
        client.batch_execute(&finish).await.unwrap();
        let taking = async {
            match way {
                Way::Put => owner.put(&format!("/nodes/{id}"), &new(json!({}))).await.ok(),
                Way::Upsert => owner.post("/nodes?on_conflict=update", &new(json!({}))).await.ok(),
                Way::Batch => owner.post("/nodes/batch?on_conflict=update", &json!({ "nodes": [new(json!({}))] })).await.ok(),
            }
        };
        let waits = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
        let finishing = async {
            while number(&watcher, waits).await == 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            client.batch_execute("commit").await.unwrap();
        };
        let both = async { tokio::join!(taking, finishing) };
        tokio::time::timeout(Duration::from_secs(30), both).await.expect("one waits for the other");
        assert_eq!(status(&owner, id).await, "none");
        let left = format!("select count(*) from wardgraph.embeddings where node_id = '{id}'");
        assert_eq!(number(&watcher, &left).await, 0, "{name}");
    }
}
