//! Claims of the embedding queue: short, renewed by whoever works them and by nobody else, and never what was lost.

use std::{sync::atomic::Ordering, time::Duration};

use tokio::time::sleep;
use wardgraph_graph::embedding::{self, Claim};
use wardgraph_kernel::{Clock, SystemChance, TenantId, Write};
use wardgraph_testkit::App;
use wardgraph_worker::{EmbeddingWorker, WorkerOptions};

use crate::embedding::{Dial, change, nodes, number, parts, texts, vectors_of, worker};

/// Claims whatever is due, and does nothing with it.
async fn claim(app: &App, lease: Duration) -> Vec<Claim> {
    let mut queue = parts(app).queue().unwrap();
    let found = embedding::claim(&mut queue.tx::<Write>(), "", 10, app.clock.now(), lease, &SystemChance).await.unwrap();
    queue.commit(&[]).await.unwrap();
    found.jobs
}

async fn renew(app: &App, claims: &[Claim], lease: Duration) -> usize {
    let mut queue = parts(app).queue().unwrap();
    let renewed = embedding::renew(&mut queue.tx::<Write>(), claims, app.clock.now(), lease).await.unwrap();
    queue.commit(&[]).await.unwrap();
    renewed
}

#[tokio::test]
async fn what_a_killed_worker_claimed_is_due_again_after_half_a_minute() {
    let app = App::start().await;
    for tenant in ["tenant-a", "tenant-b"] {
        nodes(&app.owner(tenant), &texts(5)).await;
    }
    let slow = Dial::held_as("m");
    let killed = worker(&app, &slow, 10);
    let killed = tokio::spawn(async move { killed.turn().await });
    slow.is_asked().await;
    killed.abort();
    assert!(killed.await.unwrap_err().is_cancelled());
    let next = worker(&app, &Dial::named("m"), 10);
    assert_eq!(next.turn().await.unwrap(), 0, "nobody knows yet that it is dead");
    app.clock.advance(Duration::from_secs(31));
    assert_eq!(next.turn().await.unwrap(), 10);
    assert_eq!(vectors_of(&app.database.behind_the_scenes().await, "m").await, 10);
}

#[tokio::test]
async fn a_worker_that_lives_loses_no_claim_however_long_its_model_takes() {
    let app = App::start().await;
    for tenant in ["tenant-a", "tenant-b"] {
        nodes(&app.owner(tenant), &texts(3)).await;
    }
    let client = app.database.behind_the_scenes().await;
    let slow = Dial::held_as("m");
    let lease = Duration::from_millis(900);
    let patient = EmbeddingWorker::new(parts(&app), slow.clone(), WorkerOptions { batch: 10, lease, ..WorkerOptions::default() });
    let patient = tokio::spawn(async move { patient.turn().await.unwrap() });
    slow.is_asked().await;
    let model = Dial::named("m");
    let rival = worker(&app, &model, 10);
    // Three times as long as a claim holds by itself.
    for round in 0..5 {
        app.clock.advance(lease * 2 / 3);
        let held = format!("select count(*) from wardgraph.jobs where due_at > '{}'", app.clock.now() + lease * 2 / 3);
        let renewed = async {
            while number(&client, &held).await < 6 {
                sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), renewed).await.unwrap_or_else(|_| panic!("not renewed in round {round}"));
        assert_eq!(rival.turn().await.unwrap(), 0, "round {round}");
    }
    slow.let_go();
    slow.let_go();
    assert_eq!(patient.await.unwrap(), 6);
    assert_eq!((vectors_of(&client, "m").await, model.calls.load(Ordering::SeqCst)), (6, 0));
    assert_eq!(number(&client, "select count(*) from wardgraph.jobs").await, 0);
}

