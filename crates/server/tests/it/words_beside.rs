//! Search by words, beside the text: titles weigh more than it, the values of metadata less. The vector is of the text alone.

use serde_json::{Value, json};
use wardgraph_store::{Role, guard};
use wardgraph_testkit::{App, Caller, Cluster};

use crate::plans::pages_touched;

pub(crate) async fn node(caller: &Caller, props: Value, metadata: Value) -> String {
    let new = json!({ "classes": ["A"], "props": props, "metadata": metadata });
    caller.post("/nodes", &new).await.created()["id"].as_str().unwrap().to_owned()
}

/// A node with a title and something about it beside its text.
pub(crate) async fn titled(caller: &Caller, title: &str, text: &str, about: &str) -> String {
    node(caller, json!({ "title": title, "text": text }), json!({ "about": about })).await
}

/// Ids, and how well the words match.
pub(crate) async fn ranked(caller: &Caller, words: &str) -> Vec<(String, f64)> {
    let answer = caller.post("/search", &json!({ "query": words, "mode": "text", "top_k": 100, "explain": true })).await.ok();
    let rank = |result: &Value| result["explanation"]["text_rank"].as_f64().unwrap();
    answer["results"].as_array().unwrap().iter().map(|r| (r["id"].as_str().unwrap().to_owned(), rank(r))).collect()
}

pub(crate) async fn found(caller: &Caller, words: &str) -> Vec<String> {
    ranked(caller, words).await.into_iter().map(|(id, _)| id).collect()
}

#[tokio::test]
async fn a_node_is_found_by_its_title_beside_its_text_and_by_the_values_of_its_metadata() {
    let app = App::start().await;
    let (owner, neighbour) = (app.owner("tenant-a"), app.owner("tenant-b"));
    let metadata = json!({ "source": "handbook", "year": 1984, "draft": true, "of": { "authors": ["Lovelace", ["Hopper"]] } });
    let props = json!({ "title": "Travel", "text": "Trains are preferred below 600 km.", "kind": "hidden" });
    let id = node(&owner, props, metadata).await;
    for words in ["travel", "Travels", "trains", "handbooks", "1984", "lovelace", "hopper", "travel handbook trains"] {
        assert_eq!(found(&owner, words).await, [id.as_str()], "{words}");
        assert_eq!(found(&neighbour, words).await, [""; 0], "{words}");
    }
    // Neither keys nor what else stands beside a text.
    for words in ["source", "title", "authors", "true", "hidden"] {
        assert_eq!(found(&owner, words).await, [""; 0], "{words}");
    }
    let both = owner.post("/search", &json!({ "query": "travel", "explain": true })).await.ok();
    let result = &both["results"][0];
    assert_eq!((&result["id"], &result["explanation"]["words_place"]), (&json!(id), &json!(1)), "{both}");
    let filtered = json!({ "query": "travel", "mode": "text", "filter": { "metadata": { "year": 1985 } } });
    assert_eq!(owner.post("/search", &filtered).await.ok()["count"], 0);
    // Other words for a title, of which the first that is a text counts.
    for (props, words, expected) in [
        (json!({ "job_title": "Welder", "text": "a" }), "welder", 1),
        (json!({ "current_title": "Baker", "text": "a" }), "baker", 1),
        (json!({ "title": " ", "job_title": "Potter", "current_title": "Glazier", "text": "a" }), "potter", 1),
        (json!({ "title": 7, "text": "a" }), "glazier 7", 0),
        (json!({ "title": "Mason" }), "mason", 1),
    ] {
        node(&owner, props.clone(), json!({})).await;
        assert_eq!(found(&owner, words).await.len(), expected, "{props}");
    }
}

#[tokio::test]
async fn a_title_weighs_more_than_a_text_and_metadata_weigh_less() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let in_metadata = titled(&owner, "Building", "walls of stone", "castle").await;
    let in_text = titled(&owner, "Building", "castle of stone", "masonry").await;
    let in_title = titled(&owner, "Castle", "walls of stone", "masonry").await;
    assert_eq!(found(&owner, "castle").await, [in_title, in_text, in_metadata]);
}

