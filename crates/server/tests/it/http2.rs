//! HTTP/2 over TLS, with a client that keeps to its rules and with one that does not.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use h2::{
    Reason,
    client::{Builder, SendRequest},
};
use http::Request;
use rustls::version::TLS13;
use serde_json::{Value, json};
use wardgraph_http::{ServeLimits, Tls};
use wardgraph_testkit::{App, AppOptions};

use crate::certificates::{Authority, Files, alive, client, connect};

struct Site {
    app: App,
    authority: Authority,
    _files: Files,
}

impl Site {
    async fn new(serving: ServeLimits) -> Self {
        let authority = Authority::new("authority");
        let files = Files::new(&authority.server());
        let tls = Some(Arc::new(Tls::open(files.tls(None)).unwrap()));
        let app = App::with(AppOptions { tls, serving, ..AppOptions::default() }).await;
        Self { app, authority, _files: files }
    }

    /// A connection of HTTP/2; the task ends with it.
    async fn connect(&self, builder: &Builder) -> (SendRequest<Bytes>, tokio::task::JoinHandle<Result<(), h2::Error>>) {
        let stream = connect(&self.app.base, &client(&self.authority, &[&TLS13], &["h2"], None)).await.unwrap();
        let (send, connection) = builder.handshake(stream).await.unwrap();
        (send, tokio::spawn(connection))
    }

    /// That someone else is served as if nothing were.
    async fn is_well(&self) {
        let config = client(&self.authority, &[&TLS13], &[], None);
        assert_eq!(alive(&self.app.base, &config).await.unwrap(), 200);
    }
}

fn request(method: &str, path: &str, token: Option<&str>) -> Request<()> {
    let request = Request::builder().method(method).uri(format!("https://localhost{path}"));
    token.into_iter().fold(request, |request, token| request.header("authorization", format!("Bearer {token}"))).body(()).unwrap()
}

