//! Embedding at scale: fair claims, texts that change under way, what became of each vector, and the change from one model to another.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::sync::{Notify, Semaphore, watch};
use tokio_postgres::Client;
use wardgraph_embed::{EmbedError, Embedder, Lane, ModelId};
use wardgraph_gate::SystemParts;
use wardgraph_graph::embedding::{self, MOST_CLAIMS, MOST_FAULTS, SUSPICIOUS};
use wardgraph_kernel::{Clock, SystemChance};
use wardgraph_testkit::{App, Caller};
use wardgraph_worker::{EmbeddingWorker, ModelKeeper, WorkerOptions};

/// A model whose vectors turn with the length of the text, and that can be held up, or away, or refuse.
#[derive(Debug)]
pub(crate) struct Dial {
    id: ModelId,
    pub(crate) calls: AtomicUsize,
    away: bool,
    held: Option<Semaphore>,
    waiting: Notify,
}

impl Dial {
    pub(crate) fn named(name: &'static str) -> Arc<Self> {
        Arc::new(Self::plain(name))
    }

    fn plain(name: &'static str) -> Self {
        Self { id: ModelId::new(name), calls: AtomicUsize::new(0), away: false, held: None, waiting: Notify::new() }
    }

    fn held() -> Arc<Self> {
        Self::held_as("held")
    }

    pub(crate) fn held_as(name: &'static str) -> Arc<Self> {
        Arc::new(Self { held: Some(Semaphore::new(0)), ..Self::plain(name) })
    }

    /// Waits until somebody waits for a model that is held up.
    pub(crate) async fn is_asked(&self) {
        self.waiting.notified().await;
    }

    /// Lets one call go on.
    pub(crate) fn let_go(&self) {
        self.held.as_ref().unwrap().add_permits(1);
    }
}

#[async_trait]
impl Embedder for Dial {
    fn model(&self) -> &ModelId {
        &self.id
    }

    fn dimension(&self) -> usize {
        2
    }

    async fn embed(&self, texts: Vec<String>, _: Lane) -> Result<Vec<Vec<f32>>, EmbedError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        if let Some(held) = &self.held {
            self.waiting.notify_one();
            held.acquire().await.unwrap().forget();
        }
        if self.away {
            return Err(EmbedError::Unavailable { why: "the test says so", retry_after: None });
        }
        if texts.iter().any(|text| text.contains("poison")) {
            return Err(EmbedError::Rejected { status: 400 });
        }
        let vector = |text: &String| {
            let (sin, cos) = (text.len() as f32).sin_cos();
            vec![sin, cos]
        };
        Ok(texts.iter().map(vector).collect())
    }
}

pub(crate) fn parts(app: &App) -> SystemParts {
    SystemParts { store: app.store.clone(), clock: app.clock.clone(), chance: Arc::new(SystemChance) }
}

pub(crate) fn worker(app: &App, model: &Arc<Dial>, batch: i64) -> EmbeddingWorker {
    EmbeddingWorker::new(parts(app), model.clone(), WorkerOptions { batch, ..WorkerOptions::default() })
}

pub(crate) fn keeper(app: &App, model: &Arc<Dial>) -> ModelKeeper {
    ModelKeeper::new(parts(app), model.model(), true)
}

pub(crate) async fn nodes(caller: &Caller, texts: &[String]) -> Vec<String> {
    let batch: Vec<Value> = texts.iter().map(|text| json!({ "classes": ["T"], "props": { "text": text } })).collect();
    let made = caller.post("/nodes/batch", &json!({ "nodes": batch })).await.ok();
    made["results"].as_array().unwrap().iter().map(|result| result["id"].as_str().unwrap().to_owned()).collect()
}

pub(crate) fn texts(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("heron {}", "x".repeat(number % 50))).collect()
}

pub(crate) async fn number(client: &Client, sql: &str) -> i64 {
    client.query_one(sql, &[]).await.unwrap().get(0)
}

pub(crate) async fn vectors_of(client: &Client, model: &str) -> i64 {
    number(client, &format!("select count(*) from wardgraph.embeddings where model = '{model}'")).await
}

pub(crate) async fn status(caller: &Caller, id: &str) -> String {
    caller.get(&format!("/nodes/{id}")).await.ok()["embedding_status"].as_str().unwrap().to_owned()
}

pub(crate) async fn until_idle(worker: &EmbeddingWorker) {
    while worker.turn().await.unwrap() > 0 {}
}

