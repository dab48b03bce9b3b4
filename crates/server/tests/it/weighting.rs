//! Weighting by age and drift finds the best scores, however far from the query they are, and reads no more for it than it must.

use std::collections::HashMap;

use serde_json::{Value, json};
use wardgraph_graph::search::Route;

use crate::{plans::pages_touched, tiers};

const PLANTED: usize = 600;

/// Which numbers of the planted stand at these places of the nearest.
fn at_places(query: &[f32], places: &[usize]) -> Vec<usize> {
    let mut all: Vec<(f64, usize)> = (0..PLANTED)
        .map(|n| {
            let vector = tiers::vector(0, n);
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum::<f64>();
            (dot(query, &vector) / dot(&vector, &vector).sqrt(), n + 1)
        })
        .collect();
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    places.iter().map(|place| all[*place].1).collect()
}

fn adds_up(result: &Value, mode: &str, route: Route) {
    let told = &result["explanation"];
    let number = |name: &str| told[name].as_f64().unwrap_or_else(|| panic!("{name}: {told}"));
    let base = match mode {
        "vector" => number("similarity"),
        "text" => number("text_rank"),
        _ => {
            let places = [&told["meaning_place"], &told["words_place"]].map(Value::as_f64);
            // The first hundred of a list count; whoever is in neither counts as in the better one.
            let behind = places.into_iter().flatten().fold(f64::INFINITY, f64::min).max(101.0);
            places.into_iter().map(|place| 1.0 / (60.0 + place.unwrap_or(behind).min(behind))).sum()
        }
    };
    assert!((number("base_score") - base).abs() < 1e-12, "{mode}, {route:?}: {told}");
    let score = result["score"].as_f64().unwrap();
    assert!((score - base * number("age_factor") * number("drift_factor")).abs() < 1e-12, "{mode}, {route:?}: {result}");
    let (_, sum) = told["formula"].as_str().unwrap().rsplit_once("= ").unwrap();
    assert!((sum.parse::<f64>().unwrap() - score).abs() <= score.abs() * 1e-12, "{told}");
}

#[tokio::test]
async fn hundreds_of_old_nodes_that_are_nearer_hide_none_with_a_better_score() {
    let app = tiers::app(50, 200).await;
    let client = app.database.behind_the_scenes().await;
    tiers::plant(&client, "tenant-a", 1, 0..PLANTED).await;
    app.keeper.turn().await.unwrap();
    let query = tiers::vector(0, 10_000);
    let new = at_places(&query, &[250, 260, 270, 280, 290]);
    let numbers = format!("{new:?}").replace('[', "(").replace(']', ")");
    let sql = format!(
        "update wardgraph.embeddings set graph = 1;
         update wardgraph.nodes set last_refreshed = case when (props->>'n')::int in {numbers} then '2099-01-01Z' else '2010-01-01Z' end::timestamptz"
    );
    client.batch_execute(&sql).await.unwrap();
    let owner = app.owner("tenant-a");
    for route in Route::ALL {
        app.routes.replace(HashMap::from([("tenant-a".to_owned(), *route)]));
        for mode in ["vector", "text", "hybrid"] {
            for classes in [json!(null), json!(["Plain", "Rare"])] {
                let mut request = json!({ "mode": mode, "classes": classes, "top_k": 10, "explain": true });
                if mode != "text" {
                    request["vector"] = json!(query);
                }
                if mode != "vector" {
                    request["query"] = json!("node");
                }
                let plain = owner.post("/search", &request).await.ok();
                request["use_weighted_score"] = json!(true);
                let answer = owner.post("/search", &request).await.ok();
                let went = if mode == "text" { Route::Exact } else { *route };
                assert_eq!((&answer["route"], &answer["count"]), (&json!(went.word()), &json!(10)));
                let is_new = |result: &Value| new.contains(&usize::try_from(result["props"]["n"].as_u64().unwrap()).unwrap());
                let results = answer["results"].as_array().unwrap();
                let first = results.iter().take_while(|result| is_new(result)).count();
                // An index may miss one that it does not look at.
                let least = if went == Route::Graph { 4 } else { 5 };
                assert!(first >= least, "{mode}, {route:?}, {classes}: {answer}");
                assert!(results.windows(2).all(|pair| pair[0]["score"].as_f64() >= pair[1]["score"].as_f64()), "{answer}");
                for result in results {
                    adds_up(result, mode, went);
                    let score = result["score"].as_f64().unwrap();
                    assert_eq!(score > 1e-9, is_new(result), "{result}");
                }
                assert!(mode != "vector" || !plain["results"].as_array().unwrap().iter().any(is_new), "{plain}");
            }
        }
    }
}

