//! From one embedding model to another, while servers serve.

use std::time::Duration;

use serde_json::{Value, json};
use wardgraph_graph::embedding::MOST_FAULTS;
use wardgraph_testkit::{App, Caller};
use wardgraph_worker::{ALIVE, EmbeddingWorker, ModelKeeper};

use crate::embedding::{Dial, keeper, nodes, number, status, texts, until_idle, vectors_of, worker};

/// Turns both until neither has anything to do.
pub(crate) async fn settle(keeper: &ModelKeeper, worker: &EmbeddingWorker) {
    for _ in 0..200 {
        let moved = keeper.turn().await.unwrap();
        if worker.turn().await.unwrap() == 0 && !moved {
            return;
        }
    }
    panic!("the change does not come to an end");
}

async fn changes(caller: &Caller) -> Vec<String> {
    let events = caller.events().await;
    let told = |event: &Value| event["type"].as_str().unwrap().to_owned();
    events.iter().map(told).filter(|told| told.starts_with("embedding.change")).rev().collect()
}

#[tokio::test]
async fn nodes_move_to_another_model_while_the_server_serves_and_back() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let ids = nodes(&owner, &texts(30)).await;
    let (first, second) = (Dial::named("first"), Dial::named("second"));
    let first_keeper = keeper(&app, &first);
    settle(&first_keeper, &worker(&app, &first, 100)).await;
    let client = app.database.behind_the_scenes().await;
    assert_eq!((vectors_of(&client, "first").await, first_keeper.behind()), (30, 0));
    assert!(changes(&owner).await.is_empty(), "nothing changed yet");

    app.clock.advance(ALIVE + Duration::from_secs(1));
    let next = keeper(&app, &second);
    let its_worker = worker(&app, &second, 10).with_duty(next.duty());
    assert!(next.turn().await.unwrap());
    assert_eq!((next.behind(), status(&owner, &ids[0]).await), (1, "queued".into()));
    its_worker.turn().await.unwrap();
    assert_eq!((vectors_of(&client, "second").await, vectors_of(&client, "first").await), (10, 30), "the old ones stay for now");
    let found = owner.post("/search", &json!({ "query": "heron", "mode": "text", "top_k": 100 })).await.ok();
    assert_eq!(found["count"], json!(30), "words find everything meanwhile");
    // A node that is made meanwhile, and a server that is killed: another goes on.
    nodes(&owner, &["heron of today".to_owned()]).await;
    app.clock.advance(Duration::from_secs(1));
    let another = keeper(&app, &second);
    settle(&another, &its_worker).await;
    assert_eq!((vectors_of(&client, "second").await, vectors_of(&client, "first").await), (31, 0));
    another.turn().await.unwrap();
    assert_eq!((another.behind(), status(&owner, &ids[0]).await), (0, "ready".into()));
    assert_eq!(changes(&owner).await, ["embedding.change_begun", "embedding.changed"]);

    app.clock.advance(ALIVE + Duration::from_secs(1));
    settle(&keeper(&app, &first), &worker(&app, &first, 100)).await;
    assert_eq!((vectors_of(&client, "second").await, vectors_of(&client, "first").await), (0, 31));
    assert_eq!(number(&client, "select count(*) from wardgraph.jobs").await, 0);
}

#[tokio::test]
async fn two_servers_of_different_models_do_not_fight_and_lose_no_vectors() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    nodes(&owner, &texts(12)).await;
    let (old_model, new_model) = (Dial::named("old"), Dial::named("new"));
    let old = keeper(&app, &old_model);
    let old_worker = worker(&app, &old_model, 100).with_duty(old.duty());
    settle(&old, &old_worker).await;
    app.clock.advance(Duration::from_secs(10));
    let new = keeper(&app, &new_model);
    let new_worker = worker(&app, &new_model, 100).with_duty(new.duty());
    let client = app.database.behind_the_scenes().await;
    new.turn().await.unwrap();
    // The old server has not looked yet: what it embeds in this moment is embedded again by the new one.
    nodes(&owner, &["heron between two models".to_owned()]).await;
    assert_eq!(old_worker.turn().await.unwrap(), 13);
    for _ in 0..5 {
        assert!(!old.turn().await.unwrap());
        assert_eq!(old_worker.turn().await.unwrap(), 0, "the server that started last decides");
        new.turn().await.unwrap();
        while new_worker.turn().await.unwrap() > 0 {}
    }
    assert_eq!(vectors_of(&client, "new").await, 13);
    assert_eq!(vectors_of(&client, "old").await, 13, "a server that lives still searches them");
    assert_eq!((new.behind(), changes(&owner).await), (1, vec!["embedding.change_begun".to_owned()]));
    // The old server is gone.
    app.clock.advance(ALIVE + Duration::from_secs(1));
    settle(&new, &new_worker).await;
    assert_eq!((vectors_of(&client, "new").await, vectors_of(&client, "old").await), (13, 0));
    assert_eq!(changes(&owner).await, ["embedding.change_begun", "embedding.changed"]);
}

