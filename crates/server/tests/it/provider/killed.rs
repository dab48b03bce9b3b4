//! A server that is killed while the service works for it.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use super::{DIMENSION, Site, service::Line, until};

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_server_was_at_has_its_vectors_half_a_minute_later() {
    let mut site = Site::start(DIMENSION, &[("WARDGRAPH_EMBEDDING__TIMEOUT_MS", "30000")]).await;
    site.service.says(Line::Held("heron"));
    let texts: Vec<String> = (0..300).map(|number| format!("heron {number}")).collect();
    let nodes: Vec<_> = texts.iter().map(|text| json!({ "classes": ["T"], "props": { "text": text } })).collect();
    let made = site.ask(Method::POST, "/nodes/batch", Some(&json!({ "nodes": nodes }))).await.ok();
    until("the service is asked", async || !site.service.asked().is_empty()).await;
    site.server.kill();
    let killed = Instant::now();
    site.service.let_go();
    site.server.start_again();
    for node in made["results"].as_array().unwrap() {
        site.until_ready(node["id"].as_str().unwrap()).await;
    }
    assert!(killed.elapsed() < Duration::from_secs(50), "{:?}", killed.elapsed());
}