#[tokio::test]
async fn what_stands_beside_a_text_takes_nothing_from_its_rank() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let filler: Vec<String> = (0..500).map(|n| format!("word{n}")).collect();
    let text = json!({ "text": "a castle made of sand" });
    let alone = node(&owner, text.clone(), json!({})).await;
    let with_others = node(&owner, text.clone(), json!({ "filler": filler })).await;
    let with_the_word = node(&owner, text, json!({ "filler": filler, "a": "castle" })).await;
    let titled = node(&owner, json!({ "text": "a castle made of sand", "title": "castle" }), json!({})).await;
    let ranks: std::collections::HashMap<_, _> = ranked(&owner, "castle").await.into_iter().collect();
    let rank = |id: &String| ranks[id].to_bits();
    assert_eq!((rank(&with_others), rank(&with_the_word)), (rank(&alone), rank(&alone)), "{ranks:?}");
    assert!(ranks[&titled] > ranks[&alone], "{ranks:?}");
}

#[tokio::test]
async fn a_title_or_metadata_that_change_alone_change_what_is_found_and_make_no_vector() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let id = node(&owner, json!({ "title": "Travel", "text": "Trains, always." }), json!({ "source": "handbook" })).await;
    app.embed_everything().await;
    let path = format!("/nodes/{id}");
    let only = [id.as_str()];
    let changes = [
        (json!({ "props": { "title": "Journeys" } }), "travel", "journey"),
        (json!({ "metadata": { "source": "atlas" } }), "handbook", "atlas"),
        (json!({ "props": { "title": null } }), "journey", "always"),
        (json!({ "metadata": { "source": null, "by": "Ada" } }), "atlas", "ada"),
    ];
    for (change, gone, there) in changes {
        assert_eq!(found(&owner, gone).await, only, "{change}");
        assert_eq!(owner.patch(&path, &change).await.ok()["embedding_status"], "ready", "{change}");
        assert_eq!((found(&owner, gone).await, found(&owner, there).await), (vec![], vec![id.clone()]), "{change}");
    }
    let waiting = "select count(*) from wardgraph.jobs where kind = 'embed'";
    let client = app.database.behind_the_scenes().await;
    assert_eq!(client.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0), 0);
    // An earlier version is found by what it had, and so is what was deleted once it is back.
    owner.post(&format!("{path}/restore"), &json!({ "version": 1 })).await.ok();
    assert_eq!((found(&owner, "travel handbook").await, found(&owner, "ada").await), (vec![id.clone()], vec![]));
    assert_eq!(owner.delete(&path).await.status, 204);
    assert_eq!(found(&owner, "travel handbook").await, [""; 0]);
    owner.post(&format!("{path}/restore"), &json!({})).await.ok();
    assert_eq!(found(&owner, "travel").await, only);
}

#[tokio::test]
async fn huge_titles_and_metadata_are_cut_and_refuse_nothing() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let words = |prefix: &str, many: usize| (0..many).map(|n| format!("{prefix}{n:x}")).collect::<Vec<_>>().join(" ");
    // Each pair is three words, which are longer than it.
    let pairs = |many: usize| (0..many).map(|n| format!("a{n:x}-b{n:x}")).collect::<Vec<_>>();
    let props = json!({ "title": words("t", 20_000), "text": pairs(25_000).join(" ") });
    let id = node(&owner, props, json!({ "of": pairs(5_000), "rest": words("m", 50_000) })).await;
    for (words, count) in [("t1", 1), ("a1 b1", 1), ("a0-b0 t0", 1), ("t4e1f", 0), ("m1", 0)] {
        assert_eq!(found(&owner, words).await.len(), count, "{words}");
    }
    let long = node(&owner, json!({ "text": "a" }), json!({ "one": format!("begins {} ends", "x".repeat(500_000)) })).await;
    assert_eq!((found(&owner, "begins").await, found(&owner, "ends").await), (vec![long], vec![]));
    owner.patch(&format!("/nodes/{id}"), &json!({ "metadata": { "of": null } })).await.ok();
    assert_eq!((found(&owner, "m1 t0").await, found(&owner, "mc34f").await), (vec![id], vec![]));
}

