//! From one embedding model to another, while servers serve.

use std::time::Duration;

use serde_json::{Value, json};
use wardgraph_graph::embedding::MOST_FAULTS;
use wardgraph_store::Role;
use wardgraph_testkit::{App, Caller};
use wardgraph_worker::{ALIVE, EmbeddingWorker, ModelKeeper, WorkerOptions};

use crate::{
    embedding::{Dial, keeper, nodes, number, parts, status, texts, until_idle, vectors_of, worker},
    plans::pages_touched_by,
    tiers,
};

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
    assert_eq!((vectors_of(&client, "first").await, first_keeper.behind()), (30, Some(0)));
    assert!(changes(&owner).await.is_empty(), "nothing changed yet");

    app.clock.advance(ALIVE + Duration::from_secs(1));
    let next = keeper(&app, &second);
    let its_worker = worker(&app, &second, 10).with_duty(next.duty());
    assert!(next.turn().await.unwrap());
    assert_eq!((next.behind(), status(&owner, &ids[0]).await), (Some(1), "queued".into()));
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
    assert_eq!((another.behind(), status(&owner, &ids[0]).await), (Some(0), "ready".into()));
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
    assert_eq!((new.behind(), changes(&owner).await), (Some(1), vec!["embedding.change_begun".to_owned()]));
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
    assert_eq!((next.behind(), vectors_of(&client, "first").await, vectors_of(&client, "second").await), (Some(0), 0, 1));
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
        // Behind `offset` the skipped ones would be held as well.
        "begin; select from wardgraph.nodes where node_id =
           (select node_id from wardgraph.nodes where embedding_status = 'failed' order by node_id offset 100 limit 1) for update",
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
    app.clock.advance(Duration::from_secs(1));
    settle(&next, &worker(&app, &second, 100)).await;
    next.turn().await.unwrap();
    assert_eq!((vectors_of(&client, "second").await, number(&client, given_up).await, next.behind()), (1_701, 0, Some(0)));
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

async fn search(caller: &Caller, mode: &str) -> Value {
    caller.post("/search", &json!({ "query": "heron", "mode": mode, "top_k": 100 })).await.ok()
}

#[tokio::test]
async fn midway_through_a_change_an_answer_says_what_is_missing_and_hybrid_finds_it_by_words() {
    let app = App::start().await;
    let (owner, other) = (app.owner("tenant-a"), app.owner("tenant-b"));
    nodes(&owner, &texts(30)).await;
    nodes(&other, &texts(3)).await;
    let old = Dial::named("another-model");
    settle(&keeper(&app, &old), &worker(&app, &old, 100)).await;
    // A server of the new model starts: what it knows before its first search is who lacks vectors, and not yet how many.
    app.clock.advance(ALIVE + Duration::from_secs(1));
    let model = app.embedder();
    let next = ModelKeeper::new(parts(&app), model.model(), true);
    app.coverage.begin().await.unwrap();
    let none = search(&owner, "vector").await;
    assert_eq!((&none["count"], &none["partial"]["reason"]), (&json!(0), &json!("model_changing")));
    assert_eq!((&none["partial"]["searchable"], &none["partial"]["waiting"]), (&Value::Null, &Value::Null));
    app.coverage.turn().await.unwrap();
    let counted =
        |searchable: i64, waiting: i64| json!({ "reason": "model_changing", "searchable": searchable, "waiting": waiting });
    assert_eq!(search(&owner, "vector").await["partial"], counted(0, 30));
    // Who did not ask is told no numbers of somebody else's.
    assert_eq!(search(&other, "vector").await["partial"]["waiting"], Value::Null);

    next.turn().await.unwrap();
    let options = WorkerOptions { batch: 20, ..WorkerOptions::default() };
    let its_worker = EmbeddingWorker::new(parts(&app), model.clone(), options);
    assert_eq!(its_worker.turn().await.unwrap(), 13, "half of the turn is each tenant's");
    let made = vectors_of(&app.database.behind_the_scenes().await, model.model().as_str()).await - 3;
    app.coverage.turn().await.unwrap();
    let by_meaning = search(&owner, "vector").await;
    assert_eq!((&by_meaning["count"], &by_meaning["partial"]), (&json!(made), &counted(made, 30 - made)));
    assert!(made > 0 && made < 30, "{made}");
    let both = search(&owner, "hybrid").await;
    assert_eq!((&both["count"], &both["mode"]), (&json!(30), &json!("hybrid")), "words find the others");
    assert_eq!(both["partial"], by_meaning["partial"]);
    let without = both["results"].as_array().unwrap().iter().filter(|found| found["similarity"].is_null()).count();
    assert_eq!(without as i64, 30 - made);
    let by_words = search(&owner, "text").await;
    assert!(by_words["count"] == json!(30) && by_words.get("partial").is_none(), "words lack nothing: {by_words}");

    // All have their vectors: nothing is missing, though old vectors are still there.
    while its_worker.turn().await.unwrap() > 0 {}
    app.coverage.turn().await.unwrap();
    let whole = search(&owner, "vector").await;
    assert!(whole["count"] == json!(30) && whole.get("partial").is_none(), "{whole}");
    settle(&next, &its_worker).await;
    next.turn().await.unwrap();
    app.coverage.turn().await.unwrap();
    assert_eq!(next.behind(), Some(0));
    assert!(search(&owner, "vector").await.get("partial").is_none());

    // Nodes that were written just now are missing too, for another reason.
    nodes(&owner, &["heron of today".to_owned()]).await;
    app.coverage.turn().await.unwrap();
    search(&owner, "vector").await;
    app.coverage.turn().await.unwrap();
    let late = search(&owner, "hybrid").await;
    assert_eq!(
        (&late["count"], &late["partial"]),
        (&json!(31), &json!({ "reason": "vectors_waiting", "searchable": 30, "waiting": 1 }))
    );
    assert!(search(&other, "vector").await.get("partial").is_none(), "what one tenant lacks is told to no other");
}

