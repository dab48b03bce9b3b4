//! Search over HTTP: by meaning, by words, by both; the true nearest, and never anyone else's.

use serde_json::{Value, json};
use wardgraph_testkit::{App, Caller};

const DIMENSION: usize = 256;

async fn node(caller: &Caller, class: &str, text: &str) -> String {
    let new = json!({ "classes": [class], "props": { "text": text } });
    caller.post("/nodes", &new).await.created()["id"].as_str().unwrap().to_owned()
}

async fn search(caller: &Caller, request: Value) -> Vec<Value> {
    let answer = caller.post("/search", &request).await.ok();
    let results = answer["results"].as_array().unwrap().clone();
    assert_eq!(answer["count"], results.len());
    let scores: Vec<f64> = results.iter().map(|r| r["score"].as_f64().unwrap_or_else(|| panic!("no score: {r}"))).collect();
    assert!(scores.windows(2).all(|pair| pair[0] >= pair[1]), "not best first: {scores:?}");
    results
}

fn texts(results: &[Value]) -> Vec<&str> {
    results.iter().map(|result| result["text"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_node_is_found_by_words_at_once_and_by_meaning_when_its_vector_is_there() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let id = node(&owner, "Animal", "The quick brown fox jumps over the lazy dog").await;
    let by = |mode: &str, query: &str| json!({ "query": query, "mode": mode });
    assert_eq!(search(&owner, by("text", "foxes")).await[0]["id"], id.as_str());
    assert_eq!(search(&owner, by("hybrid", "foxes")).await[0]["similarity"], Value::Null);
    assert_eq!(search(&owner, by("vector", "foxes")).await.len(), 0);
    app.embed_everything().await;
    assert_eq!(owner.get(&format!("/nodes/{id}")).await.ok()["embedding_status"], "ready");
    let found = &search(&owner, by("vector", "a swift animal leaps")).await[0];
    assert_eq!((&found["id"], &found["classes"], &found["tenant_id"]), (&json!(id), &json!(["Animal"]), &json!("tenant-a")));
    assert_eq!(found["props"]["text"], found["text"]);
    assert!(found["similarity"].as_f64().unwrap() > 0.1, "{found}");
    assert!(search(&owner, by("hybrid", "foxes")).await[0]["similarity"].is_number());
    assert_eq!(search(&owner, by("text", "elephant")).await.len(), 0);
}

#[tokio::test]
async fn the_mode_is_what_was_asked_for() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let vector = vec![0.5; DIMENSION];
    for (request, mode) in [
        (json!({ "query": "x" }), "hybrid"),
        (json!({ "query": "x", "use_hybrid": false }), "vector"),
        (json!({ "query": "x", "use_hybrid": true }), "hybrid"),
        (json!({ "query": "x", "mode": "text" }), "text"),
        (json!({ "query": "x", "mode": "vector", "use_hybrid": false }), "vector"),
        (json!({ "vector": vector }), "vector"),
        (json!({ "vector": vector, "query": "x" }), "hybrid"),
    ] {
        assert_eq!(owner.post("/search", &request).await.ok()["mode"], mode, "{request}");
    }
    for (request, field) in [
        (json!({}), ""),
        (json!({ "vector": vector, "mode": "text" }), "/query"),
        (json!({ "vector": vector, "mode": "hybrid" }), "/query"),
        (json!({ "query": " " }), "/query"),
        (json!({ "query": "x".repeat(2_001) }), "/query"),
        (json!({ "query": "x", "top_k": 0 }), "/top_k"),
        (json!({ "query": "x", "top_k": 101 }), "/top_k"),
        (json!({ "query": "x", "classes": vec!["A"; 21] }), "/classes"),
        (json!({ "query": "x", "classes": [] }), "/classes"),
        (json!({ "query": "x", "filter": { "classes": [] } }), "/filter/classes"),
        (json!({ "vector": vec![0.5; DIMENSION - 1] }), "/vector"),
        (json!({ "vector": vec![0.5; DIMENSION + 1] }), "/vector"),
        (json!({ "vector": vec![0.5; 384], "query": "x" }), "/vector"),
        (json!({ "vector": vec![0.5; 16_000] }), "/vector"),
        (json!({ "vector": vec![0.5; 16_001] }), "/vector"),
        (json!({ "vector": [] }), "/vector"),
        (json!({ "vector": vec![0.0; DIMENSION] }), "/vector"),
    ] {
        let refused = owner.post("/search", &request).await.problem(422);
        assert!(refused["errors"].as_array().unwrap().iter().any(|e| e["field"] == field), "{request}: {refused}");
    }
}

#[tokio::test]
async fn a_vector_may_have_as_many_numbers_as_a_model_may_have_dimensions() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    for (numbers, words) in [(4_097, "4097"), (16_000, "16000"), (16_001, "must have 1 to 16,000 numbers")] {
        let refused = owner.post("/search", &json!({ "vector": vec![-0.123_456_78; numbers] })).await.problem(422);
        assert!(refused["errors"].to_string().contains(words), "{numbers}: {refused}");
    }
}