#[tokio::test]
async fn a_worker_that_hangs_does_not_hold_its_claims_for_ever() {
    let app = App::start().await;
    nodes(&app.owner("tenant-a"), &texts(2)).await;
    let client = app.database.behind_the_scenes().await;
    client.batch_execute("begin; select from wardgraph.nodes for update").await.unwrap();
    let brief = Duration::from_millis(300);
    let options = WorkerOptions { batch: 10, lease: brief, work: brief, ..WorkerOptions::default() };
    let hanging = EmbeddingWorker::new(parts(&app), Dial::named("m"), options);
    let hanging = tokio::spawn(async move { hanging.turn().await });
    let claimed = async {
        while number(&client, "select count(*) from wardgraph.jobs where claim <> 0").await < 2 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(3), claimed).await.unwrap();
    let mut taken = Vec::new();
    for _ in 0..10 {
        app.clock.advance(brief);
        // Time enough for whoever renews.
        sleep(brief).await;
        taken = claim(&app, Duration::from_secs(60)).await;
        if !taken.is_empty() {
            break;
        }
    }
    assert_eq!(taken.len(), 2, "they are renewed for ever");
    client.batch_execute("commit").await.unwrap();
    // Whether it met the database's patience or the lost claims first.
    let _ = hanging.await.unwrap();
    assert_eq!(vectors_of(&client, "m").await, 0, "they are another's by now");
}

#[tokio::test]
async fn only_what_is_still_held_is_renewed_and_nobody_is_waited_for() {
    let app = App::start().await;
    let ids = nodes(&app.owner("tenant-a"), &texts(5)).await;
    let client = app.database.behind_the_scenes().await;
    let (short, long) = (Duration::from_secs(10), Duration::from_secs(60));
    let claims = claim(&app, short).await;
    let of = |id: &str| claims.iter().find(|claim| claim.node.to_string() == id).cloned().unwrap();
    // One is another's by now, of one the text has changed, one was given back, and one is gone.
    change(&client, &ids[1], "another text").await;
    let another = claim(&app, short).await;
    assert_eq!((another.len(), another[0].attempt), (1, of(&ids[1]).attempt), "told from the old one by its number alone");
    change(&client, &ids[0], "changed").await;
    let mut work = parts(&app).work::<Write>("test", TenantId::parse("tenant-a").unwrap()).unwrap();
    assert_eq!(embedding::release(&mut work.tx(), &[of(&ids[2])], app.clock.now() + short).await.unwrap(), 1);
    embedding::drop_jobs(&mut work.tx(), &[of(&ids[3])]).await.unwrap();
    work.commit(Vec::new()).await.unwrap();

    let others = format!(
        "select string_agg(concat_ws(' ', subject_id, due_at, attempts, claim, xmin), ',' order by subject_id) from wardgraph.jobs where subject_id <> '{}'",
        ids[4]
    );
    let lost: String = client.query_one(&others, &[]).await.unwrap().get(0);
    assert_eq!(lost.split(',').count(), 3);
    assert_eq!(renew(&app, &claims, long).await, 1);
    assert_eq!(client.query_one(&others, &[]).await.unwrap().get::<_, String>(0), lost, "not even written");
    let due = format!("select due_at::text from wardgraph.jobs where subject_id = '{}'", ids[4]);
    let held: String = client.query_one(&due, &[]).await.unwrap().get(0);
    // A shorter one takes nothing away.
    assert_eq!(renew(&app, &claims, short).await, 1);
    assert_eq!(client.query_one(&due, &[]).await.unwrap().get::<_, String>(0), held);

    client.batch_execute("begin; select from wardgraph.jobs for update").await.unwrap();
    assert_eq!(renew(&app, &claims, long).await, 0, "somebody is at it");
    client.batch_execute("commit").await.unwrap();
    app.clock.advance(long.checked_sub(Duration::from_secs(1)).unwrap());
    let due_by_now: Vec<String> = claim(&app, short).await.iter().map(|claim| claim.node.to_string()).collect();
    assert!(due_by_now.len() == 3 && !due_by_now.contains(&ids[4]), "{due_by_now:?}");
    assert_eq!(renew(&app, &claims, long).await, 1);
}

#[tokio::test]
async fn what_is_lost_again_and_again_is_held_for_longer() {
    let app = App::start().await;
    nodes(&app.owner("tenant-a"), &texts(1)).await;
    let client = app.database.behind_the_scenes().await;
    let mut held = Vec::new();
    for _ in 0..7 {
        assert_eq!(claim(&app, WorkerOptions::default().lease).await.len(), 1);
        let until = format!("select extract(epoch from due_at - '{}')::bigint from wardgraph.jobs", app.clock.now());
        let seconds = number(&client, &until).await;
        app.clock.advance(Duration::from_secs(seconds.unsigned_abs() + 1));
        held.push(seconds);
    }
    assert_eq!(held, [30, 30, 60, 120, 240, 240, 240]);
}
