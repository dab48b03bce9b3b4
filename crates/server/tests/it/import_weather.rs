//! An import whose way to the server is bad: limits, absences, and answers that are lost after the work was done.

use std::{
    io::Write,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::{
    binary::command,
    import::{Bench, edge, node},
};

/// What comes between the import and the server.
#[derive(Debug, Clone, Copy)]
enum Weather {
    Fine,
    /// The server is asked, and nobody hears what it says.
    Lost,
    /// The server is not asked.
    Says(&'static str),
}

const WEATHER: [Weather; 6] = [
    Weather::Says("429 Too Many Requests\r\nretry-after: 1"),
    Weather::Lost,
    Weather::Says("503 Service Unavailable\r\nretry-after: 0"),
    Weather::Fine,
    Weather::Says("502 Bad Gateway"),
    Weather::Fine,
];

/// A way to the server on which every call that writes meets the next weather.
async fn way(base: &str) -> (String, Arc<AtomicUsize>, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (server, writes, mut way) =
        (base.strip_prefix("http://").unwrap().to_owned(), Arc::new(AtomicUsize::new(0)), JoinSet::new());
    let count = writes.clone();
    way.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            connections.spawn(carry(stream, server.clone(), count.clone()));
        }
    });
    (url, writes, way)
}

/// Reads one request, and carries it to the server and the answer back, as the weather is.
async fn carry(mut from: TcpStream, server: String, writes: Arc<AtomicUsize>) {
    let mut read = Vec::new();
    let end = loop {
        if from.read_buf(&mut read).await.unwrap_or(0) == 0 {
            return;
        }
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
    };
    let head = String::from_utf8(read[..end].to_vec()).unwrap();
    let length =
        head.to_lowercase().split("content-length: ").nth(1).map_or(0, |rest| rest.lines().next().unwrap().parse().unwrap());
    while read.len() < end + 4 + length {
        if from.read_buf(&mut read).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let weather = if read[end..].windows(6).any(|six| six == b"poison") {
        Weather::Says("500 Internal Server Error")
    } else if head.starts_with("POST") {
        WEATHER[writes.fetch_add(1, Ordering::Relaxed) % WEATHER.len()]
    } else {
        Weather::Fine
    };
    let answer = match weather {
        Weather::Says(status) => format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").into_bytes(),
        Weather::Fine | Weather::Lost => {
            let mut to = TcpStream::connect(server).await.unwrap();
            to.write_all(format!("{head}\r\nconnection: close\r\n\r\n").as_bytes()).await.unwrap();
            to.write_all(&read[end + 4..]).await.unwrap();
            let mut answer = Vec::new();
            to.read_to_end(&mut answer).await.unwrap();
            if matches!(weather, Weather::Lost) { Vec::new() } else { answer }
        }
    };
    let _ = from.write_all(&answer).await;
    let _ = from.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_doubled_on_a_bad_way() {
    const NODES: usize = 2_200;
    let bench = Bench::new().await;
    let (url, writes, _way) = way(&bench.app.base).await;
    let mut lines: Vec<_> = (0..NODES).map(|n| node(&n.to_string())).collect();
    lines.extend((0..NODES).map(|n| edge(&n.to_string(), &((n + 1) % NODES).to_string())));
    lines.push("bad".into());
    let file = bench.file("a.jsonl", lines.join("\n"));
    let told = bench.import(&file, &["--url", &url]).await;
    told.says(1, &["rejected: 1, kept in", "done after"]);
    assert_eq!(bench.nodes_and_edges().await, (NODES as i64, NODES as i64));
    // Five batches of nodes and two of edges, and one of each whose answer was lost: what it did is there already, not done again.
    let writes = writes.load(Ordering::Relaxed);
    assert!(writes > 7 + 2, "{writes}");
    let counts = |kind: &str| {
        let line = told.out.lines().find_map(|line| line.strip_prefix(kind)).unwrap();
        line.split(", ")
            .map(|part| part.split(' ').next().unwrap().replace(',', "").parse::<usize>().unwrap())
            .collect::<Vec<_>>()
    };
    let (nodes, edges) = (counts("nodes: "), counts("edges: "));
    assert_eq!((nodes.iter().sum::<usize>(), edges.iter().sum::<usize>()), (NODES, NODES), "{told:?}");
    assert!(nodes[1] >= 200, "the answer to a batch of nodes was lost: {told:?}");
    assert_eq!(std::fs::read_to_string(bench.folder.path().join("a.jsonl.rejects")).unwrap(), "bad\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ends_an_import_ends_it_though_its_input_is_open_and_says_nothing() {
    let bench = Bench::new().await;
    let token = bench.token_of(&bench.app.caller("tenant-a", &["nodes:read"]));
    let bad = "bad\n".repeat(500);
    let nodes = (0..500).map(|n| format!("{}\n", node(&n.to_string()))).collect::<String>();
    for (lines, flags, code) in [(nodes, vec!["--token-file", token.to_str().unwrap()], 2), (bad, vec!["--strict"], 1)] {
        let arguments = bench.arguments(&["import", "-"], &flags);
        let mut import =
            command(&[]).args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut input = import.stdin.take().unwrap();
        input.write_all(lines.as_bytes()).unwrap();
        let began = Instant::now();
        let status = loop {
            if let Some(status) = import.try_wait().unwrap() {
                break status;
            }
            if began.elapsed() > Duration::from_secs(30) {
                import.kill().unwrap();
                panic!("it waits for its input");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        assert_eq!(status.code(), Some(code));
        drop(input);
    }
    assert_eq!(bench.nodes_and_edges().await, (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_makes_the_server_fail_is_found_and_told() {
    let bench = Bench::new().await;
    let (url, ..) = &way(&bench.app.base).await;
    let text = ["one", "two", "three", "four", "five", "poison", "seven", "eight"].map(node).join("\n");
    let file = bench.file("a.jsonl", &text);
    bench.import(&file, &["--url", url]).await.says(2, &["the server fails at POST /nodes/batch with line 6: 500"]);
    assert_eq!(bench.nodes_and_edges().await, (5, 0), "what stands before it is in");
    bench.file("a.jsonl", text.replace("poison", "pardon"));
    bench.import(&file, &["--url", url]).await.says(0, &["rejected: 0"]);
    assert_eq!(bench.nodes_and_edges().await, (8, 0));
}