/// As whoever changes a node's text does it, in one transaction.
pub(crate) async fn change(client: &Client, id: &str, text: &str) {
    client
        .batch_execute(&format!(
            "begin;
             update wardgraph.nodes set content = '{text}', version = version + 1, embedding_status = 'queued' where node_id = '{id}';
             insert into wardgraph.jobs (tenant_id, kind, subject_id, due_at)
             select tenant_id, 'embed', node_id, '2026-01-01' from wardgraph.nodes where node_id = '{id}'
             on conflict (tenant_id, kind, subject_id) do update set due_at = excluded.due_at, attempts = 0, dead = false, reworded = true;
             commit"
        ))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_long_queue_of_one_tenant_does_not_hold_up_another() {
    let app = App::start().await;
    let (large, small) = (app.owner("aaa-large"), app.owner("zzz-small"));
    for _ in 0..4 {
        nodes(&large, &texts(500)).await;
    }
    let late = nodes(&small, &texts(10)).await;
    let worker = worker(&app, &Dial::named("m"), 20);
    // Of each tenant the same share: ten and ten.
    assert_eq!(worker.turn().await.unwrap(), 20);
    for id in &late {
        assert_eq!(status(&small, id).await, "ready");
    }
    let client = app.database.behind_the_scenes().await;
    assert_eq!(number(&client, "select count(*) from wardgraph.embeddings where tenant_id = 'aaa-large'").await, 10);
    // Alone, a tenant gets all of it.
    assert_eq!(worker.turn().await.unwrap(), 20);
    let plan = client
        .query(
            "explain select tenant_id from wardgraph.jobs where kind = 'embed' and not dead and tenant_id > 'aaa' order by tenant_id limit 1",
            &[],
        )
        .await
        .unwrap();
    let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
    assert!(plan.iter().any(|line| line.contains("jobs_queue") || line.contains("jobs_pkey")), "{plan:?}");
}

#[tokio::test]
async fn tenants_take_turns_however_many_there_are() {
    let app = App::start().await;
    for number in 0..6 {
        nodes(&app.owner(&format!("tenant-{number}")), &texts(4)).await;
    }
    let worker = worker(&app, &Dial::named("m"), 3);
    let client = app.database.behind_the_scenes().await;
    // Three of six tenants have a turn first, then the other three: nobody a second one before everybody had one.
    for _ in 0..2 {
        assert_eq!(worker.turn().await.unwrap(), 3);
    }
    assert_eq!(number(&client, "select count(distinct tenant_id) from wardgraph.embeddings").await, 6);
    until_idle(&worker).await;
    assert_eq!(vectors_of(&client, "m").await, 24);
}

#[tokio::test]
async fn a_text_that_is_changed_while_it_is_embedded_is_embedded_anew() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let ids = nodes(&owner, &["old".to_owned()]).await;
    let client = app.database.behind_the_scenes().await;
    let (slow, second) = (Dial::held(), Dial::held());
    let late = worker(&app, &slow, 10);
    let late = tokio::spawn(async move { late.turn().await.unwrap() });
    slow.waiting.notified().await;
    change(&client, &ids[0], "a longer text").await;
    // The new claim counts one again, as the old one did: it is told from it all the same.
    let newer = worker(&app, &second, 10);
    let newer = tokio::spawn(async move { newer.turn().await.unwrap() });
    second.waiting.notified().await;
    slow.held.as_ref().unwrap().add_permits(1);
    late.await.unwrap();
    assert_eq!(
        (number(&client, "select count(*) from wardgraph.embeddings").await, status(&owner, &ids[0]).await),
        (0, "queued".into())
    );
    second.held.as_ref().unwrap().add_permits(1);
    newer.await.unwrap();
    assert_eq!(status(&owner, &ids[0]).await, "ready");
    let (sin, _) = 13_f32.sin_cos();
    let kept: String = client.query_one("select embedding::text from wardgraph.embeddings", &[]).await.unwrap().get(0);
    assert!(kept.starts_with(&format!("[{:.4}", sin)[..6]), "{kept} is not of the new text, {sin}");
}