#[tokio::test]
async fn whoever_lacks_vectors_is_known_before_the_first_search_however_many_do() {
    let app = App::start().await;
    let client = app.database.behind_the_scenes().await;
    let sql = "insert into wardgraph.embedding_tenants (tenant_id, model)
               select 'tenant-' || lpad(n::text, 5, '0'), 'another-model' from generate_series(1, 12000) n";
    client.batch_execute(sql).await.unwrap();
    app.coverage.begin().await.unwrap();
    for tenant in ["tenant-00001", "tenant-05000", "tenant-05001", "tenant-10000", "tenant-12000"] {
        let answer = search(&app.owner(tenant), "vector").await;
        assert_eq!(answer["partial"]["reason"], json!("model_changing"), "{tenant}: {answer}");
    }
    assert!(search(&app.owner("tenant-12001"), "vector").await.get("partial").is_none());
    client
        .batch_execute("update wardgraph.embedding_tenants set model = 'wordllama-256' where tenant_id < 'tenant-11000'")
        .await
        .unwrap();
    app.coverage.begin().await.unwrap();
    assert!(search(&app.owner("tenant-05000"), "vector").await.get("partial").is_none());
    assert_eq!(search(&app.owner("tenant-12000"), "vector").await["partial"]["reason"], json!("model_changing"));
    // Once all have moved, nobody is looked at any more.
    client.batch_execute("update wardgraph.embedding_tenants set model = 'wordllama-256'").await.unwrap();
    app.coverage.begin().await.unwrap();
    assert!(search(&app.owner("tenant-12000"), "vector").await.get("partial").is_none());
}

#[tokio::test]
async fn one_tenant_on_its_way_has_nobody_read_all_others() {
    let app = App::start().await;
    let client = app.database.behind_the_scenes().await;
    let many = "insert into wardgraph.embedding_tenants (tenant_id, model)
                select 'tenant-' || lpad(n::text, 5, '0'), 'wordllama-256' from generate_series(1, 20000) n";
    client.batch_execute(many).await.unwrap();
    for (model, tenant) in [("another-model", "tenant-19999"), ("", "tenant-20000"), ("zebra", "tenant-00001")] {
        let moves = "update wardgraph.embedding_tenants set model = $1 where tenant_id = $2";
        client.execute(moves, &[&model, &tenant]).await.unwrap();
    }
    client.batch_execute("vacuum analyze wardgraph.embedding_tenants").await.unwrap();
    for name in ["graph.search.lacking", "graph.embedding.behind"] {
        for pages in pages_touched_by(&app, Role::Worker, name, "'wordllama-256', '', 5000").await {
            assert!(pages < 60, "{name}: {pages} pages");
        }
    }
    for pages in pages_touched_by(&app, Role::Worker, "graph.embedding.count_behind", "'wordllama-256'").await {
        assert!(pages < 30, "{pages} pages");
    }
    app.coverage.begin().await.unwrap();
    assert_eq!(app.coverage.coverage().lacking(), 3);
    let keeper = ModelKeeper::new(parts(&app), app.embedder().model(), true);
    keeper.turn().await.unwrap();
    assert!(keeper.behind() >= Some(3), "{:?}", keeper.behind());
}