#[tokio::test]
async fn what_one_model_could_not_embed_another_may() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let ids = nodes(&owner, &["poison".to_owned(), "heron".to_owned()]).await;
    let client = app.database.behind_the_scenes().await;
    let first = Dial::named("first");
    let its_worker = worker(&app, &first, 10);
    for _ in 0..MOST_FAULTS {
        until_idle(&its_worker).await;
        app.clock.advance(Duration::from_secs(601));
    }
    let owner = app.owner("tenant-a");
    assert_eq!(status(&owner, &ids[0]).await, "failed");
    let second = Dial::named("second");
    let next = keeper(&app, &second);
    next.turn().await.unwrap();
    assert_eq!(status(&owner, &ids[0]).await, "queued");
    // It fails again: it holds up nobody's end.
    for _ in 0..MOST_FAULTS {
        settle(&next, &worker(&app, &second, 10)).await;
        app.clock.advance(Duration::from_secs(601));
    }
    settle(&next, &worker(&app, &second, 10)).await;
    next.turn().await.unwrap();
    assert_eq!((next.behind(), vectors_of(&client, "first").await, vectors_of(&client, "second").await), (0, 0, 1));
}

#[tokio::test]
async fn all_that_was_given_up_gets_its_chance_with_another_model_however_many_there_are() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    nodes(&owner, &["heron".to_owned()]).await;
    let client = app.database.behind_the_scenes().await;
    let first = Dial::named("first");
    settle(&keeper(&app, &first), &worker(&app, &first, 10)).await;
    client
        .batch_execute(
            "insert into wardgraph.nodes (tenant_id, node_id, classes, props, metadata, refresh_policy, triggers, content, embedding_status, created_at, updated_at)
             select 'tenant-a', gen_random_uuid(), '{A}', '{}', '{}', '{}', '[]', 'heron ' || n, 'failed', now(), now() from generate_series(1, 1700) n;
             insert into wardgraph.jobs (tenant_id, kind, subject_id, due_at, attempts, faults, dead)
             select tenant_id, 'embed', node_id, '2026-01-01', 1, 6, true from wardgraph.nodes where embedding_status = 'failed'",
        )
        .await
        .unwrap();
    let given_up = "select count(*) from wardgraph.jobs where dead";
    app.clock.advance(ALIVE + Duration::from_secs(1));
    let second = Dial::named("second");
    let next = keeper(&app, &second);
    // What a tenant writes now does not wait behind all of them; and one whose row is held is not forgotten.
    let held = app.database.behind_the_scenes().await;
    held.batch_execute(
        "begin; select from wardgraph.nodes where embedding_status = 'failed' order by node_id offset 100 limit 1 for update",
    )
    .await
    .unwrap();
    next.turn().await.unwrap();
    assert_eq!(number(&client, given_up).await, 1_600, "up to the one that is held");
    next.turn().await.unwrap();
    assert_eq!(number(&client, given_up).await, 1_600);
    held.batch_execute("rollback").await.unwrap();
    for _ in 0..6 {
        next.turn().await.unwrap();
    }
    assert!((700..1_600).contains(&number(&client, given_up).await), "as far as there is room in the queue");
    settle(&next, &worker(&app, &second, 100)).await;
    next.turn().await.unwrap();
    assert_eq!((vectors_of(&client, "second").await, number(&client, given_up).await, next.behind()), (1_701, 0, 0));
    assert_eq!(changes(&app.owner("tenant-a")).await, ["embedding.change_begun", "embedding.changed"]);
}

#[tokio::test]
async fn what_is_given_up_under_the_new_model_too_gets_no_second_chance_from_it() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let ids = nodes(&owner, &["poison".to_owned()]).await;
    let client = app.database.behind_the_scenes().await;
    // Nothing of this tenant was ever embedded: it is moved all the same.
    for (model, events) in [("first", 0), ("second", 2)] {
        let dial = Dial::named(model);
        let (its_keeper, its_worker) = (keeper(&app, &dial), worker(&app, &dial, 10));
        for _ in 0..MOST_FAULTS + 2 {
            settle(&its_keeper, &its_worker).await;
            app.clock.advance(Duration::from_secs(601));
        }
        let owner = app.owner("tenant-a");
        assert_eq!((status(&owner, &ids[0]).await, changes(&owner).await.len()), ("failed".into(), events), "{model}");
        let tried = format!("select count(*) from wardgraph.embedding_history where model = '{model}'");
        assert_eq!(number(&client, &tried).await, i64::from(MOST_FAULTS), "{model}");
    }
}