async fn answer(response: h2::client::ResponseFuture) -> (u16, Value) {
    let (parts, mut body) = response.await.unwrap().into_parts();
    let mut text = Vec::new();
    while let Some(data) = body.data().await {
        let data = data.unwrap();
        body.flow_control().release_capacity(data.len()).unwrap();
        text.extend_from_slice(&data);
    }
    (parts.status.as_u16(), serde_json::from_slice(&text).unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_of_one_connection_run_side_by_side() {
    let site = Site::new(ServeLimits::default()).await;
    let token = site.app.owner("tenant-a").token.unwrap();
    let (send, _) = site.connect(&Builder::new()).await;
    let asked = (0..50).map(async |n| {
        let mut send = send.clone().ready().await.unwrap();
        let (response, mut body) = send.send_request(request("POST", "/nodes", Some(&token)), false).unwrap();
        let node = json!({ "classes": ["A"], "props": { "text": format!("node {n}") } });
        body.send_data(node.to_string().into(), true).unwrap();
        answer(response).await
    });
    for (status, node) in futures_util::future::join_all(asked).await {
        assert_eq!(status, 201, "{node}");
    }
    let mut send = send.ready().await.unwrap();
    let (response, _) = send.send_request(request("GET", "/nodes?limit=100", Some(&token)), true).unwrap();
    assert_eq!(answer(response).await.1["count"], 50);
    // A refusal is a document here too, a stranger's large body included.
    let (response, mut body) = send.send_request(request("POST", "/nodes", None), false).unwrap();
    body.send_data(vec![b'x'; 30_000].into(), true).unwrap();
    let (status, problem) = answer(response).await;
    assert_eq!((status, &problem["status"]), (401, &json!(401)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_resets_what_it_asks_is_cut_off() {
    let site = Site::new(ServeLimits::default()).await;
    let token = site.app.owner("tenant-a").token.unwrap();
    for (what, path, token) in [("a stranger", "/nodes", None), ("a tenant", "/nodes?limit=100", Some(token.as_str()))] {
        let (mut send, connection) = site.connect(&Builder::new()).await;
        let mut asked = 0;
        while asked < 20_000 {
            send = match send.ready().await {
                Ok(ready) => ready,
                Err(_) => break,
            };
            let Ok((_, mut body)) = send.send_request(request("POST", path, token), false) else { break };
            body.send_reset(Reason::CANCEL);
            asked += 1;
        }
        assert!(asked < 20_000, "{what} could go on for ever");
        let ended = tokio::time::timeout(Duration::from_secs(10), connection).await;
        assert!(ended.is_ok(), "{what}: the connection is still there");
        site.is_well().await;
    }
}

#[tokio::test]
async fn streams_of_a_connection_are_bounded() {
    let site = Site::new(ServeLimits { streams: 3, ..ServeLimits::default() }).await;
    let (send, _) = site.connect(&Builder::new()).await;
    let mut send = send.ready().await.unwrap();
    // The server's settings arrive with its first answer at the latest.
    let (response, _) = send.send_request(request("GET", "/health/live", None), true).unwrap();
    assert_eq!(answer(response).await.0, 200);
    assert_eq!(send.current_max_send_streams(), 3);
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused_and_the_next_is_served() {
    let site = Site::new(ServeLimits::default()).await;
    let (send, _) = site.connect(&Builder::new()).await;
    let mut send = send.ready().await.unwrap();
    let mut large = request("GET", "/health/live", None);
    large.headers_mut().insert("x", "y".repeat(40_000).parse().unwrap());
    let (response, _) = send.send_request(large, true).unwrap();
    let refused = response.await.map_or(431, |response| response.status().as_u16());
    assert_eq!(refused, 431);
    let (response, _) = send.send_request(request("GET", "/health/live", None), true).unwrap();
    assert_eq!(answer(response).await.0, 200);
}

#[tokio::test]
async fn a_length_that_lies_is_not_believed() {
    let site = Site::new(ServeLimits::default()).await;
    let token = site.app.owner("tenant-a").token.unwrap();
    let (send, _) = site.connect(&Builder::new()).await;
    let mut send = send.ready().await.unwrap();
    let node = r#"{"classes": ["A"], "props": {}}"#;
    for length in [4, 4_000] {
        let mut lying = request("POST", "/nodes", Some(&token));
        lying.headers_mut().insert("content-length", length.into());
        let (response, mut body) = send.send_request(lying, false).unwrap();
        let _ = body.send_data(node.into(), true);
        let served = response.await.is_ok_and(|response| response.status().is_success());
        assert!(!served, "a body of {} bytes with a length of {length}", node.len());
    }
    let (response, _) = send.send_request(request("GET", "/nodes", Some(&token)), true).unwrap();
    assert_eq!(answer(response).await.1["count"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_not_read_ends_its_connection() {
    let site = Site::new(ServeLimits { unread_within: Duration::from_secs(1), ..ServeLimits::default() }).await;
    // Not a byte of an answer may be sent to this client: the socket is never the reason to wait.
    let (mut send, connection) = site.connect(Builder::new().initial_window_size(0)).await;
    let mut unread = Vec::new();
    for _ in 0..20 {
        send = send.ready().await.unwrap();
        unread.push(send.send_request(request("GET", "/health/live", None), true).unwrap());
    }
    let began = Instant::now();
    let ended = tokio::time::timeout(Duration::from_secs(10), connection).await;
    assert!(ended.is_ok(), "the connection is still there");
    assert!(began.elapsed() > Duration::from_millis(500), "it was ended at once");
    site.is_well().await;
}

#[tokio::test]
async fn a_connection_that_asks_nothing_is_ended() {
    let site = Site::new(ServeLimits { head_within: Duration::from_millis(500), ..ServeLimits::default() }).await;
    // It answers pings all the while.
    let (_send, connection) = site.connect(&Builder::new()).await;
    assert!(tokio::time::timeout(Duration::from_secs(10), connection).await.is_ok(), "the connection is still there");
    // And so is one that never says that it speaks HTTP/2.
    let mut silent = connect(&site.app.base, &client(&site.authority, &[&TLS13], &["h2"], None)).await.unwrap();
    let mut nowhere = tokio::io::sink();
    let closed = tokio::io::copy(&mut silent, &mut nowhere);
    assert!(tokio::time::timeout(Duration::from_secs(10), closed).await.is_ok(), "the connection is still there");
}
