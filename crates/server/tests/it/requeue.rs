//! Nodes that the worker gave up on, asked for again: by whoever may, once each, and nobody else's.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use futures_util::future::join_all;
use serde_json::{Value, json};
use wardgraph_embed::{EmbedError, Embedder, Lane, ModelId};
use wardgraph_graph::embedding::MOST_FAULTS;
use wardgraph_kernel::Clock;
use wardgraph_testkit::{App, Caller};
use wardgraph_worker::{EmbeddingWorker, WorkerOptions};

use crate::{
    embedding::{Dial, keeper, nodes, number, parts, status, until_idle, vectors_of, worker},
    plans::pages_touched,
};

const REQUEUE: &str = "/admin/embedding/requeue";
const STATE: &str = "/admin/embedding/status";
const OF_SHARED: &str = "/api/v1/shared/embedding";

static MODEL: ModelId = ModelId::new("mendable");

/// A service before which a filter refuses `poison`, until somebody mends it.
#[derive(Debug)]
struct Mendable {
    refuses: AtomicBool,
}

impl Mendable {
    fn new() -> Arc<Self> {
        Arc::new(Self { refuses: AtomicBool::new(true) })
    }

    fn is_mended(&self) {
        self.refuses.store(false, Ordering::SeqCst);
    }

    fn worker(self: &Arc<Self>, app: &App) -> EmbeddingWorker {
        EmbeddingWorker::new(parts(app), self.clone(), WorkerOptions::default())
    }
}

#[async_trait]
impl Embedder for Mendable {
    fn model(&self) -> &ModelId {
        &MODEL
    }

    fn dimension(&self) -> usize {
        2
    }

    async fn embed(&self, texts: Vec<String>, _: Lane) -> Result<Vec<Vec<f32>>, EmbedError> {
        if self.refuses.load(Ordering::SeqCst) && texts.iter().any(|text| text.contains("poison")) {
            return Err(EmbedError::Rejected { status: 400 });
        }
        Ok(texts.iter().map(|_| vec![0.6, 0.8]).collect())
    }
}

/// Works until what is refused is given up. Tokens of before are over then.
async fn give_up(app: &App, worker: &EmbeddingWorker) {
    for _ in 0..MOST_FAULTS {
        until_idle(worker).await;
        app.clock.advance(Duration::from_secs(601));
    }
}

/// Nodes of a tenant that were given up, as the worker leaves them.
async fn plant(app: &App, tenant: &str, count: usize) {
    let sql = format!(
        "insert into wardgraph.nodes (tenant_id, node_id, classes, props, metadata, refresh_policy, triggers, content, embedding_status, created_at, updated_at)
         select '{tenant}', gen_random_uuid(), '{{A}}', '{{}}', '{{}}', '{{}}', '[]', 'heron ' || n, 'failed', now(), now() from generate_series(1, {count}) n;
         insert into wardgraph.jobs (tenant_id, kind, subject_id, due_at, attempts, faults, dead)
         select tenant_id, 'embed', node_id, '2026-01-01', 1, 6, true from wardgraph.nodes where tenant_id = '{tenant}' and embedding_status = 'failed'"
    );
    app.database.behind_the_scenes().await.batch_execute(&sql).await.unwrap();
}

async fn requeue(caller: &Caller, body: &Value) -> Value {
    caller.post(REQUEUE, body).await.ok()
}

fn told(requested: usize, enqueued: usize) -> Value {
    json!({ "requested": requested, "enqueued": enqueued })
}

async fn events(caller: &Caller, kind: &str) -> Vec<Value> {
    let events = caller.get(&format!("/events?event_type={kind}&limit=1000")).await.ok();
    events["events"].as_array().unwrap().clone()
}

#[tokio::test]
async fn what_is_deleted_during_its_last_try_is_not_given_up() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let ids = nodes(&owner, &["poison".to_owned()]).await;
    let client = app.database.behind_the_scenes().await;
    client.execute("update wardgraph.jobs set attempts = 1, faults = $1", &[&(MOST_FAULTS - 1)]).await.unwrap();
    let model = Dial::held_as("held");
    let last = worker(&app, &model, 10);
    let trying = tokio::spawn(async move { last.turn().await.unwrap() });
    model.is_asked().await;
    assert_eq!(owner.delete(&format!("/nodes/{}", ids[0])).await.status, 204);
    model.let_go();
    trying.await.unwrap();
    assert_eq!(number(&client, "select count(*) from wardgraph.jobs where dead").await, 0);
    assert_eq!(owner.get(STATE).await.ok()["status_counts"]["failed"], 0);
}