#[tokio::test]
async fn a_title_that_others_have_thousands_of_times_costs_what_a_title_costs_that_nobody_has() {
    let app = App::start().await;
    for (tenant, nodes, title) in [("tenant-a", 5_000, "hut"), ("tenant-b", 20_000, "fortress")] {
        let sql = format!(
            "insert into wardgraph.nodes (tenant_id, node_id, classes, props, metadata, refresh_policy, triggers, content, beside_search, embedding_status, created_at, updated_at)
             select '{tenant}', gen_random_uuid(), '{{A}}', '{{}}', '{{}}', '{{}}', '[]', 'text of number ' || n,
               wardgraph.words_beside('{{\"title\": \"{title}\"}}', jsonb_build_object('n', n), 'text of number ' || n), 'none', now(), now()
             from generate_series(1, {nodes}) n"
        );
        app.database.behind_the_scenes().await.batch_execute(&sql).await.unwrap();
    }
    app.database.behind_the_scenes().await.batch_execute("vacuum analyze wardgraph.nodes").await.unwrap();
    let pages = async |words: &str| {
        let values = format!("'tenant-a', 10, 16777216, 0, 0, now(), 10, '{words}'");
        pages_touched(&app, "graph.search.text.exact", &values).await[0]
    };
    let (theirs, nobodys) = (pages("fortress").await, pages("giraffe").await);
    assert!(theirs.abs_diff(nobodys) <= 4 && theirs < 60, "{theirs} pages for titles of others, {nobodys} for nobody's");
}

#[tokio::test]
async fn nodes_of_before_are_found_by_their_titles_and_nobody_who_reads_waits_meanwhile() {
    const FILLED: &str = include_str!("../../../store/migrations/0049_words_of_what_is_there.sql");
    const HIDDEN: &str = include_str!("../../../store/migrations/0049_words_under_the_policy.sql");
    let database = Cluster::get().database().await;
    let client = database.behind_the_scenes().await;
    client
        .batch_execute(
            r#"drop index wardgraph.nodes_words_beside_of_tenant;
               alter table wardgraph.nodes no force row level security;
               insert into wardgraph.nodes (tenant_id, node_id, classes, props, metadata, refresh_policy, triggers, content, created_at, updated_at)
               select 'acme', ('01900000-0000-7000-8000-00000000000' || n)::uuid, '{A}', props::jsonb, metadata::jsonb, '{}', '[]', coalesce(props::jsonb ->> 'text', 'trains'), now(), now()
               from (values (1, '{"title": "Travel", "text": "trains"}', '{}'), (2, '{"text": "trains"}', '{"source": "handbook"}'),
                            (3, '{"text": "trains", "n": 1}', '{}'), (4, '{"title": 1}', '{"draft": true}'), (5, '{"text": "client/server"}', '{}')) v (n, props, metadata)"#,
        )
        .await
        .unwrap();
    let mut owner = database.connect_as(Role::Owner).await;
    owner.batch_execute("set search_path = wardgraph, public").await.unwrap();
    let transaction = owner.transaction().await.unwrap();
    transaction.batch_execute(FILLED).await.unwrap();
    let waits = "set lock_timeout = '200ms'; select count(*) from wardgraph.nodes";
    client.batch_execute(waits).await.expect("reads do not wait");
    assert!(client.batch_execute("update wardgraph.nodes set classes = classes").await.is_err(), "writes do");
    assert!(client.batch_execute("select from wardgraph.nodes for key share").await.is_err(), "and who is about to write");
    transaction.commit().await.unwrap();
    owner.batch_execute(HIDDEN).await.unwrap();
    let rows = client.query("select beside_search::text from wardgraph.nodes order by node_id", &[]).await.unwrap();
    let words: Vec<Option<&str>> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(words, [Some("'travel':1A"), Some("'handbook':1C"), None, None, Some("'client':1 'server':2")]);
    guard::check(&database.logins).await.unwrap();
}
