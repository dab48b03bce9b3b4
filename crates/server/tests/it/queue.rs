//! The embedding queue: nothing is doubled, nothing is lost, and one bad text holds up nobody.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio_postgres::Client;
use wardgraph_embed::{EmbedError, Embedder, Lane, ModelId};
use wardgraph_gate::SystemParts;
use wardgraph_graph::embedding::{self, MOST_FAULTS};
use wardgraph_kernel::{Clock, SystemChance, TenantId, Write};
use wardgraph_testkit::{App, Caller};
use wardgraph_worker::{EmbeddingWorker, WorkerOptions};

static MODEL: ModelId = ModelId::new("test-model");

/// A model that chokes on `poison`, counts its texts, and can be held up in the middle of its work.
#[derive(Debug, Default)]
struct Sensitive {
    texts: AtomicUsize,
    busy: bool,
    /// A permit is taken by each call; none are given until the test gives them.
    held: Option<tokio::sync::Semaphore>,
    waiting: tokio::sync::Notify,
}

#[async_trait]
impl Embedder for Sensitive {
    fn model(&self) -> &ModelId {
        &MODEL
    }

    fn dimension(&self) -> usize {
        2
    }

    async fn embed(&self, texts: Vec<String>, _: Lane) -> Result<Vec<Vec<f32>>, EmbedError> {
        if let Some(held) = &self.held {
            self.waiting.notify_one();
            held.acquire().await.unwrap().forget();
        }
        if self.busy {
            return Err(EmbedError::Busy);
        }
        if texts.iter().any(|text| text.contains("poison")) {
            return Err(EmbedError::model("it chokes"));
        }
        self.texts.fetch_add(texts.len(), Ordering::SeqCst);
        Ok(texts.iter().map(|_| vec![0.6, 0.8]).collect())
    }
}

impl Sensitive {
    fn held() -> Arc<Self> {
        Arc::new(Self { held: Some(tokio::sync::Semaphore::new(0)), ..Self::default() })
    }

    fn let_go(&self) {
        self.held.as_ref().unwrap().add_permits(1_000);
    }
}

fn parts(app: &App) -> SystemParts {
    SystemParts { store: app.store.clone(), clock: app.clock.clone(), chance: Arc::new(SystemChance) }
}

fn worker(app: &App, model: &Arc<Sensitive>, batch: i64) -> EmbeddingWorker {
    EmbeddingWorker::new(parts(app), model.clone(), WorkerOptions { batch, ..WorkerOptions::default() })
}

async fn until_idle(worker: &EmbeddingWorker) -> usize {
    let mut claimed = 0;
    loop {
        match worker.turn().await.unwrap() {
            0 => return claimed,
            more => claimed += more,
        }
    }
}

async fn nodes(caller: &Caller, texts: &[&str]) -> Vec<String> {
    let batch: Vec<Value> = texts.iter().map(|text| json!({ "classes": ["T"], "props": { "text": text } })).collect();
    let made = caller.post("/nodes/batch", &json!({ "nodes": batch })).await.ok();
    made["results"].as_array().unwrap().iter().map(|result| result["id"].as_str().unwrap().to_owned()).collect()
}

async fn status(caller: &Caller, id: &str) -> String {
    caller.get(&format!("/nodes/{id}")).await.ok()["embedding_status"].as_str().unwrap().to_owned()
}

async fn number(client: &Client, sql: &str) -> i64 {
    client.query_one(sql, &[]).await.unwrap().get(0)
}

const VECTORS: &str = "select count(*) from wardgraph.embeddings";
const JOBS: &str = "select count(*) from wardgraph.jobs where not dead and kind = 'embed'";
const DEAD: &str = "select count(*) from wardgraph.jobs where dead";

