//! The real server with an embedding service of the test's own beside it.

mod away;
mod change;
mod killed;
mod service;
mod serving;
mod wrong;

use std::{
    future::Future,
    time::{Duration, Instant},
};

use reqwest::{Method, header::HeaderMap};
use serde_json::{Value, json};

use crate::binary::Server;
use service::Service;

/// The service's key. It must be met nowhere but in what the service is sent.
pub(crate) const KEY: &str = "canary-key-of-the-service";
const DIMENSION: usize = 48;

/// A server that asks a service, and somebody who calls it.
pub(crate) struct Site {
    pub(crate) server: Server,
    pub(crate) service: Service,
    http: reqwest::Client,
    token: String,
    operator: String,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{}: {}", self.status, self.text);
        self.body
    }
}

impl Site {
    /// Starts both. The client of the service is hasty, unless the test says otherwise.
    pub(crate) async fn start(dimension: usize, settings: &[(&str, &str)]) -> Self {
        let service = Service::start(dimension).await;
        let (base, dimension) = (format!("http://127.0.0.1:{}/v1", service.port), dimension.to_string());
        let usual = [
            ("WARDGRAPH_EMBEDDING__MODEL", "openai"),
            ("WARDGRAPH_EMBEDDING__BASE_URL", &base),
            ("WARDGRAPH_EMBEDDING__API_KEY", KEY),
            ("WARDGRAPH_EMBEDDING__SERVICE_MODEL", "one"),
            ("WARDGRAPH_EMBEDDING__DIMENSION", &dimension),
            ("WARDGRAPH_EMBEDDING__TIMEOUT_MS", "1500"),
            ("WARDGRAPH_EMBEDDING__DEADLINE_MS", "10000"),
            ("WARDGRAPH_EMBEDDING__RETRIES", "1"),
            ("WARDGRAPH_LIMITS__SEARCH_BURST", "1000000"),
            ("WARDGRAPH_LIMITS__SEARCH_SUSTAINED", "1000000"),
        ];
        let settings: Vec<_> = usual.into_iter().chain(settings.iter().copied()).collect();
        let server = Server::start(&settings);
        let token = server.mint("tenant-a", "nodes:write,search:read");
        let operator = server.mint("operator", "system:read");
        Self { server, service, operator, http: reqwest::Client::builder().no_proxy().build().unwrap(), token }
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        self.ask_as(&self.token, method, path, body).await
    }

    pub(crate) async fn ask_as(&self, token: &str, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let request = self.http.request(method, format!("{}{path}", self.server.base)).bearer_auth(token);
        let request = body.into_iter().fold(request, |request, body| request.json(body));
        let response = request.send().await.unwrap();
        let (status, headers, text) = (response.status().as_u16(), response.headers().clone(), response.text().await.unwrap());
        Answer { status, headers, body: serde_json::from_str(&text).unwrap_or_default(), text }
    }

    /// Makes a node with this text; returns its id.
    pub(crate) async fn node(&self, text: &str) -> String {
        let made = self.ask(Method::POST, "/nodes", Some(&json!({ "classes": ["T"], "props": { "text": text } }))).await.ok();
        made["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn nodes(&self, texts: &[String]) {
        let nodes: Vec<_> = texts.iter().map(|text| json!({ "classes": ["T"], "props": { "text": text } })).collect();
        self.ask(Method::POST, "/nodes/batch", Some(&json!({ "nodes": nodes }))).await.ok();
    }

    pub(crate) async fn status(&self, id: &str) -> String {
        let node = self.ask(Method::GET, &format!("/nodes/{id}"), None).await.ok();
        node["embedding_status"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn search(&self, request: &Value) -> Answer {
        self.ask(Method::POST, "/search", Some(request)).await
    }

    /// Searches for these words in this way, among as many as there are.
    pub(crate) async fn find(&self, mode: &str, query: &str) -> Answer {
        self.search(&json!({ "query": query, "mode": mode, "top_k": 100 })).await
    }

    pub(crate) async fn until_ready(&self, id: &str) {
        until("a node is ready", async || self.status(id).await == "ready").await;
    }

    /// Whether the server leaves the service alone in this lane, as its metrics have it.
    pub(crate) async fn leaves_alone(&self, lane: &str) -> bool {
        let metrics = self.ask_as(&self.operator, Method::GET, "/metrics", None).await;
        assert_eq!(metrics.status, 200, "{}", metrics.text);
        metrics.text.contains(&format!("wardgraph_embedding_service_away{{lane=\"{lane}\"}} 1"))
    }

    /// Nothing that the server wrote or told has the service's key in it.
    pub(crate) async fn keeps_the_key(&mut self, told: &[String]) {
        let metrics = self.ask_as(&self.operator, Method::GET, "/metrics", None).await;
        assert_eq!(metrics.status, 200, "{}", metrics.text);
        assert!(metrics.text.contains("wardgraph_embedding"), "{}", metrics.text);
        assert!(self.server.stop(), "the server did not end well: {}", self.server.log());
        let postgres = crate::binary::texts_below(&self.server.data(), |name| name.starts_with("postgres.log"));
        let log = self.server.log();
        for text in told.iter().chain([&metrics.text, &log, &postgres]) {
            assert!(!text.contains(KEY), "the key is told: {text}");
        }
    }
}

/// Waits until something is so; it comes by itself within a minute.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, is_so: impl Fn() -> F) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < Duration::from_secs(60), "it does not come to this: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