/// A stream of numbers from -1 to 1 that is the same every time.
struct Numbers(u64);

impl Numbers {
    fn vector(&mut self) -> Vec<f32> {
        (0..DIMENSION).map(|_| self.next()).collect()
    }

    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f32::from(i16::try_from((self.0 >> 48) as i32 - 32_768).unwrap()) / 32_768.0
    }
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[tokio::test]
async fn what_is_found_is_the_true_nearest() {
    let app = App::start().await;
    let (owner, neighbour) = (app.owner("tenant-a"), app.owner("tenant-b"));
    let mut numbers = Numbers(7);
    let mut known = Vec::new();
    let client = app.database.behind_the_scenes().await;
    for caller in [&owner, &neighbour] {
        let item = |n: usize| json!({ "classes": [if n.is_multiple_of(3) { "Third" } else { "Other" }], "props": { "n": n } });
        let nodes: Vec<_> = (0..300).map(item).collect();
        let results = caller.post("/nodes/batch", &json!({ "nodes": nodes })).await.ok()["results"].clone();
        for (n, result) in results.as_array().unwrap().iter().enumerate() {
            let (id, vector) = (result["id"].as_str().unwrap().to_owned(), numbers.vector());
            let sql = format!(
                "insert into wardgraph.embeddings (tenant_id, node_id, model, embedding, embedded_at) values ('{}', '{id}', '{}', '{vector:?}', now())",
                caller.tenant, "wordllama-256"
            );
            client.batch_execute(&sql).await.unwrap();
            if caller.tenant == "tenant-a" {
                known.push((id, vector, n.is_multiple_of(3)));
            }
        }
    }
    assert_eq!(app.stranger().get("/health").await.ok()["embedding_model"], "wordllama-256");
    for top_k in [1, 10, 100] {
        for thirds in [false, true] {
            let query = numbers.vector();
            let mut nearest: Vec<_> = known.iter().filter(|(.., third)| !thirds || *third).collect();
            nearest.sort_by(|a, b| cosine(&query, &b.1).total_cmp(&cosine(&query, &a.1)));
            nearest.truncate(top_k);
            let classes = thirds.then_some(["Third", "Nothing"]);
            let found = search(&owner, json!({ "vector": query, "top_k": top_k, "classes": classes })).await;
            let ids: Vec<_> = found.iter().map(|f| f["id"].as_str().unwrap()).collect();
            assert_eq!(ids, nearest.iter().map(|(id, ..)| id.as_str()).collect::<Vec<_>>(), "top {top_k}, thirds {thirds}");
            for (found, (_, vector, _)) in found.iter().zip(&nearest) {
                assert!((found["similarity"].as_f64().unwrap() - cosine(&query, vector)).abs() < 1e-5, "{found}");
            }
        }
    }
    // A vector is a direction: how long it is changes nothing, up to what its numbers can say.
    let query = numbers.vector();
    let usual = search(&owner, json!({ "vector": query, "top_k": 20 })).await;
    for scale in [1e-30, 1e30] {
        let scaled: Vec<f32> = query.iter().map(|x| x * scale).collect();
        let found = search(&owner, json!({ "vector": scaled, "top_k": 20 })).await;
        let ids = |found: &[Value]| found.iter().map(|f| f["id"].clone()).collect::<Vec<_>>();
        assert_eq!(ids(&found), ids(&usual), "scaled by {scale}");
    }
}