#[tokio::test]
async fn of_those_that_are_named_the_limit_counts_the_ones_that_failed() {
    let app = App::start().await;
    let ids = nodes(&app.owner("tenant-a"), &["heron".to_owned(), "poison".to_owned()]).await;
    let service = Mendable::new();
    give_up(&app, &service.worker(&app)).await;
    let owner = app.owner("tenant-a");
    assert_eq!(requeue(&owner, &json!({ "node_ids": ids, "limit": 1 })).await, told(1, 1));
    assert_eq!(status(&owner, &ids[1]).await, "queued");
}

#[tokio::test]
async fn what_was_given_up_is_asked_for_again_and_gets_its_vector_once_the_service_is_mended() {
    let app = App::start().await;
    let ids = nodes(&app.owner("tenant-a"), &["poison".to_owned(), "heron".to_owned()]).await;
    let client = app.database.behind_the_scenes().await;
    let waiting = app.owner("tenant-a").get(STATE).await.ok();
    let counts = json!({ "none": 0, "queued": 2, "ready": 0, "failed": 0 });
    assert_eq!((&waiting["status_counts"], &waiting["oldest_waiting"]), (&counts, &json!(app.clock.now())));
    let service = Mendable::new();
    let worker = service.worker(&app);
    give_up(&app, &worker).await;

    let owner = app.owner("tenant-a");
    assert_eq!(status(&owner, &ids[0]).await, "failed");
    let expected = |counts: Value, queue: Value, oldest: Value| json!({ "tenant_id": "tenant-a", "status_counts": counts, "queue": queue, "oldest_waiting": oldest });
    let failed = expected(
        json!({ "none": 0, "queued": 0, "ready": 1, "failed": 1 }),
        json!({ "queue": 0, "retry": 0, "dlq": 1 }),
        Value::Null,
    );
    assert_eq!(owner.get(STATE).await.ok(), failed);
    assert_eq!(requeue(&owner, &json!({ "status": "failed" })).await, told(1, 1));
    assert_eq!(status(&owner, &ids[0]).await, "queued");
    let queued = expected(
        json!({ "none": 0, "queued": 1, "ready": 1, "failed": 0 }),
        json!({ "queue": 1, "retry": 0, "dlq": 0 }),
        json!(app.clock.now()),
    );
    assert_eq!(owner.get(STATE).await.ok(), queued);
    // Asked for twice, it waits once; and what waits, or is there, is not asked for.
    assert_eq!(requeue(&owner, &json!({})).await, told(0, 0));
    assert_eq!(requeue(&owner, &json!({ "node_ids": ids })).await, told(2, 0));

    // Nothing of before is held against it: it is refused once, and tried again later.
    until_idle(&worker).await;
    assert_eq!(number(&client, "select faults::bigint from wardgraph.jobs where not dead").await, 1);
    let later = owner.get(STATE).await.ok();
    assert_eq!((&later["queue"]["retry"], &later["oldest_waiting"]), (&json!(1), &Value::Null), "{later}");
    service.is_mended();
    app.clock.advance(Duration::from_secs(6));
    until_idle(&worker).await;
    assert_eq!(status(&owner, &ids[0]).await, "ready");
    assert_eq!(vectors_of(&client, "mendable").await, 2);
    assert_eq!(owner.get(&format!("/nodes/{}/embeddings", ids[0])).await.ok()["last_error"], Value::Null);

    let left = events(&owner, "node.requeued").await;
    assert_eq!(left.len(), 1, "{left:?}");
    let payload = json!({ "before": { "embedding_status": "failed" }, "after": { "embedding_status": "queued" } });
    assert_eq!((&left[0]["subject"], &left[0]["payload"], &left[0]["category"]), (&json!(ids[0]), &payload, &json!("graph")));
    assert_eq!(left[0]["actor_id"], "user-of-tenant-a");
}