#[tokio::test]
async fn weighting_that_takes_nothing_off_changes_no_result_and_no_score() {
    let app = tiers::app(1_000, 3_000).await;
    let client = app.database.behind_the_scenes().await;
    tiers::plant(&client, "tenant-a", 1, 0..PLANTED).await;
    // Some lack the words, some a vector; a few have a word that is rare. One was refreshed long ago, and drifted.
    let holes = "
        update wardgraph.nodes set content = case when (props->>'n')::int % 7 = 0 then 'rare node' else 'other' end where (props->>'n')::int % 3 = 1;
        delete from wardgraph.embeddings e using wardgraph.nodes n where e.node_id = n.node_id and (n.props->>'n')::int % 4 = 2;
        update wardgraph.nodes set last_refreshed = '2010-01-01Z', drift_score = 0.9 where (props->>'n')::int % 5 = 0";
    client.batch_execute(holes).await.unwrap();
    let owner = app.owner("tenant-a");
    let told = |answer: &Value, fields: &[&str]| -> Vec<Value> {
        let results = answer["results"].as_array().unwrap().iter();
        let of = |result: &Value| {
            let own = ["id", "score", "similarity", "text"].map(|field| result[field].clone());
            let reasons = fields.iter().map(|field| result["explanation"][field].clone());
            own.into_iter().chain(reasons).collect()
        };
        results.map(of).collect()
    };
    for mode in ["vector", "text", "hybrid"] {
        for classes in [json!(null), json!(["Plain"])] {
            for top_k in [1, 10, 100] {
                let mut request = json!({ "mode": mode, "classes": classes, "top_k": top_k, "explain": true });
                if mode != "text" {
                    request["vector"] = json!(tiers::vector(0, 10_000));
                }
                if mode != "vector" {
                    request["query"] = json!("rare node");
                }
                let plain = owner.post("/search", &request).await.ok();
                for (field, value) in
                    [("use_weighted_score", json!(true)), ("decay_lambda", json!(0.0)), ("drift_beta", json!(0.0))]
                {
                    request[field] = value;
                }
                let weighed = owner.post("/search", &request).await.ok();
                let fields = ["text_rank", "base_score", "age_days", "drift", "age_factor", "drift_factor"];
                // How well words match that lie behind the list is told where the list is deep.
                let fields = if mode == "hybrid" { &fields[1..] } else { &fields[..] };
                assert_eq!((plain["count"].as_u64(), &plain["route"]), (Some(top_k), &json!("exact")), "{mode}: {plain}");
                assert_eq!(told(&weighed, fields), told(&plain, fields), "{mode}, {classes}, {top_k}");
                for result in weighed["results"].as_array().unwrap() {
                    assert_eq!(result["score"], result["explanation"]["base_score"], "{mode}: {result}");
                }
            }
        }
    }
}

#[tokio::test]
async fn of_what_is_weighed_those_alone_that_are_shown_are_read() {
    let app = tiers::app(1_000, 3_000).await;
    let client = app.database.behind_the_scenes().await;
    tiers::plant(&client, "tenant-a", 1, 0..PLANTED).await;
    // So long that it lies outside of its row.
    let long = "update wardgraph.nodes n set content = (select string_agg(md5(n.node_id::text || i), '') from generate_series(1, 600) i)";
    client.batch_execute(long).await.unwrap();
    client.batch_execute("vacuum analyze wardgraph.nodes").await.unwrap();
    let values = |decay: f64| {
        format!("'tenant-a', 10, 16777216, {decay}, 0, now(), {PLANTED}, '{}', '{:?}'", tiers::MODEL, tiers::vector(0, 10_000))
    };
    let weighed = pages_touched(&app, "graph.search.vector.exact.weighted", &values(0.01)).await;
    let all = pages_touched(&app, "graph.search.vector.exact", &values(0.0)).await;
    for (weighed, all) in weighed.into_iter().zip(all) {
        assert!(weighed + 600 < all, "{weighed} pages for ten texts of {PLANTED}, {all} for all of them");
    }
}
