//! What a service makes of nodes and queries, and what is told while it is away.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{DIMENSION, KEY, Site, service::Line, until};

#[tokio::test(flavor = "multi_thread")]
async fn nodes_are_embedded_by_a_service_in_batches_and_found_and_it_alone_is_shown_the_key() {
    // Patient: each text is asked for once, however slow a loud log makes it.
    let settings = [
        ("WARDGRAPH_EMBEDDING__BATCH", "7"),
        ("WARDGRAPH_EMBEDDING__TIMEOUT_MS", "9000"),
        ("WARDGRAPH_EMBEDDING__QUERY_TIMEOUT_MS", "9000"),
        ("WARDGRAPH_LOG__FILTER", "trace"),
    ];
    let mut site = Site::start(DIMENSION, &settings).await;
    let id = site.node("a heron stands in the reeds").await;
    site.until_ready(&id).await;
    let texts: Vec<String> = (0..40).map(|number| format!("an otter with number {number}")).collect();
    site.nodes(&texts).await;
    until("all are found by meaning", async || {
        let found = site.find("vector", "otter reeds").await.ok();
        found["count"] == json!(41) && found.get("partial").is_none()
    })
    .await;
    let found = site.find("vector", "heron reeds").await.ok();
    assert_eq!((&found["results"][0]["id"], &found["mode"]), (&json!(id), &json!("vector")));
    let similarity = found["results"][0]["similarity"].as_f64().unwrap();
    assert!(similarity > 0.3, "{similarity}");

    let asked = site.service.asked();
    assert!(asked.iter().all(|asked| asked.texts.len() <= 7 && asked.model == "one"), "{asked:?}");
    assert!(asked.iter().any(|asked| asked.texts.len() == 7), "{asked:?}");
    for text in &texts {
        assert_eq!(site.service.asked_for(text).len(), 1, "`{text}` is embedded once");
    }
    for asked in &asked {
        assert!(asked.head.starts_with("POST /v1/embeddings HTTP/1.1\r\n"), "{}", asked.head);
        assert!(asked.head.contains(&format!("Bearer {KEY}")), "{}", asked.head);
    }
    // A service that repeats the key in its refusals is not repeated.
    let mut told = Vec::new();
    for (number, status) in [401, 403, 404, 500].into_iter().enumerate() {
        site.service.says(Line::Status(status, String::new()));
        let refused = site.find("vector", &format!("a query of status {number}")).await;
        assert_eq!((refused.status, &refused.body["type"]), (503, &json!("urn:wardgraph:problem:embedding-unavailable")));
        assert!(!refused.text.contains("127.0.0.1"), "{}", refused.text);
        told.push(refused.text);
    }
    site.service.says(Line::Status(400, String::new()));
    let poisoned = site.node("a text that the service refuses").await;
    until("the refusal is told", async || {
        let told = site.ask(Method::GET, &format!("/nodes/{poisoned}/embeddings"), None).await.ok();
        !told["last_error"].is_null()
    })
    .await;
    told.push(site.ask(Method::GET, &format!("/nodes/{poisoned}/embeddings"), None).await.text);
    site.keeps_the_key(&told).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_service_is_away_words_go_on_and_what_lacks_meaning_says_so() {
    let mut site = Site::start(DIMENSION, &[]).await;
    let id = site.node("a heron stands in the reeds").await;
    site.until_ready(&id).await;
    assert_eq!(site.find("vector", "asked before").await.ok()["count"], json!(1));
    site.service.goes().await;

    let refused = site.find("vector", "heron").await;
    assert_eq!((refused.status, &refused.body["type"]), (503, &json!("urn:wardgraph:problem:embedding-unavailable")));
    let seconds: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert!(refused.body["detail"].as_str().unwrap().contains("search by words"), "{}", refused.text);
    assert!(!refused.text.contains("127.0.0.1") && !refused.text.contains(&site.service.port.to_string()), "{}", refused.text);

    let by_words = site.find("text", "heron").await.ok();
    assert!(by_words["count"] == json!(1) && by_words.get("partial").is_none(), "{by_words}");
    let both = site.find("hybrid", "heron").await.ok();
    assert_eq!((&both["count"], &both["mode"], &both["query"]), (&json!(1), &json!("text"), &json!("heron")));
    let lacks = json!({ "reason": "model_unavailable", "searchable": null, "waiting": null });
    assert_eq!((&both["partial"], &both["results"][0]["similarity"]), (&lacks, &Value::Null));
    // What needs no model has no trouble: a ready vector, beside words too, and what was asked a moment ago.
    let vector = site.service.vector("one", "heron");
    for request in [
        json!({ "vector": vector }),
        json!({ "vector": vector, "query": "heron" }),
        json!({ "query": "asked before", "mode": "vector" }),
    ] {
        let found = site.search(&request).await.ok();
        assert!(found["count"] == json!(1) && found["partial"]["reason"] != json!("model_unavailable"), "{found}");
        assert!(found["results"][0]["similarity"].is_number(), "{found}");
    }
    // What is written waits, and costs nothing.
    let late = site.node("an egret that came late").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(site.status(&late).await, "queued");
    assert_eq!(site.find("text", "egret").await.ok()["count"], json!(1));
    site.service.comes_back().await;
    site.until_ready(&late).await;
    until("searches ask it again", async || site.find("hybrid", "egret").await.ok()["mode"] == json!("hybrid")).await;
    let found = site.find("hybrid", "egret").await.ok();
    assert_eq!((&found["mode"], &found["results"][0]["id"]), (&json!("hybrid"), &json!(late)));
    let history = site.ask(Method::GET, &format!("/nodes/{late}/embeddings"), None).await.ok();
    assert_eq!(
        (&history["count"], &history["last_error"]),
        (&json!(1), &Value::Null),
        "a service that is away is no text's fault"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_says_when_to_come_back_is_left_alone_until_then() {
    let site = Site::start(DIMENSION, &[]).await;
    site.service.says(Line::Status(429, "retry-after: 3\r\n".into()));
    let text = "a heron that is asked for twice";
    let id = site.node(text).await;
    until("the service is asked", async || !site.service.asked_for(text).is_empty()).await;
    site.service.says(Line::Good);
    site.until_ready(&id).await;
    let asked = site.service.asked_for(text);
    assert_eq!(asked.len(), 2, "{asked:?}");
    let waited = asked[1].at - asked[0].at;
    assert!(waited >= Duration::from_millis(2_900), "{waited:?}");
    // Longer than a query may wait: whoever searches is told to wait, and the service is asked once.
    site.service.says(Line::Status(429, "retry-after: 7\r\n".into()));
    let refused = site.find("vector", "a query in vain").await;
    assert_eq!((refused.status, refused.headers["retry-after"].to_str().unwrap()), (503, "7"));
    assert_eq!(site.service.asked_for("a query in vain").len(), 1);
    assert_eq!(site.find("hybrid", "a heron").await.ok()["partial"]["reason"], json!("model_unavailable"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_of_more_dimensions_than_an_index_takes_is_searched_all_the_same() {
    let site = Site::start(5_000, &[]).await;
    let (near, far) = (site.node("a heron stands in the reeds").await, site.node("an engine of four cylinders").await);
    site.until_ready(&near).await;
    site.until_ready(&far).await;
    let ready = site.search(&json!({ "vector": site.service.vector("one", "heron reeds") })).await.ok();
    assert_eq!((&ready["count"], &ready["results"][0]["id"]), (&json!(2), &json!(near)));
    assert_eq!(site.find("hybrid", "engine").await.ok()["results"][0]["id"], json!(far));
    let health = site.ask(Method::GET, "/health", None).await.ok();
    assert_eq!(health["embedding_model"], json!("openai:one:5000"));
    assert!(site.server.log().contains("more than 4,000"), "the operator is told: {}", site.server.log());
}