#[tokio::test]
async fn another_tenants_thousands_of_the_same_texts_neither_show_nor_crowd_out() {
    let app = App::start().await;
    let (owner, crowd) = (app.owner("tenant-a"), app.owner("tenant-b"));
    let text = "a secret plan to build a castle of sand";
    let item = json!({ "classes": ["Plan"], "props": { "text": text } });
    for _ in 0..6 {
        crowd.post("/nodes/batch", &json!({ "nodes": vec![item.clone(); 500] })).await.ok();
    }
    let mine = node(&owner, "Plan", text).await;
    let other = node(&owner, "Plan", "an unrelated recipe for bread").await;
    app.embed_everything().await;
    for mode in ["vector", "text", "hybrid"] {
        for top_k in [1, 10, 100] {
            let found = search(&owner, json!({ "query": text, "mode": mode, "top_k": top_k, "classes": ["Plan"] })).await;
            assert_eq!(found[0]["id"], mine.as_str(), "{mode} {top_k}");
            assert!(found.iter().all(|f| f["tenant_id"] == "tenant-a"), "{mode} {top_k}");
            let expected = if mode == "text" || top_k == 1 { 1 } else { 2 };
            assert_eq!(found.len(), expected, "{mode} {top_k}");
            assert!(expected == 1 || found[1]["id"] == other.as_str());
        }
    }
    assert_eq!(search(&crowd, json!({ "query": text, "top_k": 100 })).await.len(), 100);
    assert_eq!(search(&app.owner("tenant-c"), json!({ "query": text, "top_k": 100 })).await.len(), 0);
}

#[tokio::test]
async fn any_of_the_words_is_enough_and_more_are_better() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    for text in ["apples and pears", "apples alone", "pears alone", "neither of them"] {
        node(&owner, "A", text).await;
    }
    let found = search(&owner, json!({ "query": "apple pear", "mode": "text" })).await;
    let texts = texts(&found);
    assert_eq!((texts.len(), texts[0]), (3, "apples and pears"), "{texts:?}");
    assert!(!texts.contains(&"neither of them"));
    assert_eq!(search(&owner, json!({ "query": "apple pear", "mode": "text", "top_k": 1 })).await.len(), 1);
}

#[tokio::test]
async fn hybrid_puts_first_what_both_find() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    for text in ["the cat sat on the mat", "a kitten naps on a rug", "quarterly tax report", "cat5 cables and switches"] {
        node(&owner, "A", text).await;
    }
    app.embed_everything().await;
    let found = search(&owner, json!({ "query": "cat" })).await;
    assert_eq!(texts(&found)[0], "the cat sat on the mat");
    assert_eq!(found.len(), 4, "what only one of the two finds is there too");
    // First in both lists: twice 1 / (60 + 1).
    assert!((found[0]["score"].as_f64().unwrap() - 2.0 / 61.0).abs() < 1e-9, "{}", found[0]);
}

#[tokio::test]
async fn classes_filter_before_the_cut() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    for n in 0..30 {
        node(&owner, "Common", &format!("a fox number {n}")).await;
    }
    let rare = node(&owner, "Rare", "there was once something like a vixen or a fox").await;
    app.embed_everything().await;
    for mode in ["vector", "text", "hybrid"] {
        let found = search(&owner, json!({ "query": "fox", "mode": mode, "top_k": 5, "classes": ["Rare"] })).await;
        assert_eq!(found.iter().map(|f| f["id"].as_str().unwrap()).collect::<Vec<_>>(), [rare.as_str()], "{mode}");
        let both = search(&owner, json!({ "query": "fox", "mode": mode, "top_k": 100, "classes": ["Rare", "Common"] })).await;
        assert_eq!(both.len(), 31, "{mode}");
        assert_eq!(search(&owner, json!({ "query": "fox", "mode": mode, "classes": ["rare"] })).await.len(), 0, "{mode}");
    }
}

