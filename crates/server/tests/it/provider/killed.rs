//! A server that is killed while the service works for it.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use super::{DIMENSION, Site, service::Line, until};

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_server_was_at_has_its_vectors_half_a_minute_later() {
    let mut site = Site::start(DIMENSION, &[("WARDGRAPH_EMBEDDING__TIMEOUT_MS", "9000")]).await;
    site.service.says(Line::Held("heron"));
    let texts: Vec<String> = (0..300).map(|number| format!("heron {number}")).collect();
    site.nodes(&texts).await;
    until("the service is asked", async || !site.service.asked().is_empty()).await;
    site.server.kill();
    let killed = Instant::now();
    site.service.let_go();
    site.server.start_again();
    let waiting = async || {
        let page = site.ask(Method::GET, "/nodes?has_embedding=false&limit=1", None).await.ok();
        page["nodes"].as_array().unwrap().len()
    };
    assert_eq!(waiting().await, 1, "what was claimed waits");
    until("all have their vectors", async || waiting().await == 0).await;
    assert!(killed.elapsed() < Duration::from_secs(50), "{:?}", killed.elapsed());
    let one = json!({ "vector": site.service.vector("one", "heron 299"), "top_k": 1 });
    assert!(site.search(&one).await.ok()["results"][0]["similarity"].as_f64().unwrap() > 0.999);
}
