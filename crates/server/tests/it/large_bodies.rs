//! Bodies of ten MiB: they are taken where content is, and neither their memory nor their time is taken from others.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use reqwest::Client;
use serde_json::json;
use tokio::{io::AsyncWriteExt, net::TcpStream, task::JoinSet};
use wardgraph_http::Edge;
use wardgraph_testkit::{App, AppOptions, Caller, Reply};

use crate::binary::Server;

/// The limit of bodies with content. Turns are the process's, and tenants with one name share them: here each has its own.
const LONGEST: usize = 10 << 20;

async fn send(caller: &Caller, path: &str, body: impl Into<reqwest::Body>) -> Reply {
    Reply::of(caller.request("POST", path).body(body)).await
}

/// A node whose `props` are so many times `unit`, in a list, as long as a body may be.
fn filled(unit: &str) -> String {
    let (head, tail) = (r#"{"classes":["A"],"props":{"a":["#, "]}}");
    let times = (LONGEST - head.len() - tail.len() + 1) / (unit.len() + 1);
    [head, &vec![unit; times].join(","), tail].concat()
}

/// One whose only text is so many times `unit`, as it is written in JSON.
fn written(unit: &str, octets: usize) -> String {
    format!(r#"{{"classes":["A"],"props":{{"text":"{}"}}}}"#, unit.repeat(octets / unit.len()))
}

#[tokio::test]
async fn a_node_of_ten_mebibytes_is_kept_and_what_weighs_too_much_is_told_with_the_number() {
    let app = App::start().await;
    let owner = app.owner("large-nodes");
    // Most programs write what is not ASCII in six octets for two: 400,000 letters.
    let node = send(&owner, "/nodes", written(r"\u00e9", 2_400_000)).await.created();
    assert_eq!(node["props"]["text"].as_str().unwrap().chars().count(), 400_000);
    // Each part may weigh a mebibyte, and all of them what a body may.
    let part = json!({ "text": "x".repeat(1_040_000) });
    let whole = json!({ "classes": ["A"], "props": part, "metadata": part, "triggers": vec![&part; 8] });
    assert!((9 << 20..LONGEST).contains(&whole.to_string().len()));
    let node = owner.post("/nodes", &whole).await.created();
    let path = format!("/nodes/{}", node["id"].as_str().unwrap());
    assert_eq!(owner.get(&path).await.ok()["triggers"], whole["triggers"]);
    owner.patch(&path, &json!({ "triggers": [], "metadata": null })).await.ok();
    // What does not fit says by how much, for a body and for a part of it.
    let heavy = owner.post("/nodes", &json!({ "classes": ["A"], "props": { "text": "x".repeat(1 << 20) } })).await.problem(422);
    assert_eq!(heavy["errors"][0]["field"], "/props");
    assert!(heavy["errors"][0]["detail"].as_str().unwrap().contains("1,048,576 bytes"), "{heavy}");
    let long = send(&owner, "/nodes", " ".repeat(LONGEST + 1)).await.problem(413);
    assert!(long["detail"].as_str().unwrap().contains(&LONGEST.to_string()), "{long}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_body_of_little_things_is_refused_before_it_is_more() {
    let app = App::start().await;
    let owner = app.owner("little-things");
    // Read, each would be some hundred mebibytes, or a gigabyte.
    for dense in ["{\"\":0}", "[0]", "[]", "{}", "0"] {
        let refused = send(&owner, "/nodes", filled(dense)).await.problem(413);
        assert!(refused["detail"].as_str().unwrap().contains("so many values"), "{dense}: {refused}");
        // In a batch too, which says nothing of its items then.
        let batch = format!(r#"{{"nodes":[{}]}}"#, &filled(dense)[..LONGEST - 20]);
        send(&owner, "/nodes/batch", batch).await.problem(413);
    }
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = LONGEST / (open.len() + close.len()) - 20;
        let body = format!(r#"{{"classes":["A"],"props":{{"a":{}0{}}}}}"#, open.repeat(deep), close.repeat(deep));
        let refused = send(&owner, "/nodes", body).await.problem(400);
        assert!(refused["detail"].as_str().unwrap().contains("nested more than 64 deep"), "{refused}");
        send(&owner, "/nodes", open.repeat(LONGEST / open.len())).await.problem(400);
    }
    // Texts are as long as they are, however they are written, and what stands in them is no structure.
    for unit in [r"\u0041", r"\n", r#"\""#, r"\ud83e\udd80", "{[:,", "x"] {
        let heavy = send(&owner, "/nodes", written(unit, LONGEST - 100)).await.problem(422);
        assert_eq!(heavy["errors"][0]["field"], "/props", "{unit}: {heavy}");
    }
    send(&owner, "/nodes", written("{[:,", 1_000_000)).await.created();
    // What is small on the wire and large behind it is not taken at all.
    let packed = owner.request("POST", "/nodes").header("content-encoding", "gzip").body(vec![0x1f, 0x8b, 8, 0]);
    Reply::of(packed).await.problem(400);
    // A list of as many numbers as fit into a node is.
    let numbers = json!({ "classes": ["A"], "props": { "numbers": vec![0.25; 40_000] } });
    owner.post("/nodes", &numbers).await.created();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_counts_as_what_it_becomes_until_it_is_done() {
    // One body may become half of it, and no less than a body is long.
    let app =
        App::with(AppOptions { edge: Edge { most_held_bytes: 24 << 20, ..Edge::default() }, ..AppOptions::default() }).await;
    let owner = app.owner("becoming");
    let numbers = |count: usize| json!({ "classes": ["A"], "props": { "numbers": vec![0; count] } });
    // 64 octets each, of which there is room for: what it weighs is wrong, and that was found by reading it.
    owner.post("/nodes", &numbers(150_000)).await.problem(422);
    owner.post("/nodes", &numbers(250_000)).await.problem(413);
    // What it held is given back, each time.
    for _ in 0..8 {
        owner.post("/nodes", &numbers(150_000)).await.problem(422);
    }
    // Of many at once, some are told to come back, and nobody gets anything else.
    let many = join_all((0..12).map(|_| async { owner.post("/nodes", &numbers(150_000)).await })).await;
    for reply in many {
        let status = reply.status.as_u16();
        assert!(matches!(status, 422 | 503), "{status}: {}", reply.text);
        assert_eq!(status == 503, reply.headers.contains_key("retry-after"));
    }
    owner.post("/nodes", &numbers(40_000)).await.created();
}

/// A client that sends a head for the longest body and a part of that, and then nothing.
async fn stalled(app: &App, caller: &Caller, octets: usize) -> TcpStream {
    let mut stream = TcpStream::connect(app.base.trim_start_matches("http://")).await.unwrap();
    let token = caller.token.as_ref().unwrap();
    let head = format!("POST /nodes HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: {LONGEST}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    // One that is refused meanwhile may be closed.
    let _ = stream.write_all(&[b"\"".as_slice(), &vec![b'x'; octets]].concat()).await;
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_bodies_of_a_tenant_leave_the_others_their_room() {
    let app =
        App::with(AppOptions { edge: Edge { most_held_bytes: 64 << 20, ..Edge::default() }, ..AppOptions::default() }).await;
    let (slow, other) = (app.owner("stalling"), app.owner("beside-stalling"));
    let node = other.create_node("a text").await.created();
    let path = format!("/nodes/{}", node["id"].as_str().unwrap());
    // Forty of a mebibyte so far: more than twice the tenant's quarter.
    let stalled = join_all((0..40).map(|_| stalled(&app, &slow, 1 << 20))).await;
    let part = json!({ "text": "x".repeat(1_000_000) });
    let began = Instant::now();
    let two = json!({ "classes": ["A"], "props": part, "metadata": part });
    while slow.post("/nodes", &two).await.status != 503 {
        assert!(began.elapsed() < Duration::from_secs(10), "a tenant holds as much as it sends");
    }
    slow.create_node("a small one").await.created();
    let large = json!({ "classes": ["A"], "props": part, "metadata": part, "triggers": vec![&part; 7] });
    let began = Instant::now();
    other.post("/nodes", &large).await.created();
    for _ in 0..20 {
        other.get(&path).await.ok();
    }
    // Half a minute is what a slow body may take: nobody waited for one.
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    drop(stalled);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_bodies_of_a_tenant_leave_the_others_their_turn() {
    // Memory is not what this is about.
    let app = App::with(AppOptions { edge: Edge { most_held_bytes: 4 << 30, ..Edge::default() }, ..AppOptions::default() }).await;
    let (busy, other) = (app.owner("reading"), app.owner("beside-reading"));
    let all = 32;
    let (body, done) = (written(r"\u0041", 4 << 20), Arc::new(AtomicUsize::new(0)));
    let mut sending = JoinSet::new();
    for _ in 0..all {
        let (busy, body, done) = (busy.clone(), body.clone(), done.clone());
        sending.spawn(async move {
            let reply = send(&busy, "/nodes", body).await;
            done.fetch_add(1, Ordering::SeqCst);
            // Stored, or there was no turn for it in ten seconds.
            assert!(matches!(reply.status.as_u16(), 201 | 503), "{}", reply.status);
        });
    }
    while done.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    other.post("/nodes", &json!({ "classes": ["A"], "props": { "text": "x".repeat(100_000) } })).await.created();
    let before = done.load(Ordering::SeqCst);
    assert!(before < all, "the other tenant waited for all of them");
    sending.join_all().await;
}

/// The server's own memory, at its highest so far, in MiB.
fn peak(server: &Server) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() >> 10
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_large_bodies_of_little_things_take_no_more_memory_than_is_set_aside() {
    let secret = "0123456789-0123456789-0123456789-0123456789";
    let settings = [
        ("JWT_SECRET_KEY", secret),
        ("JWT_ALGORITHM", "HS256"),
        ("RATE_LIMIT_ENABLED", "false"),
        ("WARDGRAPH_HTTP__MAX_HELD_BYTES", "134217728"),
    ];
    let server = Server::start(&settings);
    let (token, before) = (server.mint("tenant-a", "kg:write"), peak(&server));
    // Some are refused while they arrive; of the last as many as there is room for are read.
    let bodies = ["{\"\":0}", "[]", "0"].map(|dense| bytes::Bytes::from(filled(dense)));
    let fits = bytes::Bytes::from(filled("0")[..1 << 19].to_owned() + ",0]}}");
    let client = Client::new();
    let asked = (0..200).map(|number| {
        let body = bodies.get(number % 4).unwrap_or(&fits).clone();
        let request = client.post(format!("{}/nodes", server.base)).bearer_auth(&token).body(body);
        async move { request.send().await.map(|answer| answer.status().as_u16()) }
    });
    for status in join_all(asked).await {
        // A client that goes on sending after it was refused may not get to read why.
        assert!(matches!(status, Ok(408 | 413 | 422 | 503) | Err(_)), "{status:?}");
    }
    let grown = peak(&server) - before;
    assert!(grown < 500, "it took {grown} MiB more, of which 128 are for bodies");
    let small = client.post(format!("{}/nodes", server.base)).bearer_auth(&token).body(r#"{"classes":["A"],"props":{}}"#);
    let began = Instant::now();
    loop {
        let status = small.try_clone().unwrap().send().await.unwrap().status().as_u16();
        if status == 201 {
            break;
        }
        assert!(status == 503 && began.elapsed() < Duration::from_secs(20), "{status}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