#[tokio::test]
async fn what_is_left_of_a_move_is_found_without_looking_at_what_was_moved() {
    let app = App::start().await;
    let plant = "insert into wardgraph.nodes (tenant_id, node_id, classes, props, metadata, refresh_policy, triggers, embedding_status, created_at, updated_at)
                 select t, ('01900000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, '{A}', '{}', '{}', '{}', '[]', 'ready', now(), now()
                 from generate_series(1, 8000) n, unnest(array['tenant-a', 'tenant-b']) t;
                 insert into wardgraph.embeddings (tenant_id, node_id, model, embedding, embedded_at)
                 select tenant_id, node_id, 'zebra', '[1,2,3]', now() from wardgraph.nodes;
                 insert into wardgraph.embeddings (tenant_id, node_id, model, embedding, embedded_at)
                 select tenant_id, node_id, 'x', '[1,2,3]', now() from wardgraph.nodes where node_id < '01900000-0000-7000-8000-000000004000';
                 analyze wardgraph.nodes, wardgraph.embeddings";
    app.database.behind_the_scenes().await.batch_execute(plant).await.unwrap();
    let values = "'tenant-a', 'x', '01900000-0000-7000-8000-000000007000', 10, now(), 100";
    let [_, pages] = pages_touched_by(&app, Role::Worker, "graph.embedding.queue_missing", values).await;
    assert!(pages < 600, "{pages} pages for 10 nodes");
}

#[tokio::test]
async fn what_lacks_vectors_is_counted_once_each_and_within_bounds() {
    let app = App::start().await;
    let client = app.database.behind_the_scenes().await;
    tiers::plant(&client, "tenant-a", 8, 0..300).await;
    // Each has vectors of two models, and is queued besides; the first hundred have one of the wanted model.
    let more = "insert into wardgraph.embeddings (tenant_id, node_id, model, embedding, embedded_at)
                select tenant_id, node_id, 'zebra', embedding, embedded_at from wardgraph.embeddings;
                insert into wardgraph.embeddings (tenant_id, node_id, model, embedding, embedded_at)
                select tenant_id, node_id, 'x', embedding, embedded_at from wardgraph.embeddings where model = 'zebra' order by node_id limit 100;
                insert into wardgraph.jobs (tenant_id, kind, subject_id, due_at) select tenant_id, 'embed', node_id, now() from wardgraph.nodes";
    client.batch_execute(more).await.unwrap();
    let sql = wardgraph_server::wire::statements(app.routes.searches())
        .into_iter()
        .find(|s| s.name == "graph.search.count_lacking")
        .unwrap()
        .sql;
    client.batch_execute("set search_path = wardgraph, public").await.unwrap();
    for (most, looked, told) in
        [(1_000_i64, 1_000_i64, (100_i64, 200_i64, 900_i64)), (50, 1_000, (50, 50, 900)), (1_000, 20, (100, 0, 60))]
    {
        let row = client.query_one(sql, &[&"tenant-a", &"x", &most, &looked]).await.unwrap();
        let (searchable, waiting, met): (i64, i64, i64) = (row.get(0), row.get(1), row.get(2));
        // Which twenty are looked at nobody says.
        let waiting = if looked == 20 { waiting - waiting.min(60) } else { waiting };
        assert_eq!((searchable, waiting, met), told, "up to {most} of {looked}");
    }
}

/// How far a node's vector of a model is turned, if it has one; a text of as many characters turns it as far.
async fn turned(client: &tokio_postgres::Client, id: &str, model: &str) -> Option<f32> {
    let sql = format!("select embedding::text from wardgraph.embeddings where node_id = '{id}' and model = '{model}'");
    let row = client.query_opt(&sql, &[]).await.unwrap()?;
    let [sin, cos]: [f32; 2] = serde_json::from_str(row.get::<_, String>(0).as_str()).unwrap();
    Some(sin.atan2(cos))
}

async fn is_of(client: &tokio_postgres::Client, id: &str, model: &str, text: &str) -> bool {
    let (sin, cos) = (text.len() as f32).sin_cos();
    turned(client, id, model).await.is_some_and(|turned| (turned - sin.atan2(cos)).abs() < 1e-3)
}

async fn reword(caller: &Caller, id: &str, text: &str) {
    caller.patch(&format!("/nodes/{id}"), &json!({ "props": { "text": text } })).await.ok();
}

#[tokio::test]
async fn a_vector_of_an_older_text_does_not_come_back_with_its_model() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let (same, changed) = ("a heron", "an egret");
    let ids = nodes(&owner, &[same.to_owned(), changed.to_owned()]).await;
    let client = app.database.behind_the_scenes().await;
    let (first, second) = (Dial::named("first"), Dial::named("second"));
    settle(&keeper(&app, &first), &worker(&app, &first, 10)).await;

    // While the old server lives its vectors stay, but for one whose text is another now.
    app.clock.advance(Duration::from_secs(10));
    let (next, its_worker) = (keeper(&app, &second), worker(&app, &second, 10));
    next.turn().await.unwrap();
    reword(&owner, &ids[1], "a cormorant that dries its wings").await;
    until_idle(&its_worker).await;
    assert!(is_of(&client, &ids[1], "second", "a cormorant that dries its wings").await);
    assert!(is_of(&client, &ids[0], "first", same).await && is_of(&client, &ids[0], "second", same).await);
    assert_eq!(turned(&client, &ids[1], "first").await, None, "a vector of the old text is still there");

    // Back, before all is moved.
    app.clock.advance(Duration::from_secs(10));
    let back = keeper(&app, &first);
    app.clock.advance(ALIVE + Duration::from_secs(1));
    settle(&back, &worker(&app, &first, 10)).await;
    assert!(is_of(&client, &ids[0], "first", same).await);
    assert!(is_of(&client, &ids[1], "first", "a cormorant that dries its wings").await);
    assert_eq!((vectors_of(&client, "first").await, vectors_of(&client, "second").await), (2, 0));
}

