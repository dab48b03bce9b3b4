//! A service that hangs, fails, or wants to be left alone: who waits for it, and who does not.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use super::{DIMENSION, Site, service::Line, until};

/// Less than a try at a service that hangs, and more than a slow machine takes for a search by words.
const AT_ONCE: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_a_service_that_hangs_but_the_first_and_jobs_wait_for_it_unharmed() {
    let site = Site::start(DIMENSION, &[]).await;
    let id = site.node("a heron stands in the reeds").await;
    site.until_ready(&id).await;
    site.service.says(Line::Held(""));
    let late = "an egret that came late";
    let waiting = site.node(late).await;
    let mut number = 0;
    while !site.leaves_alone("query").await {
        let found = site.find("hybrid", &format!("heron {number}")).await.ok();
        assert_eq!((&found["mode"], &found["partial"]["reason"]), (&json!("text"), &json!("model_unavailable")), "{found}");
        number += 1;
        assert!(number < 10, "each waits for it");
    }
    // Whoever asks is answered by words at once, and says nothing to the service.
    for number in 0..10 {
        let query = format!("heron of whoever comes later {number}");
        let began = Instant::now();
        let found = site.find("hybrid", &query).await.ok();
        let lacks = json!({ "reason": "model_unavailable", "searchable": null, "waiting": null });
        assert_eq!((&found["mode"], &found["partial"]), (&json!("text"), &lacks));
        let refused = site.find("vector", &query).await;
        assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
        assert_eq!((refused.status, &refused.body["type"]), (503, &json!("urn:wardgraph:problem:embedding-unavailable")));
        let seconds: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=60).contains(&seconds), "{seconds}");
        assert!(site.service.asked_for(&query).is_empty(), "it is asked for a query while it is left alone");
    }
    assert_eq!(site.find("hybrid", "heron").await.ok()["count"], json!(1), "words find what they found before");

    until("documents leave it alone too", async || site.leaves_alone("document").await).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let asked = site.service.asked_for(late).len();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(site.service.asked_for(late).len(), asked, "the worker goes on asking");
    assert_eq!(site.status(&waiting).await, "queued");

    site.service.let_go();
    site.until_ready(&waiting).await;
    let history = site.ask(Method::GET, &format!("/nodes/{waiting}/embeddings"), None).await.ok();
    assert_eq!((&history["count"], &history["last_error"]), (&json!(1), &Value::Null), "an outage is no text's fault");
    until("searches ask it again", async || site.find("vector", "egret").await.status == 200).await;
    assert_eq!(site.find("hybrid", "egret").await.ok()["mode"], json!("hybrid"));
    for lane in ["query", "document"] {
        until("the metrics say so", async || !site.leaves_alone(lane).await).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_of_one_tenant_that_the_service_fails_at_take_it_from_nobody() {
    let site = Site::start(DIMENSION, &[("WARDGRAPH_EMBEDDING__RETRIES", "0")]).await;
    let hostile = site.server.mint("tenant-b", "nodes:write,search:read");
    let mut number = 0;
    for status in [500, 503, 429, 400, 413, 422] {
        site.service.says(Line::Failing("venom", status));
        let node = json!({ "classes": ["T"], "props": { "text": format!("venom of {status}") } });
        site.ask_as(&hostile, Method::POST, "/nodes", Some(&node)).await.ok();
        for _ in 0..8 {
            number += 1;
            let query = json!({ "query": format!("venom {number}"), "mode": "vector" });
            let refused = site.ask_as(&hostile, Method::POST, "/search", Some(&query)).await;
            assert_eq!(refused.status, if [400, 413, 422].contains(&status) { 422 } else { 503 }, "{}", refused.text);
            let found = site.find("vector", &format!("heron {number}")).await;
            assert_eq!(found.status, 200, "after {status}: {}", found.text);
        }
        let good = site.node(&format!("a heron beside {status}")).await;
        site.until_ready(&good).await;
        assert!(!site.leaves_alone("query").await && !site.leaves_alone("document").await, "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_says_when_to_come_back_is_asked_by_no_search_until_then() {
    let site = Site::start(DIMENSION, &[]).await;
    let began = Instant::now();
    site.service.says(Line::Status(429, "retry-after: 6\r\n".into()));
    assert_eq!(site.find("vector", "a query in vain").await.status, 503);
    until("it is left alone", async || site.leaves_alone("query").await).await;
    // It would answer by now; it is taken at its word.
    site.service.says(Line::Good);
    let refused = site.find("vector", "a heron").await;
    let seconds: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!(refused.status == 503 && (1..=7).contains(&seconds), "{}: {seconds}", refused.status);
    let asked = site.service.asked().len();
    assert!(asked <= 3, "the query, the witness, and one that came in between: {asked}");
    until("searches ask it again", async || site.find("vector", "a heron").await.status == 200).await;
    assert!(began.elapsed() >= Duration::from_secs(6), "{:?}", began.elapsed());
    let again = site.service.asked().into_iter().nth(asked).unwrap();
    assert!(again.at - began >= Duration::from_secs(6), "asked before it wanted to be");
    assert_eq!(again.texts, ["a witness"], "nobody's query finds out whether it is back");
}
