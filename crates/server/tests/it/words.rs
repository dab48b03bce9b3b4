//! Search by words: a tenant's words are looked up alone. And what every search owes: weighting raises nothing, and a short answer says so.

use std::time::Duration;

use serde_json::{Value, json};
use wardgraph_store::{Role, guard};
use wardgraph_testkit::{App, Caller, Cluster};

use crate::{plans::pages_touched, tiers};

/// Nodes with these texts, `#` for the number.
async fn plant(app: &App, tenant: &str, nodes: u32, text: &str) {
    let sql = format!(
        "insert into wardgraph.nodes (tenant_id, node_id, classes, props, metadata, refresh_policy, triggers, content, embedding_status, created_at, updated_at)
         select '{tenant}', gen_random_uuid(), '{{A}}', jsonb_build_object('n', n, 'of', '{tenant}'), '{{}}', '{{}}', '[]', replace('{text}', '#', n::text), 'none', now(), now()
         from generate_series(1, {nodes}) n"
    );
    app.database.behind_the_scenes().await.batch_execute(&sql).await.unwrap();
}

async fn pages(app: &App, tenant: &str, words: &str) -> u64 {
    let values = format!("'{tenant}', 10, 16777216, 0, 0, now(), 10, '{words}'");
    pages_touched(app, "graph.search.text.exact", &values).await[0]
}

async fn filtered(app: &App, props: &str) -> u64 {
    let values = format!("'tenant-a', '00000000-0000-0000-0000-000000000000', 101, 1000000, '{{\"props\": {props}}}', 10000");
    pages_touched(app, "graph.node.filtered", &values).await[0]
}

