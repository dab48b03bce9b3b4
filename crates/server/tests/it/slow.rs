//! Clients that are slow on purpose: each is given up in time, and holds no more than its share while it lasts.

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use wardgraph_http::{Edge, ServeLimits, Tls};
use wardgraph_testkit::{App, AppOptions, Caller};

use crate::certificates::{Authority, Files};

/// How long anything may take in these tests.
const SHORT: Duration = Duration::from_millis(400);

fn limits() -> ServeLimits {
    ServeLimits { handshake_within: SHORT, head_within: SHORT, unread_within: Duration::from_secs(1), ..ServeLimits::default() }
}

async fn app(edge: Edge, serving: ServeLimits) -> App {
    App::with(AppOptions { edge, serving, ..AppOptions::default() }).await
}

async fn connect(app: &App) -> TcpStream {
    TcpStream::connect(app.base.split("//").nth(1).unwrap()).await.unwrap()
}

/// What comes until the server closes the connection, which it has to do soon.
async fn until_closed(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await;
    let _ = read.expect("the server gives the client up");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_slow_head_is_given_up_with_a_word() {
    let app = app(Edge::default(), limits()).await;
    let mut stream = connect(&app).await;
    let began = Instant::now();
    let (mut read, mut write) = stream.split();
    let drip = async {
        for byte in b"GET /health/live HTTP/1.1\r\nHost: x\r\nX: ".iter().chain([b'x'; 10_000].iter()) {
            if write.write_all(&[*byte]).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let mut answer = Vec::new();
    tokio::select! {
        () = drip => {}
        _ = read.read_to_end(&mut answer) => {}
    }
    let answer = String::from_utf8(answer).unwrap();
    assert!(began.elapsed() < Duration::from_secs(8) && answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("application/problem+json") && answer.contains("\"request_id\""), "{answer}");
    // One that says nothing has asked nothing: it is closed without a word, at first and between requests.
    let mut silent = connect(&app).await;
    assert_eq!(until_closed(&mut silent).await, "");
    let mut idle = connect(&app).await;
    idle.write_all(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let answer = until_closed(&mut idle).await;
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
}

#[tokio::test]
async fn a_slow_body_is_given_up_with_a_word() {
    let app = app(Edge { body_within: SHORT, ..Edge::default() }, ServeLimits::default()).await;
    let token = app.owner("tenant-a").token.unwrap();
    for framing in ["Content-Length: 1000", "Transfer-Encoding: chunked"] {
        let mut stream = connect(&app).await;
        let head = format!("POST /nodes HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n{framing}\r\n\r\n1\r\n{{");
        stream.write_all(head.as_bytes()).await.unwrap();
        let answer = until_closed(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("application/problem+json"), "{framing}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    }
}

#[tokio::test]
async fn a_client_that_stops_amid_a_handshake_is_given_up() {
    let files = Files::new(&Authority::new("authority").server());
    let tls = std::sync::Arc::new(Tls::open(files.tls(None)).unwrap());
    let app = App::with(AppOptions { tls: Some(tls), serving: limits(), ..AppOptions::default() }).await;
    // Nothing, and the beginning of a ClientHello.
    for hello in [&b""[..], b"\x16\x03\x01\x02\x00\x01\x00"] {
        let mut stream = connect(&app).await;
        stream.write_all(hello).await.unwrap();
        assert_eq!(until_closed(&mut stream).await, "");
    }
}

#[tokio::test]
async fn a_client_that_hung_up_halfway_frees_its_place() {
    let app = app(Edge::default(), ServeLimits { connections: 2, ..limits() }).await;
    for _ in 0..10 {
        // Its end of the connection is closed, the server's is not: nothing more will come.
        let mut stream = connect(&app).await;
        stream.write_all(b"GET /health/live HTTP/1.1\r\nHost").await.unwrap();
        stream.shutdown().await.unwrap();
        until_closed(&mut stream).await;
    }
    app.stranger().get("/health/live").await.ok();
}

#[tokio::test]
async fn one_network_has_its_share_of_connections() {
    let app = app(Edge::default(), ServeLimits { connections_each: 3, ..ServeLimits::default() }).await;
    let alive = async |stream: &mut TcpStream| {
        let _ = stream.write_all(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n").await;
        matches!(stream.read(&mut [0; 4096]).await, Ok(1..))
    };
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(connect(&app).await);
        assert!(alive(open.last_mut().unwrap()).await);
    }
    assert!(!alive(&mut connect(&app).await).await, "a fourth connection");
    // Another network has a share of its own.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let mut other = socket.connect(app.base.trim_start_matches("http://").parse().unwrap()).await.unwrap();
    assert!(alive(&mut other).await);
    open.pop();
    let began = Instant::now();
    while !alive(&mut connect(&app).await).await {
        assert!(began.elapsed() < Duration::from_secs(5), "a place is not given back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_nothing_makes_room_for_who_does() {
    let app = app(Edge::default(), ServeLimits { connections: 20, connections_each: 20, ..ServeLimits::default() }).await;
    let owner = app.owner("tenant-a");
    // All places are taken: by those that say nothing, that stopped amid a head, and that were answered once.
    let (mut crowd, mut busy) = (Vec::new(), connect(&app).await);
    let body = r#"{"classes": ["A"], "props": {"text": "slowly"}}"#;
    let head = format!(
        "POST /nodes HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Length: {}\r\n\r\n",
        owner.token.as_ref().unwrap(),
        body.len()
    );
    busy.write_all(head.as_bytes()).await.unwrap();
    for said in
        ["", "GET /health/live HTTP/1.1\r\nHost", "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"].into_iter().cycle().take(40)
    {
        let mut stream = connect(&app).await;
        stream.write_all(said.as_bytes()).await.unwrap();
        crowd.push(stream);
    }
    // Each call below is a connection of its own.
    let began = Instant::now();
    for _ in 0..30 {
        let mut stream = connect(&app).await;
        stream.write_all(b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
        assert!(until_closed(&mut stream).await.starts_with("HTTP/1.1 200 "));
        crowd.push(connect(&app).await);
    }
    assert!(began.elapsed() < Duration::from_secs(5), "newcomers wait: {:?}", began.elapsed());
    // One whose request has begun is nobody that asks nothing.
    busy.write_all(body.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    busy.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 201");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_that_idles_leaves_others_served() {
    let app = app(Edge::default(), ServeLimits::default()).await;
    let mut crowd = Vec::new();
    for _ in 0..400 {
        let mut stream = connect(&app).await;
        stream.write_all(b"GET /health/live HTTP/1.1\r\nHost: x").await.unwrap();
        crowd.push(stream);
    }
    let owner = app.owner("tenant-a");
    for n in 0..50 {
        owner.create_node(&format!("node {n}")).await.created();
    }
    for stream in &mut crowd {
        stream.write_all(b"\r\n\r\n").await.unwrap();
        assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0);
    }
}

/// Nodes whose list is an answer of some 5 MB.
async fn fill(owner: &Caller) {
    for _ in 0..6 {
        let node = json!({ "classes": ["A"], "props": { "number": 1, "blob": "x".repeat(800 << 10) } });
        owner.post("/nodes", &node).await.created();
    }
}

/// Asks for the list and does not read it.
async fn unread(app: &App, owner: &Caller) -> TcpStream {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4 << 10).unwrap();
    let mut stream = socket.connect(app.base.trim_start_matches("http://").parse().unwrap()).await.unwrap();
    let token = owner.token.as_ref().unwrap();
    let asked = format!("GET /nodes HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n");
    stream.write_all(asked.as_bytes()).await.unwrap();
    // Its answer has begun: from here on it waits.
    stream.read_exact(&mut [0; 1]).await.unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_nobody_reads_hold_no_more_than_a_budget() {
    let edge = Edge { most_held_bytes: 16 << 20, ..Edge::default() };
    let app = app(edge, ServeLimits { unread_within: Duration::from_secs(3), ..ServeLimits::default() }).await;
    let (slow, other) = (app.owner("slow"), app.owner("other"));
    fill(&slow).await;
    fill(&other).await;
    let stuck = unread(&app, &slow).await;
    // Who holds more than a quarter already gets nothing more, and is told when to come back; small answers it gets.
    let refused = slow.get("/nodes").await;
    assert_eq!((refused.status, &refused.headers["retry-after"]), (StatusCode::SERVICE_UNAVAILABLE, &"1".parse().unwrap()));
    refused.problem(503);
    slow.get("/nodes?limit=1&class=None").await.ok();
    slow.create_node("what changes something is never left untold").await.created();
    // Another tenant has its own.
    assert_eq!(other.get("/nodes").await.ok()["count"], 6);
    // A client that never reads loses its answer, and the room is free again.
    let began = Instant::now();
    while slow.get("/nodes").await.status != 200 {
        assert!(began.elapsed() < Duration::from_secs(15), "the room is not given back");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(began.elapsed() > Duration::from_secs(1), "it was given up at once");
    drop(stuck);
    // And so is the room of one that hangs up.
    drop(unread(&app, &slow).await);
    let began = Instant::now();
    while slow.get("/nodes").await.status != 200 {
        assert!(began.elapsed() < Duration::from_secs(2), "the room of a client that hung up is not given back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_arrive_hold_no_more_than_a_budget() {
    let app = app(Edge { most_held_bytes: 1 << 20, ..Edge::default() }, ServeLimits::default()).await;
    let (slow, other) = (app.owner("slow"), app.owner("other"));
    let mut stream = connect(&app).await;
    let (token, length) = (slow.token.as_ref().unwrap(), 900 << 10);
    let head = format!("POST /nodes HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&vec![b' '; length - (100 << 10)]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let large = |text: usize| json!({ "classes": ["A"], "props": { "blob": "x".repeat(text) } });
    slow.post("/nodes", &large(200 << 10)).await.problem(503);
    other.post("/nodes", &large(200 << 10)).await.created();
    slow.create_node("a small one").await.created();
    drop(stream);
    tokio::time::sleep(Duration::from_millis(300)).await;
    slow.post("/nodes", &large(200 << 10)).await.created();
}