#[tokio::test]
async fn operators_quotes_and_nothing_but_stop_words_are_harmless() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    node(&owner, "A", "o'brien & sons <-> a:* fox").await;
    app.embed_everything().await;
    let long = ["𐍈".repeat(2_000), "x".repeat(2_000), "a-b-c_d/e.f@g:h ".repeat(120)];
    let empty = ["the of and", "!", "...", "' | ! & ( ) :* <->", "\\", "''", "&", "<->", "\u{200b}", "🦊"];
    let odd = [
        "fox'",
        "fox | !",
        "fox & (",
        "fox:*",
        "fox <-> fox",
        "!fox",
        "'fox'",
        "fox\\",
        "\"fox\"",
        "fox' & 'x",
        "fox' | 'x':*A",
        "$1 fox",
        "%s fox",
        "fox; drop table nodes",
        "fox\r\n\tfox",
        "fox -- x",
        "http://fox.example/a&b?c=d fox",
        "e-mail@fox.example fox",
    ];
    for query in empty.iter().copied().chain(long.iter().map(String::as_str)) {
        let found = search(&owner, json!({ "query": query, "mode": "text" })).await;
        assert_eq!(found.len(), 0, "{query:.40}");
        search(&owner, json!({ "query": query })).await;
        search(&owner, json!({ "query": query, "mode": "vector" })).await;
    }
    for query in odd {
        assert_eq!(search(&owner, json!({ "query": query, "mode": "text" })).await.len(), 1, "{query}");
        assert_eq!(search(&owner, json!({ "query": query })).await.len(), 1, "{query}");
    }
}

#[tokio::test]
async fn every_script_and_size_of_text_can_be_kept_and_found() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    let large = format!("needle {}", (0..40_000).map(|n| format!("w{n} ")).collect::<String>());
    for text in
        [large.as_str(), &"x".repeat(500_000), &"𐍈 ".repeat(100_000), "日本語のテキスト", "нужный текст", "\u{202e}reversed"]
    {
        node(&owner, "A", text).await;
    }
    app.embed_everything().await;
    let client = app.database.behind_the_scenes().await;
    let ready = client.query_one("select count(*) from wardgraph.nodes where embedding_status = 'ready'", &[]).await.unwrap();
    assert_eq!(ready.get::<_, i64>(0), 6, "a text was not embedded");
    assert!(texts(&search(&owner, json!({ "query": "needle", "mode": "text" })).await)[0].starts_with("needle"));
    assert_eq!(texts(&search(&owner, json!({ "query": "нужный", "mode": "text" })).await), ["нужный текст"]);
    assert_eq!(search(&owner, json!({ "query": "日本語のテキスト", "mode": "text" })).await.len(), 1);
}

/// A request and which of the numbered nodes it finds.
async fn finds(owner: &Caller, request: Value, numbers: &[i64]) {
    for mode in ["text", "vector", "hybrid"] {
        let mut request = request.clone();
        (request["query"], request["mode"], request["top_k"]) = (json!("numbered node"), json!(mode), json!(100));
        let mut found: Vec<_> = search(owner, request.clone()).await.iter().map(|r| r["props"]["n"].as_i64().unwrap()).collect();
        found.sort_unstable();
        assert_eq!(found, numbers, "{request}");
    }
}