async fn found(caller: &Caller, words: &str) -> Vec<String> {
    let answer = caller.post("/search", &json!({ "query": words, "mode": "text", "top_k": 100 })).await.ok();
    answer["results"].as_array().unwrap().iter().map(|result| result["text"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_word_that_others_have_thousands_of_times_costs_what_a_word_costs_that_nobody_has() {
    let app = App::start().await;
    plant(&app, "tenant-a", 5_000, "own words of number #").await;
    plant(&app, "tenant-b", 20_000, "castle made of the finest sand #").await;
    app.database.behind_the_scenes().await.batch_execute("vacuum analyze wardgraph.nodes").await.unwrap();
    let (theirs, nobodys) = (pages(&app, "tenant-a", "castle sand").await, pages(&app, "tenant-a", "giraffe zebra").await);
    assert!(theirs.abs_diff(nobodys) <= 4 && theirs < 60, "{theirs} pages for words of others, {nobodys} for nobody's");
    for (theirs, nobodys) in [(r#"{"n": 15000}"#, r#"{"n": 40000}"#), (r#"{"of": "tenant-b"}"#, r#"{"of": "nobody"}"#)] {
        let [theirs, nobodys] = [filtered(&app, theirs).await, filtered(&app, nobodys).await];
        assert!(theirs.abs_diff(nobodys) <= 4 && theirs < 80, "{theirs} pages for properties of others, {nobodys} for nobody's");
    }
    // One's own rare word is as near, however many others have it.
    plant(&app, "tenant-a", 1, "a castle of #").await;
    let own = pages(&app, "tenant-a", "castle").await;
    assert!(own < 80, "{own} pages for a word of one's own");
    assert_eq!(found(&app.owner("tenant-a"), "castles").await, ["a castle of 1"]);
    assert_eq!(found(&app.owner("tenant-b"), "castles").await.len(), 100);
    assert_eq!(found(&app.owner("tenant-c"), "castles").await, [""; 0]);
}

#[tokio::test]
async fn no_index_of_content_is_of_all_tenants_or_keeps_a_list_of_what_is_pending() {
    let app = App::start().await;
    let client = app.database.behind_the_scenes().await;
    let rows = client
        .query(
            "select pg_get_indexdef(indexrelid) from pg_index i join pg_class c on c.oid = i.indexrelid join pg_am a on a.oid = c.relam
             where i.indrelid = 'wardgraph.nodes'::regclass and a.amname = 'gin' order by 1",
            &[],
        )
        .await
        .unwrap();
    let indexes: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    let of_a_tenant = |index: &&String| index.contains("(tenant_id, ") && index.contains("fastupdate") && index.contains("off");
    assert_eq!((indexes.len(), indexes.iter().filter(of_a_tenant).count()), (4, 4), "{indexes:?}");
}

#[tokio::test]
async fn keys_are_of_one_tenant_and_of_one_database() {
    let keys = "select wardgraph.word_keys('tenant-a', to_tsvector('english', 'stone castle')),
                       wardgraph.word_keys('tenant-b', to_tsvector('english', 'stone castle'))";
    let mut seen = std::collections::BTreeSet::new();
    let app = App::start().await;
    let fresh = Cluster::get().empty_database().await;
    wardgraph_store::migrate::migrate(&fresh.migration()).await.unwrap();
    assert!(guard::check(&fresh.logins).await.unwrap().leakproof_operators);
    for client in [app.database.behind_the_scenes().await, fresh.behind_the_scenes().await] {
        let row = client.query_one(keys, &[]).await.unwrap();
        for column in [0, 1] {
            let keys: Vec<i64> = row.get(column);
            // The same upper half for all words of a tenant.
            assert_eq!((keys.len(), keys[0] >> 32), (2, keys[1] >> 32), "{keys:?}");
            assert!(keys.into_iter().all(|key| seen.insert(key)), "a key came twice");
        }
    }
    let identity = app.database.connect_as(Role::Identity).await;
    assert!(identity.query(keys, &[]).await.is_err(), "who writes no nodes needs no keys");
}

#[tokio::test]
async fn weighting_lowers_what_is_far_as_it_lowers_what_is_near() {
    let app = tiers::app(1_000, 3_000).await;
    let client = app.database.behind_the_scenes().await;
    tiers::plant(&client, "tenant-a", 1, 0..2).await;
    // The same vector twice, once years old and drifted.
    let sql = "update wardgraph.embeddings set embedding = (select embedding from wardgraph.embeddings order by node_id limit 1);
               update wardgraph.nodes set last_refreshed = '2020-01-01Z', drift_score = 0.5 where props @> '{\"n\": 2}'";
    client.batch_execute(sql).await.unwrap();
    let owner = app.owner("tenant-a");
    let near = tiers::vector(0, 0);
    let far: Vec<f32> = near.iter().map(|x| -x).collect();
    for (vector, below) in [(near, false), (far, true)] {
        let request =
            json!({ "vector": vector, "use_weighted_score": true, "decay_lambda": 0.1, "drift_beta": 1.0, "explain": true });
        let answer = owner.post("/search", &request).await.ok();
        let results = answer["results"].as_array().unwrap();
        assert_eq!(results.iter().map(|result| &result["props"]["n"]).collect::<Vec<_>>(), [1, 2], "{answer}");
        for result in results {
            let told = &result["explanation"];
            let number = |of: &Value| of.as_f64().unwrap();
            let (base, score) = (number(&told["base_score"]), number(&result["score"]));
            assert!((base < 0.0) == below && score <= base, "{result}");
            let left = number(&told["age_factor"]) * number(&told["drift_factor"]);
            let weighted = if below { base * (2.0 - left) } else { base * left };
            assert!((score - weighted).abs() < 1e-9, "{result}");
            let formula = told["formula"].as_str().unwrap();
            assert_eq!(formula.starts_with("similarity * (2 - exp(-0.1 * "), below, "{formula}");
            let (_, sum) = formula.rsplit_once("= ").unwrap();
            assert!((sum.parse::<f64>().unwrap() - score).abs() <= score.abs() * 1e-12, "{formula}");
        }
        let last = results[1]["score"].as_f64().unwrap();
        assert!((last - if below { -2.0 } else { 0.0 }).abs() < 1e-3, "{answer}");
    }
}

#[tokio::test]
async fn an_answer_that_is_short_by_its_octets_says_so() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let pad = "x".repeat(1_000_000);
    for n in 0..20 {
        let new = json!({ "classes": ["A"], "props": { "text": format!("needle {n}"), "pad": pad } });
        owner.post("/nodes", &new).await.created();
        app.clock.advance(Duration::from_secs(1));
    }
    let answer = async |top_k: usize, words: &str| {
        let answer = owner.post("/search", &json!({ "query": words, "mode": "text", "top_k": top_k })).await.ok();
        (answer["count"].as_u64().unwrap(), answer["truncated"].as_bool().unwrap())
    };
    let (count, truncated) = answer(100, "needle").await;
    assert!(truncated && (15..20).contains(&count), "{count} of 20, truncated: {truncated}");
    assert_eq!(answer(10, "needle").await, (10, false));
    assert_eq!(answer(100, "haystack").await, (0, false));
}