#[tokio::test]
async fn nobody_asks_for_anothers_nodes_and_nobody_without_leave_for_any() {
    let app = App::start().await;
    let service = Mendable::new();
    let ids = nodes(&app.owner("tenant-a"), &["poison".to_owned()]).await;
    let body = json!({ "classes": ["A"], "props": { "text": "poison for everyone" } });
    let shared = app.owner("operations").post("/api/v1/shared/nodes", &body).await.created()["id"].clone();
    give_up(&app, &service.worker(&app)).await;
    let rows = async || {
        let content = app.database.content_of("tenant-a").await;
        ["nodes", "jobs", "embedding_history"].map(|table| content[table].clone())
    };
    let before = rows().await;

    let (state, requeue_shared) = (format!("{OF_SHARED}/status"), format!("{OF_SHARED}/requeue"));
    let all = json!({});
    for path in [STATE, &state] {
        app.stranger().get(path).await.asks_for_a_credential();
    }
    for path in [REQUEUE, &requeue_shared] {
        app.stranger().post(path, &all).await.asks_for_a_credential();
    }
    let words: Vec<&str> = wardgraph_kernel::Permission::ALL
        .iter()
        .map(|permission| permission.word())
        .filter(|word| *word != "admin:refresh")
        .collect();
    for low in [app.operator("tenant-a", &words), app.caller("tenant-a", &["kg:write", "events:read"])] {
        for refused in [low.get(STATE).await, low.post(REQUEUE, &all).await, low.post(REQUEUE, &json!({ "node_ids": ids })).await]
        {
            let problem = refused.problem(403);
            assert!(problem["detail"].as_str().unwrap().contains("admin:refresh"), "{problem}");
        }
    }
    // Another tenant's node, a shared one and one that there is not are all the same to whoever may.
    let neighbour = app.caller("tenant-b", &["admin:refresh"]);
    assert_eq!(requeue(&neighbour, &all).await, told(0, 0));
    for id in [json!(ids[0]), shared.clone(), json!("01900000-0000-7000-8000-00000000000f")] {
        assert_eq!(requeue(&neighbour, &json!({ "node_ids": [id] })).await, told(1, 0));
        assert_eq!(requeue(&neighbour, &json!({ "node_ids": [id], "tenant_id": "tenant-a" })).await, told(1, 0));
    }
    let seen = neighbour.get(STATE).await.ok();
    assert_eq!(
        (&seen["tenant_id"], &seen["queue"]["dlq"], &seen["status_counts"]["failed"]),
        (&json!("tenant-b"), &json!(0), &json!(0))
    );
    // Nor do those who may write everyone's nodes reach a tenant's by that.
    let administrator = app.operator("operations", &["shared:write", "events:read"]);
    administrator.get(STATE).await.problem(403);
    administrator.post(REQUEUE, &all).await.problem(403);
    let answer = administrator.post(&requeue_shared, &json!({ "node_ids": ids })).await.ok();
    assert_eq!(answer, told(1, 0));
    assert_eq!(rows().await, before);

    let seen = administrator.get(&state).await.ok();
    assert_eq!((&seen["tenant_id"], &seen["queue"]["dlq"]), (&Value::Null, &json!(1)));
    assert_eq!(administrator.post(&requeue_shared, &json!({ "node_ids": [shared] })).await.ok(), told(1, 1));
    assert_eq!(administrator.post(&requeue_shared, &all).await.ok(), told(0, 0));
    let left = events(&administrator, "shared_node.requeued").await;
    assert_eq!((left.len(), &left[0]["subject"], &left[0]["category"]), (1, &shared, &json!("admin")));
    service.is_mended();
    until_idle(&service.worker(&app)).await;
    assert_eq!(status(&app.owner("tenant-b"), shared.as_str().unwrap()).await, "ready");
    assert_eq!(status(&app.owner("tenant-a"), &ids[0]).await, "failed", "that one was not asked for");
}