/// What the worker says that it embedded, over all tenants.
async fn embedded(client: &Client) -> Vec<String> {
    let sql = "select n #>> '{}' from wardgraph.events, jsonb_array_elements(payload -> 'nodes') n where type = 'nodes.embedded' order by 1";
    client.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_at_once_double_nothing() {
    let app = App::start().await;
    let mut ids = BTreeSet::new();
    for tenant in ["tenant-a", "tenant-b", "tenant-c"] {
        let texts: Vec<String> = (0..40).map(|n| format!("text number {n}")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        ids.extend(nodes(&app.owner(tenant), &texts).await);
    }
    let model = Arc::new(Sensitive::default());
    let (one, other) = (worker(&app, &model, 7), worker(&app, &model, 7));
    let (first, second) =
        tokio::join!(tokio::spawn(async move { until_idle(&one).await }), tokio::spawn(async move { until_idle(&other).await }));
    assert_eq!(first.unwrap() + second.unwrap(), 120);
    assert_eq!(model.texts.load(Ordering::SeqCst), 120, "no text was embedded twice");
    let client = app.database.behind_the_scenes().await;
    assert_eq!(embedded(&client).await, ids.into_iter().collect::<Vec<_>>());
    assert_eq!((number(&client, VECTORS).await, number(&client, JOBS).await), (120, 0));
    let misplaced = "select count(*) from wardgraph.embeddings e where not exists (select from wardgraph.nodes n where (n.tenant_id, n.node_id) = (e.tenant_id, e.node_id) and n.embedding_status = 'ready')";
    assert_eq!(number(&client, misplaced).await, 0);
}

#[tokio::test]
async fn a_worker_that_lost_its_claim_writes_nothing() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let ids = nodes(&owner, &["one", "two"]).await;
    let (slow, quick) = (Sensitive::held(), Arc::new(Sensitive::default()));
    let late = worker(&app, &slow, 10);
    let late = tokio::spawn(async move { late.turn().await.unwrap() });
    slow.waiting.notified().await;
    // Nobody else gets the jobs while the lease holds.
    assert_eq!(worker(&app, &quick, 10).turn().await.unwrap(), 0);
    app.clock.advance(WorkerOptions::default().lease + Duration::from_secs(1));
    assert_eq!(worker(&app, &quick, 10).turn().await.unwrap(), 2);
    let client = app.database.behind_the_scenes().await;
    let picture = "select string_agg(concat_ws(' ', node_id, embedded_at, xmin), ',' order by node_id) from wardgraph.embeddings";
    let before: String = client.query_one(picture, &[]).await.unwrap().get(0);
    let events = number(&client, "select count(*) from wardgraph.events").await;
    slow.let_go();
    assert_eq!(late.await.unwrap(), 2);
    let after: String = client.query_one(picture, &[]).await.unwrap().get(0);
    assert_eq!(after, before);
    assert_eq!(number(&client, "select count(*) from wardgraph.events").await, events, "not even an event of nothing");
    assert_eq!(embedded(&client).await, BTreeSet::from_iter(ids).into_iter().collect::<Vec<_>>());
}

#[tokio::test]
async fn only_the_latest_claim_finishes_a_job() {
    let app = App::start().await;
    nodes(&app.owner("tenant-a"), &["one", "two"]).await;
    let (first, second) = (Sensitive::held(), Sensitive::held());
    let mut turns = Vec::new();
    for model in [&first, &second] {
        let slow = worker(&app, model, 10);
        turns.push(tokio::spawn(async move { slow.turn().await.unwrap() }));
        model.waiting.notified().await;
        app.clock.advance(WorkerOptions::default().lease + Duration::from_secs(1));
    }
    let client = app.database.behind_the_scenes().await;
    let second_turn = turns.pop().unwrap();
    first.let_go();
    assert_eq!(turns.pop().unwrap().await.unwrap(), 2);
    assert_eq!((number(&client, JOBS).await, number(&client, VECTORS).await), (2, 0), "the jobs are the second worker's");
    second.let_go();
    assert_eq!(second_turn.await.unwrap(), 2);
    assert_eq!((number(&client, JOBS).await, number(&client, VECTORS).await, embedded(&client).await.len()), (0, 2, 2));
}

#[tokio::test]
async fn a_lost_claim_neither_puts_off_nor_gives_up() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let ids = nodes(&owner, &["one"]).await;
    let system = parts(&app);
    let claim = async || {
        let mut queue = system.queue().unwrap();
        let (now, lease) = (app.clock.now(), Duration::from_secs(10));
        let claims = embedding::claim(&mut queue.tx::<Write>(), "", 10, now, lease, &SystemChance).await.unwrap();
        queue.commit(&[]).await.unwrap();
        claims.jobs
    };
    let old = claim().await;
    app.clock.advance(Duration::from_secs(11));
    let new = claim().await;
    assert_eq!((old[0].attempt, new[0].attempt), (1, 2));
    let tenant = TenantId::parse("tenant-a").unwrap();
    let far = app.clock.now().saturating_add(Duration::from_secs(9_999)).unwrap();
    for (claims, held) in [(&old, false), (&new, true)] {
        let mut work = system.work::<Write>("test", tenant.clone()).unwrap();
        let times = (app.clock.now(), far);
        let put_off =
            embedding::put_off(&mut work.tx(), &claims[0], ("m", "words"), times, (false, true), &SystemChance).await.unwrap();
        let released = embedding::release(&mut work.tx(), claims, far).await.unwrap();
        embedding::drop_jobs(&mut work.tx(), claims).await.unwrap();
        work.commit(Vec::new()).await.unwrap();
        assert_eq!((put_off, released), (held, 0), "given up, and not released besides");
        assert_eq!(status(&owner, &ids[0]).await, if held { "failed" } else { "queued" });
    }
}