#[tokio::test]
async fn claims_are_given_back_when_the_server_stops() {
    let app = App::start().await;
    nodes(&app.owner("tenant-a"), &texts(5)).await;
    nodes(&app.owner("tenant-b"), &texts(5)).await;
    let slow = Dial::held();
    let (stop, stopping) = watch::channel(false);
    let running = tokio::spawn(worker(&app, &slow, 10).run(stopping));
    slow.waiting.notified().await;
    stop.send(true).unwrap();
    tokio::time::timeout(Duration::from_secs(10), running).await.unwrap().unwrap();
    // Nobody waits for the lease.
    let quick = Dial::named("m");
    assert_eq!(worker(&app, &quick, 10).turn().await.unwrap(), 10);
    let client = app.database.behind_the_scenes().await;
    assert_eq!(vectors_of(&client, "m").await, 10);
}

#[tokio::test]
async fn what_ends_the_process_is_not_the_texts_fault() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let ids = nodes(&owner, &["poison".to_owned(), "good".to_owned(), "better".to_owned()]).await;
    let system = parts(&app);
    let lease = WorkerOptions::default().lease + Duration::from_secs(1);
    for _ in 0..MOST_FAULTS + 2 {
        let mut queue = system.queue().unwrap();
        let lost = embedding::claim(&mut queue.tx(), "", 10, app.clock.now(), lease, &SystemChance).await.unwrap();
        queue.commit(&[]).await.unwrap();
        assert_eq!(lost.jobs.len(), 3);
        app.clock.advance(lease * 8);
    }
    let model = Dial::named("m");
    let worker = worker(&app, &model, 10);
    const { assert!(MOST_FAULTS + 2 > SUSPICIOUS && MOST_FAULTS + 2 < MOST_CLAIMS) };
    assert_eq!(worker.turn().await.unwrap(), 3);
    assert_eq!(model.calls.load(Ordering::SeqCst), 3, "each by itself: one of them may be what ends the process");
    let owner = app.owner("tenant-a");
    assert_eq!(
        [status(&owner, &ids[0]).await, status(&owner, &ids[1]).await, status(&owner, &ids[2]).await],
        ["queued", "ready", "ready"],
        "one refusal is no reason to give up, whatever was lost before"
    );
}

#[tokio::test]
async fn a_model_that_is_away_is_asked_once_and_costs_no_text_anything() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let ids = nodes(&owner, &texts(20)).await;
    let away = Arc::new(Dial { away: true, ..Dial::plain("m") });
    for turn in 1..=MOST_CLAIMS as usize + 5 {
        assert_eq!(worker(&app, &away, 100).turn().await.unwrap(), 20);
        assert_eq!(away.calls.load(Ordering::SeqCst), turn, "not once for each text");
    }
    assert_eq!(worker(&app, &Dial::named("m"), 100).turn().await.unwrap(), 20);
    assert_eq!(status(&owner, &ids[19]).await, "ready");
    let told = owner.get(&format!("/nodes/{}/embeddings", ids[19])).await.ok();
    assert_eq!((&told["count"], &told["last_error"]), (&json!(1), &Value::Null));
}

/// The jobs that somebody holds, or that a claim which was not given back has left behind.
const LOST: &str = "select count(*) from wardgraph.jobs where claim <> 0 or attempts > 1 or due_at > '2027-01-01' or dead";

#[tokio::test]
async fn a_model_that_is_away_is_asked_for_one_tenant_and_all_others_claims_are_given_back() {
    let app = App::start().await;
    let tenants: Vec<String> = (0..12).map(|number| format!("tenant-{number:02}")).collect();
    for tenant in &tenants {
        nodes(&app.owner(tenant), &texts(2)).await;
    }
    let client = app.database.behind_the_scenes().await;
    let away = Arc::new(Dial { away: true, ..Dial::plain("m") });
    let its_worker = worker(&app, &away, 24);
    for turn in 1..=MOST_CLAIMS as usize + 5 {
        assert!(its_worker.turn().await.unwrap() > 1, "the next turn begins with the next tenant");
        assert_eq!(away.calls.load(Ordering::SeqCst), turn, "not once for each tenant");
        assert_eq!(number(&client, LOST).await, 0);
    }
    assert_eq!(worker(&app, &Dial::named("m"), 24).turn().await.unwrap(), 24);
    assert_eq!(vectors_of(&client, "m").await, 24);
}