#[tokio::test]
async fn what_is_embedded_just_now_is_not_doubled() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let ids = nodes(&owner, &["heron".to_owned()]).await;
    let slow = Dial::held_as("m");
    let its_worker = worker(&app, &slow, 10);
    let working = tokio::spawn(async move { its_worker.turn().await.unwrap() });
    slow.is_asked().await;
    for body in [json!({}), json!({ "node_ids": ids })] {
        assert_eq!(requeue(&owner, &body).await["enqueued"], 0);
    }
    let state = owner.get(STATE).await.ok();
    assert_eq!((&state["queue"], &state["oldest_waiting"]), (&json!({ "queue": 0, "retry": 1, "dlq": 0 }), &Value::Null));
    assert_eq!(worker(&app, &Dial::named("m"), 10).turn().await.unwrap(), 0, "it is the first one's");
    slow.let_go();
    assert_eq!(working.await.unwrap(), 1);
    assert_eq!(owner.get(&format!("/nodes/{}/embeddings", ids[0])).await.ok()["count"], 1);
    assert_eq!(owner.get(STATE).await.ok()["status_counts"], json!({ "none": 0, "queued": 0, "ready": 1, "failed": 0 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_ask_at_once_while_the_worker_works_queue_each_node_once() {
    const NODES: usize = 300;
    let app = App::start().await;
    plant(&app, "tenant-a", NODES).await;
    let owner = app.owner("tenant-a");
    let model = Dial::named("m");
    let busy = worker(&app, &model, 16);
    let asking = join_all((0..6).map(async |n: usize| {
        let mut enqueued = 0;
        for _ in 0..4 {
            enqueued += requeue(&owner, &json!({ "limit": 40 + 20 * n })).await["enqueued"].as_u64().unwrap();
            busy.turn().await.unwrap();
        }
        enqueued
    }));
    let counted: u64 = asking.await.into_iter().sum();
    let rest = requeue(&owner, &json!({})).await["enqueued"].as_u64().unwrap();
    assert_eq!(usize::try_from(counted + rest).unwrap(), NODES);
    until_idle(&busy).await;
    let client = app.database.behind_the_scenes().await;
    let events = "select count(*) from wardgraph.events where type = 'node.requeued'";
    let subjects = "select count(distinct subject) from wardgraph.events where type = 'node.requeued'";
    let tries = "select count(*) from wardgraph.embedding_history";
    let all = i64::try_from(NODES).unwrap();
    for sql in [events, subjects, tries] {
        assert_eq!(number(&client, sql).await, all, "{sql}");
    }
    assert_eq!((vectors_of(&client, "m").await, number(&client, "select count(*) from wardgraph.jobs").await), (all, 0));
}

#[tokio::test]
async fn one_that_is_changed_meanwhile_is_waited_for_and_queued_once() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let ids = nodes(&owner, &["poison".to_owned()]).await;
    let client = app.database.behind_the_scenes().await;
    let give_up =
        "update wardgraph.nodes set embedding_status = 'failed'; update wardgraph.jobs set dead = true, attempts = 1, faults = 6";
    client.batch_execute(give_up).await.unwrap();
    // As whoever changes its text does it.
    let changing = app.database.behind_the_scenes().await;
    changing
        .batch_execute(
            "begin; update wardgraph.nodes set content = 'heron', embedding_status = 'queued';
             update wardgraph.jobs set due_at = '2026-01-01', attempts = 0, dead = false, reworded = true",
        )
        .await
        .unwrap();
    let waits = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    let commit = async {
        while number(&client, waits).await == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        changing.batch_execute("commit").await.unwrap();
    };
    let all = json!({});
    let both = async { tokio::join!(requeue(&owner, &all), commit) };
    let (answer, ()) = tokio::time::timeout(Duration::from_secs(30), both).await.expect("it waits for the change");
    assert_eq!(answer["enqueued"], 0, "it is queued by its change");
    assert!(events(&owner, "node.requeued").await.is_empty());
    until_idle(&worker(&app, &Dial::named("m"), 10)).await;
    assert_eq!(status(&owner, &ids[0]).await, "ready");
}

#[tokio::test]
async fn a_bounded_number_is_queued_at_once_and_what_is_asked_is_checked() {
    let app = App::start().await;
    plant(&app, "tenant-a", 2_150).await;
    let owner = app.owner("tenant-a");
    for (body, status) in [
        (json!({ "limit": 0 }), 422),
        (json!({ "limit": 2_001 }), 422),
        (json!({ "limit": -1 }), 422),
        (json!({ "node_ids": [] }), 422),
        (json!({ "node_ids": vec!["01900000-0000-7000-8000-00000000000f"; 2_001] }), 422),
        (json!({ "status": "ready" }), 422),
        (json!({ "only_missing_embedding": true }), 422),
        (json!({ "status": "all" }), 400),
        (json!({ "node_ids": ["no id"] }), 400),
        (json!({ "everything": true }), 400),
    ] {
        owner.post(REQUEUE, &body).await.problem(status);
    }
    assert_eq!(owner.get(STATE).await.ok()["queue"]["dlq"], 2_150);
    // As the one who asked the replaced system would.
    let asked = json!({ "tenant_id": "tenant-b", "status": "failed", "only_missing_embedding": false, "backfill_ready": true, "limit": 50 });
    assert_eq!(requeue(&owner, &asked).await, told(50, 50));
    assert_eq!(events(&owner, "tenant.claim_ignored").await.len(), 1);
    let without_a_body = wardgraph_testkit::Reply::of(owner.request("POST", REQUEUE)).await.ok();
    assert_eq!(without_a_body, told(2_000, 2_000));
    assert_eq!(requeue(&owner, &json!({})).await, told(100, 100));
    assert_eq!(requeue(&owner, &json!({})).await, told(0, 0));
    let client = app.database.behind_the_scenes().await;
    assert_eq!(number(&client, "select count(*) from wardgraph.events where type = 'node.requeued'").await, 2_150);
}

#[tokio::test]
async fn a_full_queue_takes_nothing_that_was_given_up() {
    let app = App::start().await;
    plant(&app, "tenant-a", 3).await;
    let owner = app.owner("tenant-a");
    let texts: Vec<String> = (0..5).map(|n| format!("heron {n}")).collect();
    nodes(&owner, &texts).await;
    let model = Dial::named("m");
    let keeper = keeper(&app, &model).with_backlog(app.backlog.clone(), 5);
    keeper.turn().await.unwrap();
    let refused = owner.post(REQUEUE, &json!({})).await;
    assert_eq!((refused.status.as_u16(), refused.headers["retry-after"].to_str().unwrap()), (429, "30"));
    let state = owner.get(STATE).await.ok();
    assert_eq!(state["status_counts"], json!({ "none": 0, "queued": 5, "ready": 0, "failed": 3 }), "nothing was queued");
    plant(&app, "tenant-b", 3).await;
    assert_eq!(requeue(&app.owner("tenant-b"), &json!({})).await, told(3, 3), "its own queue is empty");
    until_idle(&worker(&app, &model, 100)).await;
    keeper.turn().await.unwrap();
    assert_eq!(requeue(&owner, &json!({})).await, told(3, 3));
}

#[tokio::test]
async fn what_was_given_up_goes_with_its_node_and_comes_back_as_any() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let ids = nodes(&owner, &["poison".to_owned(), "heron".to_owned()]).await;
    let client = app.database.behind_the_scenes().await;
    let give_up =
        "update wardgraph.nodes set embedding_status = 'failed'; update wardgraph.jobs set dead = true, attempts = 1, faults = 6";
    client.batch_execute(give_up).await.unwrap();
    let path = format!("/nodes/{}", ids[0]);
    assert_eq!(owner.delete(&path).await.status, 204);
    assert_eq!(owner.get(STATE).await.ok()["status_counts"]["failed"], 1);
    assert_eq!(requeue(&owner, &json!({})).await, told(1, 1));
    owner.post(&format!("{path}/restore"), &json!({})).await.ok();
    assert_eq!((status(&owner, &ids[0]).await, status(&owner, &ids[1]).await), ("queued".into(), "queued".into()));
    // A job of nobody, from when they stayed behind: nobody is queued for it, and it is gone.
    let nobodys = "insert into wardgraph.jobs (tenant_id, kind, subject_id, due_at, attempts, dead)
                   values ('tenant-a', 'embed', '00000000-0000-7000-8000-000000000001', now(), 1, true)";
    client.batch_execute(nobodys).await.unwrap();
    assert_eq!(requeue(&owner, &json!({ "limit": 1 })).await, told(1, 0));
    assert_eq!(requeue(&owner, &json!({ "limit": 1 })).await, told(0, 0));
    assert_eq!(number(&client, "select count(*) from wardgraph.jobs where dead").await, 0);
    assert_eq!(number(&client, "select count(*) from wardgraph.jobs where kind = 'embed'").await, 2);
}

#[tokio::test]
async fn looking_at_the_queue_reads_neither_others_nor_a_large_tenants_nodes() {
    let app = App::start().await;
    let client = app.database.behind_the_scenes().await;
    plant(&app, "tenant-a", 20).await;
    plant(&app, "tenant-b", 20_000).await;
    client.batch_execute("analyze wardgraph.jobs, wardgraph.nodes").await.unwrap();
    let values = "'tenant-a', now(), 100000, 10000";
    for pages in pages_touched(&app, "graph.embedding.state", values).await {
        assert!(pages < 200, "{pages} pages");
    }
    for pages in pages_touched(&app, "graph.embedding.requeue", "'tenant-a', now(), 5").await {
        assert!(pages < 400, "{pages} pages");
    }
    // Of more nodes than are read it is not told how many are ready; what failed is.
    let more = "insert into wardgraph.nodes (tenant_id, node_id, classes, props, metadata, refresh_policy, triggers, embedding_status, created_at, updated_at)
                select 'tenant-a', gen_random_uuid(), '{A}', '{}', '{}', '{}', '[]', 'none', now(), now() from generate_series(1, 9980)";
    client.batch_execute(more).await.unwrap();
    let owner = app.owner("tenant-a");
    let counts = owner.get(STATE).await.ok()["status_counts"].clone();
    assert_eq!((&counts["none"], &counts["ready"], &counts["failed"]), (&json!(9_980), &json!(0), &json!(10)));
    owner.create_node("one too many").await.created();
    let counts = owner.get(STATE).await.ok()["status_counts"].clone();
    assert_eq!(counts, json!({ "none": null, "queued": 11, "ready": null, "failed": 10 }));
}