#[tokio::test]
async fn a_text_that_cannot_be_embedded_is_tried_again_later_and_given_up_at_last() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let ids = nodes(&owner, &["good", "poison", "better"]).await;
    let client = app.database.behind_the_scenes().await;
    let model = Arc::new(Sensitive::default());
    let worker = worker(&app, &model, 10);
    // The good ones do not wait for the bad one.
    assert_eq!(worker.turn().await.unwrap(), 3);
    assert_eq!(
        [status(&owner, &ids[0]).await, status(&owner, &ids[1]).await, status(&owner, &ids[2]).await],
        ["ready", "queued", "ready"]
    );
    for attempt in 1..MOST_FAULTS {
        let wait = embedding::back_off(attempt);
        app.clock.advance(wait.checked_sub(Duration::from_secs(1)).unwrap());
        assert_eq!(worker.turn().await.unwrap(), 0, "not yet due after attempt {attempt}");
        app.clock.advance(Duration::from_secs(1));
        assert_eq!(worker.turn().await.unwrap(), 1, "due after attempt {attempt}");
    }
    assert!(embedding::back_off(2) > embedding::back_off(1) && embedding::back_off(100) == Duration::from_secs(600));
    assert_eq!(status(&owner, &ids[1]).await, "failed");
    assert_eq!((number(&client, JOBS).await, number(&client, DEAD).await, number(&client, VECTORS).await), (0, 1, 2));
    let failures: Vec<Value> = owner.events().await.into_iter().filter(|event| event["type"] == "embedding.failed").collect();
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert_eq!(
        (&failures[0]["subject"], &failures[0]["outcome"], &failures[0]["payload"]["attempts"]),
        (&json!(ids[1]), &json!("failure"), &json!(MOST_FAULTS))
    );
    assert!(!failures[0].to_string().contains("poison"), "the text is not told");
    // It is dead: nothing brings it back, and it is still found by its words.
    app.clock.advance(Duration::from_secs(1_000_000));
    assert_eq!(worker.turn().await.unwrap(), 0);
    let found = app.owner("tenant-a").post("/search", &json!({ "query": "poison", "mode": "text" })).await.ok();
    assert_eq!(found["results"][0]["id"], json!(ids[1]));
}