#[tokio::test]
async fn a_model_that_hangs_loses_no_claim_and_no_tenant_is_always_the_last() {
    let app = App::start().await;
    let tenants = ["tenant-a", "tenant-b", "tenant-c"];
    for tenant in tenants {
        nodes(&app.owner(tenant), &texts(1)).await;
    }
    let client = app.database.behind_the_scenes().await;
    let slow = Dial::held();
    let options = WorkerOptions { batch: 30, work: Duration::from_secs(2), ..WorkerOptions::default() };
    let its_worker = EmbeddingWorker::new(parts(&app), slow.clone(), options);
    for turn in 1..=2 {
        assert!(its_worker.turn().await.unwrap() > 0);
        assert_eq!((slow.calls.load(Ordering::SeqCst), number(&client, LOST).await), (turn, 0));
    }
    // Two tenants had their turn in vain: now it is the third's.
    slow.held.as_ref().unwrap().add_permits(1);
    its_worker.turn().await.unwrap();
    let kept: String = client.query_one("select tenant_id from wardgraph.embeddings", &[]).await.unwrap().get(0);
    assert_eq!(kept, "tenant-c");
}

#[tokio::test]
async fn a_nodes_embeddings_are_told_with_drift_and_failures() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let ids = nodes(&owner, &["heron".to_owned(), "poison".to_owned()]).await;
    let client = app.database.behind_the_scenes().await;
    let path = |id: &str| format!("/nodes/{id}/embeddings");
    let none = owner.get(&path(&ids[0])).await.ok();
    assert_eq!((&none["status"], &none["count"], &none["embeddings"]), (&json!("queued"), &json!(0), &json!([])));
    let worker = worker(&app, &Dial::named("m"), 10);
    until_idle(&worker).await;
    for text in ["herons", "the heron nest", "poison", "nest"] {
        app.clock.advance(Duration::from_secs(60));
        change(&client, &ids[0], text).await;
        until_idle(&worker).await;
    }
    let told = owner.get(&path(&ids[0])).await.ok();
    assert_eq!((&told["status"], &told["last_error"], &told["node_id"]), (&json!("ready"), &Value::Null, &json!(ids[0])));
    let entries = told["embeddings"].as_array().unwrap();
    let statuses: Vec<&str> = entries.iter().map(|entry| entry["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["ready", "failed", "ready", "ready", "ready"]);
    assert_eq!(entries[1]["error"], json!("the embedding service refused the text with status 400"));
    assert!(entries[4]["drift_score"].is_null(), "a first vector drifts from nothing");
    let newest = owner.get(&format!("{}?limit=2", path(&ids[0]))).await.ok();
    assert_eq!((&newest["count"], newest["embeddings"].as_array().unwrap().as_slice()), (&json!(2), &entries[..2]));
    for refused in ["0", "101"] {
        owner.get(&format!("{}?limit={refused}", path(&ids[0]))).await.problem(422);
    }
    // The vectors turn by one radian for each character.
    for (entry, characters) in [(&entries[3], 1.0_f64), (&entries[2], 8.0), (&entries[0], 10.0)] {
        let drift = entry["drift_score"].as_f64().unwrap();
        assert!((drift - (1.0 - characters.cos())).abs() < 1e-4, "{entry} for {characters} characters");
        assert_eq!(entry["model"], "m");
    }
    let poisoned = owner.get(&path(&ids[1])).await.ok();
    assert_eq!(poisoned["last_error"], json!("the embedding service refused the text with status 400"));
    assert!(!poisoned.to_string().contains("poison"), "the text is not told");
    assert_eq!(app.owner("tenant-b").get(&path(&ids[0])).await.status, 404);
    assert_eq!(app.caller("tenant-a", &["events:read"]).get(&path(&ids[0])).await.status, 403);
}

#[tokio::test]
async fn a_nodes_history_keeps_the_newest_hundred() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let ids = nodes(&owner, &["heron".to_owned()]).await;
    let client = app.database.behind_the_scenes().await;
    client
        .batch_execute(&format!(
            "insert into wardgraph.embedding_history (tenant_id, node_id, entry_id, model, embedded_at)
             select 'tenant-a', '{}', ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'old', '2025-01-01' from generate_series(1, 120) n",
            ids[0]
        ))
        .await
        .unwrap();
    until_idle(&worker(&app, &Dial::named("m"), 10)).await;
    assert_eq!(number(&client, "select count(*) from wardgraph.embedding_history").await, 100);
    let told = owner.get(&format!("/nodes/{}/embeddings", ids[0])).await.ok();
    assert_eq!((&told["count"], &told["embeddings"][0]["model"]), (&json!(100), &json!("m")));
}

