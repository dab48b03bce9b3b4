//! A service that answers what it must not: nothing of it is kept, and nobody is led anywhere.

use std::{io::ErrorKind, net::TcpListener, time::Duration};

use reqwest::Method;
use serde_json::json;

use super::{
    DIMENSION, Site,
    service::{Line, list},
    until,
};

fn of(number: &str) -> Line {
    let numbers = vec![number; DIMENSION].join(", ");
    Line::Body(format!(r#"{{"data": [{{"index": 0, "embedding": [{numbers}]}}]}}"#))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_answer_is_never_kept_and_a_good_one_after_it_is() {
    let mut site = Site::start(DIMENSION, &[("WARDGRAPH_EMBEDDING__RETRIES", "0")]).await;
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let there = format!("location: http://{}/v1/embeddings\r\n", elsewhere.local_addr().unwrap());
    let right = vec![0.5; DIMENSION];
    let mut told = Vec::new();
    for (number, line) in [
        Line::Body(list(&[vec![0.5; DIMENSION - 1]])),
        Line::Body(list(&[vec![0.5; DIMENSION + 1]])),
        Line::Body(list(&[])),
        Line::Body(list(&[right.clone(), right.clone()])),
        Line::Body(json!({ "data": [{ "index": 1, "embedding": right }] }).to_string()),
        of("NaN"),
        of("1e300"),
        of("null"),
        of("0"),
        of("1e-300"),
        Line::Body("<html>maintenance</html>".into()),
        Line::Huge(8 << 20),
        Line::Slow,
        Line::Status(307, there.clone()),
        Line::Status(301, there),
    ]
    .into_iter()
    .enumerate()
    {
        let (text, query) = (format!("a heron of answer {number}"), format!("a query of answer {number}"));
        site.service.says(line.clone());
        let refused = site.find("vector", &query).await;
        assert_eq!(refused.status, 503, "{line:?}: {}", refused.text);
        assert_eq!(refused.body["type"], json!("urn:wardgraph:problem:embedding-unavailable"), "{line:?}");
        assert!(refused.headers.contains_key("retry-after"), "{line:?}");
        told.push(refused.text);
        assert_eq!(site.find("hybrid", &query).await.ok()["partial"]["reason"], json!("model_unavailable"), "{line:?}");
        let id = site.node(&text).await;
        // Asked for the second time, it has made up its mind about the first answer.
        until("the service is asked twice", async || site.service.asked_for(&text).len() > 1).await;
        let path = format!("/nodes/{id}/embeddings");
        let history = site.ask(Method::GET, &path, None).await.ok();
        assert_eq!((&history["count"], &history["status"]), (&json!(0), &json!("queued")), "{line:?}: {history}");
        site.service.says(Line::Good);
        site.until_ready(&id).await;
        assert_eq!(site.ask(Method::GET, &path, None).await.ok()["count"], json!(1));
        let found = site.search(&json!({ "vector": site.service.vector("one", &text), "top_k": 1 })).await.ok();
        assert!(found["results"][0]["similarity"].as_f64().unwrap() > 0.999, "{line:?}: {found}");
        // And what was refused for a query is not remembered.
        until("searches ask it again", async || site.find("vector", &query).await.status == 200).await;
        assert_eq!(site.find("vector", &query).await.ok()["mode"], json!("vector"));
    }
    assert_eq!(elsewhere.accept().map(drop).map_err(|error| error.kind()), Err(ErrorKind::WouldBlock), "it was led elsewhere");
    site.keeps_the_key(&told).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_changes_while_the_service_is_at_the_old_one_is_found_by_the_new() {
    let site = Site::start(DIMENSION, &[("WARDGRAPH_EMBEDDING__TIMEOUT_MS", "9000")]).await;
    site.service.says(Line::Held("heron"));
    let id = site.node("an old text of the heron").await;
    until("the service is asked", async || !site.service.asked_for("an old text of the heron").is_empty()).await;
    let new = "a new text of otters";
    site.ask(Method::PATCH, &format!("/nodes/{id}"), Some(&json!({ "props": { "text": new } }))).await.ok();
    // The other worker is at the new text, while the first waits for the old one's vector.
    site.until_ready(&id).await;
    site.service.let_go();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let history = site.ask(Method::GET, &format!("/nodes/{id}/embeddings"), None).await.ok();
    assert_eq!((&history["count"], &history["status"]), (&json!(1), &json!("ready")), "{history}");
    let found = site.search(&json!({ "vector": site.service.vector("one", new) })).await.ok();
    assert!(found["results"][0]["similarity"].as_f64().unwrap() > 0.999, "{found}");
}
