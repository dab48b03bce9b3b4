//! Fault 35: what passes through the server stays out of its logs, at the loudest level that an operator can ask for; and out of its metrics
//! and error answers.

use std::{collections::BTreeMap, fs};

use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::binary::{Server, texts_below};

/// A word for each thing that must not be told, unlike any word of the logs.
const CANARIES: &[&str] =
    &["CANARYPROP", "CANARYQUERY", "CANARYKEY", "CANARYEXTERNAL", "CANARYREL", "CANARYPATH", "CANARYTOKEN", "CANARYBODY"];

struct Visitor<'a> {
    http: Client,
    server: &'a Server,
}

impl Visitor<'_> {
    async fn ask(&self, method: Method, path: &str, token: &str, body: impl Into<reqwest::Body>) -> (u16, String) {
        let request = self.http.request(method, format!("{}{path}", self.server.base)).bearer_auth(token).body(body);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }
}

/// Calls that work and calls that fail, each with canaries wherever a caller can put a word. Returns the answers of those that were refused.
async fn converse(server: &Server, token: &str) -> Vec<(u16, String)> {
    let visitor = Visitor { http: Client::new(), server };
    let node =
        json!({ "classes": ["CANARYKEY"], "props": { "text": "CANARYPROP", "CANARYKEY": 1 }, "external_id": "CANARYEXTERNAL" });
    let (status, made) = visitor.ask(Method::POST, "/nodes", token, node.to_string()).await;
    assert_eq!(status, 201, "{made}");
    let id = serde_json::from_str::<Value>(&made).unwrap()["id"].as_str().unwrap().to_owned();
    let edge = json!({ "src": id, "rel": "CANARYREL", "dst": id, "props": { "CANARYKEY": "CANARYPROP" } }).to_string();
    assert_eq!(visitor.ask(Method::POST, "/edges", token, edge.clone()).await.0, 201);
    for mode in ["text", "vector", "hybrid"] {
        let search = json!({ "query": "CANARYQUERY", "mode": mode, "classes": ["CANARYKEY"] }).to_string();
        assert_eq!(visitor.ask(Method::POST, "/search", token, search).await.0, 200);
    }
    assert_eq!(visitor.ask(Method::GET, "/nodes?external_id=CANARYEXTERNAL&class=CANARYKEY", token, "").await.0, 200);
    let mut refused = Vec::new();
    for (method, path, token, body) in [
        (Method::POST, "/nodes", token, node.to_string()),
        (Method::POST, "/edges", token, edge),
        (Method::POST, "/edges", token, r#"{"src": "CANARYBODY", "rel": "CANARYREL", "dst": 1}"#.into()),
        (Method::POST, "/nodes", token, r#"{"classes": ["CANARYKEY"], "props": "CANARYPROP"}"#.into()),
        (Method::POST, "/nodes", token, r#"{"classes": ["CANARYKEY"], "props": {"CANARYPROP": "\u0000"}}"#.into()),
        (
            Method::POST,
            "/nodes/batch",
            token,
            r#"{"nodes": [{"classes": [], "props": {"text": "CANARYPROP"}}], "CANARYKEY": 7}"#.into(),
        ),
        (Method::POST, "/search", token, r#"{"query": "CANARYQUERY", "top_k": 1000}"#.into()),
        (Method::POST, "/search", token, "CANARYBODY".into()),
        (Method::POST, "/search", token, r#"{"query": "CANARYQUERY", "vector": [1]}"#.into()),
        (Method::GET, "/CANARYPATH", token, String::new()),
        (Method::GET, "/nodes/CANARYPATH", token, String::new()),
        (Method::GET, "/nodes?cursor=CANARYPATH", token, String::new()),
        (Method::GET, "/nodes?limit=CANARYPATH", token, String::new()),
        (Method::PUT, "/nodes", token, "CANARYBODY".into()),
        (Method::GET, "/nodes", "CANARYTOKEN", String::new()),
        (Method::GET, "/nodes", &format!("{token}CANARYTOKEN"), String::new()),
        (Method::GET, "/nodes", token, "CANARYBODY".into()),
    ] {
        let what = format!("{method} {path}");
        let (status, answer) = visitor.ask(method, path, token, body).await;
        assert!((400..500).contains(&status), "{what}: {status} {answer}");
        refused.push((status, answer));
    }
    // A token in the query, where the OAuth server takes one.
    let client = "client_id=CANARYKEY&client_secret=CANARYTOKEN";
    for (method, path, body) in [
        (Method::GET, format!("/oauth2/introspect?token=CANARYTOKEN&{client}"), String::new()),
        (Method::POST, "/oauth2/introspect".to_owned(), format!("token=CANARYTOKEN&{client}")),
        (Method::POST, "/oauth2/token".to_owned(), format!("grant_type=CANARYBODY&{client}")),
    ] {
        let (status, answer) = visitor.ask(method, &path, token, body).await;
        assert!((400..500).contains(&status) && !answer.contains("CANARY"), "{path}: {status} {answer}");
    }
    // The worker reads the texts, and the log's writer what was refused.
    for _ in 0..100 {
        let (_, read) = visitor.ask(Method::GET, &format!("/nodes/{id}"), token, "").await;
        if read.contains("\"ready\"") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    tokio::time::sleep(std::time::Duration::from_millis(1_200)).await;
    refused
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_passes_through_stays_out_of_logs_metrics_and_errors() {
    let secret = "CANARYSECRET-0123456789-0123456789-0123456789";
    let mut server = Server::start(&[("WARDGRAPH_LOG__FILTER", "trace"), ("JWT_SECRET_KEY", secret), ("JWT_ALGORITHM", "HS256")]);
    let token = server.mint("canarytenant", "kg:write,search:read");
    let refused = converse(&server, &token).await;
    // No HTTP at all: logged at the level `debug`, which shows below that the log is that loud.
    let mut stream = std::net::TcpStream::connect(server.base.trim_start_matches("http://")).unwrap();
    std::io::Write::write_all(&mut stream, b"CANARYBODY CANARYPATH\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = std::io::Read::read_to_end(&mut stream, &mut answer);

    // No answer tells of the inside.
    for (status, answer) in refused {
        let told = answer.to_lowercase();
        for inside in [
            "select ",
            "insert ",
            "wardgraph.",
            "postgres",
            "/src/",
            ".rs:",
            "panicked",
            "tokio",
            "/tmp/",
            "canarysecret",
            "constraint",
        ] {
            assert!(!told.contains(inside), "{status} tells `{inside}`: {answer}");
        }
        assert!(answer.contains("\"request_id\""), "{answer}");
        assert!(!answer.contains(&token), "{answer}");
    }

    // No tenant is a label. The outside issuer's ceiling is below `system:read`, so the data folder's own key signs.
    let own = BTreeMap::from([("JWT_ENABLED", "false")]);
    let own: Vec<_> = own.into_iter().collect();
    let data = server.data();
    let arguments = ["token", "mint", "--tenant", "operator", "--scopes", "system:read", "--data-dir", data.to_str().unwrap()];
    let operator = String::from_utf8(crate::binary::run(&own, &arguments).stdout).unwrap();
    let metrics = Client::new().get(format!("{}/metrics", server.base)).bearer_auth(operator.trim()).send().await.unwrap();
    assert_eq!(metrics.status(), 200);
    let metrics = metrics.text().await.unwrap();
    assert!(metrics.contains("wardgraph_http_request_duration_seconds") && metrics.contains("CreateNode"), "{metrics}");
    // What every program tells of itself.
    for name in ["process_resident_memory_bytes", "process_cpu_seconds_total", "process_start_time_seconds"] {
        assert!(metrics.lines().any(|line| line.starts_with(&format!("{name} "))), "{name} is not in {metrics}");
    }
    // What is counted may be tenants; no name of one is a label, or a value.
    let mut samples =
        metrics.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.find(['{', ' ']).map(|end| &line[end..]));
    let named = samples.find(|sample| ["canary", "tenant", "operator"].iter().any(|name| sample.to_lowercase().contains(name)));
    assert!(named.is_none() && !metrics.to_lowercase().contains("canary"), "{named:?} in {metrics}");

    // The logs, of the server and of Postgres, once all is written.
    assert!(server.stop(), "the server did not end well: {}", server.log());
    let postgres = texts_below(&data, |name| name.starts_with("postgres.log"));
    assert!(postgres.contains("database system is ready"), "Postgres's log was not found: {postgres}");
    let log = server.log();
    assert!(log.contains("DEBUG"), "the log is not loud: {log}");
    for (name, text) in [("the server's log", &log), ("Postgres's log", &postgres)] {
        for canary in CANARIES.iter().chain(&["CANARYSECRET"]) {
            let line = text.lines().find(|line| line.to_uppercase().contains(canary));
            assert!(line.is_none(), "{name} tells {canary}: {line:?}");
        }
        // A token's parts: its claims and its signature.
        for part in token.split('.').skip(1) {
            assert!(!text.contains(part), "{name} tells a token");
        }
    }
    for entry in fs::read_dir(data.join("secrets")).unwrap().flatten() {
        let kept = fs::read_to_string(entry.path()).unwrap();
        let lines = kept.lines().filter(|line| line.len() > 20 && !line.starts_with("-----"));
        for line in lines {
            assert!(!log.contains(line) && !postgres.contains(line), "a log tells {}", entry.path().display());
        }
    }
}