#[tokio::test]
async fn filters_on_classes_props_metadata_and_time_hold_in_every_mode() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    for n in 0..6 {
        let class = if n < 2 { "Early" } else { "Late" };
        let metadata = match n {
            0 => json!({ "lang": "en", "year": 2020, "open": true, "tags": ["a", "b"] }),
            1 => json!({ "lang": "en", "year": 2021, "none": null }),
            2 => json!({ "lang": "de", "year": "2020", "open": false }),
            _ => json!({ "nested": { "deep": n } }),
        };
        let new = json!({ "classes": [class], "props": { "text": format!("numbered node {n}"), "n": n, "odd": n % 2 == 1 }, "metadata": metadata });
        owner.post("/nodes", &new).await.created();
        app.clock.advance(std::time::Duration::from_secs(60));
    }
    app.embed_everything().await;
    let later = "update wardgraph.nodes set updated_at = updated_at + interval '1 hour' where props @> '{\"n\": 4}'";
    app.database.behind_the_scenes().await.batch_execute(later).await.unwrap();
    finds(&owner, json!({}), &[0, 1, 2, 3, 4, 5]).await;
    finds(&owner, json!({ "filter": { "classes": ["Early", "Never"] } }), &[0, 1]).await;
    finds(&owner, json!({ "filter": { "classes": ["Ear\"ly", "\\", "Early,Late", "{Early}", "NULL"] } }), &[]).await;
    finds(&owner, json!({ "filter": { "props": { "odd": true } } }), &[1, 3, 5]).await;
    finds(&owner, json!({ "filter": { "props": { "odd": true }, "classes": ["Early"] } }), &[1]).await;
    finds(&owner, json!({ "filter": { "metadata": { "tags": ["b"] } } }), &[0]).await;
    finds(&owner, json!({ "filter": { "metadata": { "nested": { "deep": 4 } } } }), &[4]).await;
    finds(&owner, json!({ "compound_filter": { "lang": "en", "year": 2020 } }), &[0]).await;
    finds(&owner, json!({ "metadata_filters": { "year": 2020 } }), &[0, 2]).await;
    finds(&owner, json!({ "metadata_filters": { "year": "2020", "open": true } }), &[0]).await;
    finds(&owner, json!({ "metadata_filters": { "lang": null } }), &[3, 4, 5]).await;
    finds(&owner, json!({ "metadata_filters": { "lang": "'; drop table nodes; --" } }), &[]).await;
    finds(
        &owner,
        json!({ "filter": { "created_after": "2026-01-01T00:02:00Z", "created_before": "2026-01-01T00:04:00Z" } }),
        &[3],
    )
    .await;
    finds(&owner, json!({ "filter": { "updated_after": "2026-01-01T01:00:00Z" } }), &[4]).await;
    finds(&owner, json!({ "filter": { "updated_before": "2026-01-01T00:01:00Z" } }), &[0]).await;
    for (refused, field) in [
        (json!({ "metadata_filters": { "a": [1] } }), "/metadata_filters"),
        (
            json!({ "metadata_filters": (0..21).map(|n| (n.to_string(), json!(n))).collect::<serde_json::Map<_, _>>() }),
            "/metadata_filters",
        ),
        (json!({ "metadata_filters": { "a\u{0}": 1 } }), "/metadata_filters"),
        (json!({ "compound_filter": { "a": "\u{0}" } }), "/compound_filter/a"),
        (json!({ "compound_filter": {}, "filter": { "metadata": {} } }), "/compound_filter"),
        (json!({ "classes": ["A"], "filter": { "classes": ["B"] } }), "/classes"),
        (json!({ "filter": { "classes": [""] } }), "/filter/classes/0"),
        (json!({ "filter": { "props": { "a": "\u{0}" } } }), "/filter/props/a"),
        (json!({ "filter": { "created_after": "0000-12-31T23:59:59Z" } }), "/filter/created_after"),
        (json!({ "filter": { "updated_before": "-000001-01-02T00:00:00Z" } }), "/filter/updated_before"),
        (json!({ "decay_lambda": 1.1 }), "/decay_lambda"),
        (json!({ "drift_beta": -0.1 }), "/drift_beta"),
    ] {
        let mut request = refused.clone();
        request["query"] = json!("x");
        let problem = owner.post("/search", &request).await.problem(422);
        assert!(problem["errors"].as_array().unwrap().iter().any(|e| e["field"] == field), "{request}: {problem}");
    }
    for unreadable in [json!({ "unknown": 1 }), json!({ "created_after": "yesterday" }), json!({ "props": [] })] {
        owner.post("/search", &json!({ "query": "x", "filter": unreadable })).await.problem(400);
    }
}