#[tokio::test]
async fn what_an_old_server_made_of_an_old_text_is_not_kept_over_what_a_new_one_made_of_the_new() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let ids = nodes(&owner, &["a heron".to_owned()]).await;
    let client = app.database.behind_the_scenes().await;
    let (old, new) = (Dial::held_as("old"), Dial::held_as("new"));
    let late = worker(&app, &old, 10);
    let late = tokio::spawn(async move { late.turn().await.unwrap() });
    old.is_asked().await;
    // The text changes, and so does the model, while the old server is at the old text. The new one is at the second text when it changes again.
    reword(&owner, &ids[0], "a heron that stands").await;
    app.clock.advance(Duration::from_secs(10));
    let keeper = keeper(&app, &new);
    keeper.turn().await.unwrap();
    let second = worker(&app, &new, 10);
    let second = tokio::spawn(async move { second.turn().await.unwrap() });
    new.is_asked().await;
    reword(&owner, &ids[0], "a heron that stands on one leg").await;
    let third = worker(&app, &new, 10);
    let third = tokio::spawn(async move { third.turn().await.unwrap() });
    new.is_asked().await;
    // The waiting go on in the order in which they came.
    new.let_go();
    second.await.unwrap();
    assert_eq!(turned(&client, &ids[0], "new").await, None, "the second text is the node's no more");
    new.let_go();
    third.await.unwrap();
    assert!(is_of(&client, &ids[0], "new", "a heron that stands on one leg").await);
    old.let_go();
    late.await.unwrap();
    assert_eq!(turned(&client, &ids[0], "old").await, None);
    assert!(is_of(&client, &ids[0], "new", "a heron that stands on one leg").await);
    assert_eq!(status(&owner, &ids[0]).await, "ready");
    // A text that goes takes its vectors along, and what is under way does not bring them back.
    reword(&owner, &ids[0], "a heron of which nothing is left").await;
    let last = worker(&app, &new, 10);
    let last = tokio::spawn(async move { last.turn().await.unwrap() });
    new.is_asked().await;
    owner.put(&format!("/nodes/{}", ids[0]), &json!({ "classes": ["T"], "props": {} })).await.ok();
    new.let_go();
    last.await.unwrap();
    until_idle(&worker(&app, &new, 10)).await;
    assert_eq!((turned(&client, &ids[0], "new").await, number(&client, "select count(*) from wardgraph.jobs").await), (None, 0));
    assert_eq!(status(&owner, &ids[0]).await, "none");
}