#[tokio::test]
async fn a_tenant_whose_queue_is_full_is_told_to_wait_and_no_other_is() {
    let app = App::start().await;
    let (eager, other) = (app.owner("tenant-a"), app.owner("tenant-b"));
    nodes(&eager, &texts(4)).await;
    nodes(&other, &texts(4)).await;
    eager.post("/nodes", &json!({ "classes": ["T"], "props": { "text": "named" }, "external_id": "named" })).await.created();
    let path = format!("/nodes/{}", eager.get("/nodes").await.ok()["nodes"][0]["id"].as_str().unwrap());
    let body = json!({ "classes": ["T"], "props": { "text": "other" } });
    let model = Dial::named("m");
    let keeper = keeper(&app, &model).with_backlog(app.backlog.clone(), 5);
    keeper.turn().await.unwrap();
    let refused = eager.post("/nodes", &json!({ "classes": ["T"], "props": { "text": "more" } })).await;
    assert_eq!((refused.status.as_u16(), refused.headers["retry-after"].to_str().unwrap()), (429, "30"));
    let with_text = json!({ "classes": ["T"], "props": { "text": "more" } });
    let without = json!({ "classes": ["T"], "props": { "n": 1 } });
    assert_eq!(eager.post("/nodes/batch", &json!({ "nodes": [without, with_text] })).await.status, 429);
    for reply in [eager.patch(&path, &json!({ "props": { "text": "other" } })).await, eager.put(&path, &body).await] {
        assert_eq!(reply.status, 429, "what changes a text makes work too: {}", reply.text);
    }
    assert_eq!(eager.get(&path).await.ok()["version"], 1, "nothing was written");
    // What queues nothing waits for nobody.
    eager.patch(&path, &json!({ "metadata": { "source": "atlas" } })).await.ok();
    let now = eager.get(&path).await.ok();
    eager.put(&path, &json!({ "classes": ["U"], "props": now["props"] })).await.ok();
    eager.post(&format!("{path}/restore"), &json!({ "version": 1 })).await.ok();
    assert_eq!(eager.post("/nodes/batch", &json!({ "nodes": [without] })).await.ok()["created"], 1);
    let named = |text: &str| json!({ "classes": ["T"], "props": { "text": text }, "external_id": "named" });
    let (same, other_text) = (named("named"), named("another"));
    assert_eq!(eager.post("/nodes?on_conflict=update", &other_text).await.status, 429);
    assert_eq!(eager.post("/nodes/batch?on_conflict=update", &json!({ "nodes": [same, without, with_text] })).await.status, 429);
    for conflict in ["update", "ignore"] {
        assert_eq!(eager.post(&format!("/nodes?on_conflict={conflict}"), &same).await.ok()["version"], 1);
        let batch = json!({ "nodes": [same, without] });
        let answer = eager.post(&format!("/nodes/batch?on_conflict={conflict}"), &batch).await.ok();
        assert_eq!((&answer["created"], &answer["failed"]), (&json!(1), &json!(0)), "{answer}");
    }
    assert_eq!(eager.post("/nodes?on_conflict=ignore", &other_text).await.ok()["props"], same["props"]);
    let relabelled = json!({ "classes": ["U"], "props": same["props"], "external_id": "named" });
    assert_eq!(eager.post("/nodes?on_conflict=update", &relabelled).await.ok()["version"], 2);
    let wordless = eager.post("/nodes", &without).await.created();
    let wordless = format!("/nodes/{}", wordless["id"].as_str().unwrap());
    assert_eq!(eager.delete(&wordless).await.status, 204);
    eager.post(&format!("{wordless}/restore"), &json!({})).await.ok();
    // A deleted node with a text needs its vector again: it stays deleted until there is room.
    assert_eq!(eager.delete(&path).await.status, 204);
    assert_eq!(eager.post(&format!("{path}/restore"), &json!({})).await.status, 429);
    assert_eq!(eager.get(&path).await.status, 404);
    nodes(&other, &texts(1)).await;
    until_idle(&worker(&app, &model, 100)).await;
    keeper.turn().await.unwrap();
    nodes(&eager, &texts(1)).await;
    eager.post(&format!("{path}/restore"), &json!({})).await.ok();
    eager.patch(&path, &json!({ "props": { "text": "other" } })).await.ok();
}