#[tokio::test]
async fn of_those_that_are_as_near_the_first_ids_are_shown_however_few() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    for text in ["a heron", "the same", "the same", "the same", "the same", "the same", "the same", "nothing alike"] {
        owner.create_node(text).await.created();
    }
    app.embed_everything().await;
    let ids = async |top_k: usize, filter: Value| {
        let found = search(&owner, json!({ "query": "the same", "mode": "vector", "top_k": top_k, "filter": filter })).await;
        found.iter().map(|found| found["id"].clone()).collect::<Vec<_>>()
    };
    for filter in [json!(null), json!({ "created_after": "2000-01-01T00:00:00Z" })] {
        let all = ids(100, filter.clone()).await;
        assert_eq!(all.len(), 8);
        assert!(all[..6].is_sorted_by_key(|id| id.as_str().unwrap().to_owned()), "{all:?}");
        for top_k in 1..8 {
            assert_eq!(ids(top_k, filter.clone()).await, all[..top_k], "{top_k} with {filter}");
        }
    }
}

#[tokio::test]
async fn age_and_drift_lower_a_score_and_an_explanation_adds_up() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    for n in 0..4 {
        node(&owner, "A", &format!("the very same words {n}")).await;
    }
    app.embed_everything().await;
    // Created now; the third was refreshed ten days ago and drifted, the fourth a very long time ago.
    let client = app.database.behind_the_scenes().await;
    for (n, days, drift) in [(2, 10, "0.5"), (3, 400_000, "null")] {
        let sql = format!(
            "update wardgraph.nodes set last_refreshed = created_at - interval '{days} days', drift_score = {drift} where content like '%{n}'"
        );
        client.batch_execute(&sql).await.unwrap();
    }
    app.clock.advance(std::time::Duration::from_secs(86_400 / 2));
    let owner = app.owner("tenant-a");
    for (mode, weighted) in [("vector", true), ("vector", false), ("text", true), ("hybrid", true), ("hybrid", false)] {
        let request = json!({
            "query": "the very same words 2", "mode": mode, "use_weighted_score": weighted, "decay_lambda": 0.1, "drift_beta": 0.5,
            "explain": true, "top_k": 4
        });
        let answer = owner.post("/search", &request).await.ok();
        assert_eq!((&answer["route"], &answer["model"], &answer["count"]), (&json!("exact"), &json!("wordllama-256"), &json!(4)));
        for result in answer["results"].as_array().unwrap() {
            let told = &result["explanation"];
            let number = |name: &str| told[name].as_f64().unwrap_or_else(|| panic!("{name}: {told}"));
            let n = result["text"].as_str().unwrap().chars().last().unwrap();
            let (days, drift) = match n {
                '2' => (10.5, 0.5),
                '3' => (400_000.5, 0.0),
                _ => (0.5, 0.0),
            };
            assert!((number("age_days") - days).abs() < 1e-6 && number("drift") == drift, "{told}");
            let (age_factor, drift_factor) =
                if weighted { ((-0.1_f64 * days).max(-600.0).exp(), 1.0 - 0.5 * drift) } else { (1.0, 1.0) };
            assert!((number("age_factor") - age_factor).abs() < 1e-9 && number("drift_factor") == drift_factor, "{told}");
            let place = |list: &str| told[list].as_f64().unwrap_or(101.0);
            let base = match mode {
                "vector" => number("similarity"),
                "text" => number("text_rank"),
                _ => 1.0 / (60.0 + place("meaning_place")) + 1.0 / (60.0 + place("words_place")),
            };
            assert!((number("base_score") - base).abs() < 1e-12, "{told}");
            let score = result["score"].as_f64().unwrap();
            assert!((score - base * age_factor * drift_factor).abs() < 1e-9, "{told}");
            let (_, sum) = told["formula"].as_str().unwrap().rsplit_once("= ").unwrap();
            assert!((sum.parse::<f64>().unwrap() - score).abs() <= score.abs() * 1e-12, "{told}");
        }
        let last = answer["results"].as_array().unwrap().last().unwrap()["text"].as_str().unwrap().to_owned();
        assert!(!weighted || last.ends_with('3'), "{mode}: the old is first");
    }
    let plain = owner.post("/search", &json!({ "query": "words" })).await.ok();
    assert!(plain.get("route").is_none() && plain["results"][0].get("explanation").is_none(), "{plain}");
}