#[tokio::test]
async fn a_busy_model_is_no_fault_of_the_text() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let ids = nodes(&owner, &["patient"]).await;
    let busy = worker(&app, &Arc::new(Sensitive { busy: true, ..Sensitive::default() }), 10);
    for _ in 0..MOST_FAULTS + 3 {
        assert_eq!(busy.turn().await.unwrap(), 1);
        app.clock.advance(Duration::from_secs(601));
    }
    // The token has run out in the meantime.
    let owner = app.owner("tenant-a");
    assert_eq!(status(&owner, &ids[0]).await, "queued");
    assert_eq!(worker(&app, &Arc::new(Sensitive::default()), 10).turn().await.unwrap(), 1);
    assert_eq!(status(&owner, &ids[0]).await, "ready");
}

#[tokio::test]
async fn the_job_of_a_deleted_node_is_dropped() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let ids = nodes(&owner, &["gone", "there"]).await;
    owner.delete(&format!("/nodes/{}", ids[0])).await;
    let client = app.database.behind_the_scenes().await;
    assert_eq!(number(&client, JOBS).await, 2);
    assert_eq!(until_idle(&worker(&app, &Arc::new(Sensitive::default()), 10)).await, 2);
    assert_eq!((number(&client, JOBS).await, number(&client, DEAD).await, number(&client, VECTORS).await), (0, 0, 1));
    assert_eq!(embedded(&client).await, [ids[1].clone()]);
}

#[tokio::test]
async fn a_node_that_is_deleted_while_its_vector_is_made_gets_none() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let ids = nodes(&owner, &["gone", "there"]).await;
    let model = Sensitive::held();
    let slow = worker(&app, &model, 10);
    let turn = tokio::spawn(async move { slow.turn().await });
    model.waiting.notified().await;
    owner.delete(&format!("/nodes/{}", ids[0])).await;
    model.let_go();
    turn.await.unwrap().unwrap();
    let client = app.database.behind_the_scenes().await;
    assert_eq!((number(&client, JOBS).await, number(&client, VECTORS).await), (0, 1));
    assert_eq!(embedded(&client).await, [ids[1].clone()]);
}

#[tokio::test]
async fn a_node_that_is_deleted_while_its_vector_is_kept_holds_up_nobody() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let ids = nodes(&owner, &["gone", "there"]).await;
    // The deletion is done and not yet committed when the vectors are kept.
    let client = app.database.behind_the_scenes().await;
    client.batch_execute(&format!("begin; delete from wardgraph.nodes where node_id = '{}'", ids[0])).await.unwrap();
    let quick = worker(&app, &Arc::new(Sensitive::default()), 10);
    let turn = tokio::spawn(async move { quick.turn().await });
    let watcher = app.database.behind_the_scenes().await;
    let waits = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    for _ in 0..500 {
        if number(&watcher, waits).await == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    client.batch_execute("commit").await.unwrap();
    turn.await.unwrap().unwrap();
    assert_eq!(status(&owner, &ids[1]).await, "ready");
    assert_eq!((number(&client, JOBS).await, number(&client, VECTORS).await), (0, 1));
    assert_eq!(embedded(&client).await, [ids[1].clone()]);
}

#[tokio::test]
async fn one_tenants_trouble_does_not_hold_up_the_others() {
    let app = App::start().await;
    let (troubled, other) = (app.owner("tenant-a"), app.owner("tenant-b"));
    nodes(&troubled, &["locked"]).await;
    let ids = nodes(&other, &["free"]).await;
    // Whatever goes wrong in one tenant: here the database refuses its vectors.
    let client = app.database.behind_the_scenes().await;
    client
        .batch_execute("alter table wardgraph.embeddings add constraint trouble check (tenant_id <> 'tenant-a')")
        .await
        .unwrap();
    let _ = worker(&app, &Arc::new(Sensitive::default()), 10).turn().await;
    assert_eq!(status(&other, &ids[0]).await, "ready");
}
