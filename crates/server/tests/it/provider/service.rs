//! An embedding service of the test's own, on this machine, which answers as the test has it answer.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinSet,
};

/// How every request is answered.
#[derive(Debug, Clone)]
pub(crate) enum Line {
    /// With the vectors of its texts.
    Good,
    /// With the vectors of its texts, but where a text has this word not before the test says [`Service::let_go`].
    Held(&'static str),
    /// With this status where a text has this word, else with the vectors of its texts.
    Failing(&'static str, u16),
    /// With this status, these header lines, and a body that repeats the key.
    Status(u16, String),
    /// With status 200 and this body.
    Body(String),
    /// With a body of so many octets.
    Huge(usize),
    /// With a head, and a body that comes an octet at a time and has no end.
    Slow,
}

/// A request that came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) at: Instant,
    pub(crate) head: String,
    pub(crate) model: String,
    pub(crate) texts: Vec<String>,
}

#[derive(Debug)]
struct State {
    dimension: usize,
    line: Mutex<Line>,
    asked: Mutex<Vec<Asked>>,
    held: Notify,
}

#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) port: u16,
    state: Arc<State>,
    server: Option<JoinSet<()>>,
}

impl Service {
    pub(crate) async fn start(dimension: usize) -> Self {
        let state = State { dimension, line: Mutex::new(Line::Good), asked: Mutex::default(), held: Notify::new() };
        let mut service = Self { port: 0, state: Arc::new(state), server: None };
        service.comes_back().await;
        service
    }

    /// Nobody is there any more, and whoever is being answered hears no more.
    pub(crate) async fn goes(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.shutdown().await;
        }
    }

    pub(crate) async fn comes_back(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        self.port = listener.local_addr().unwrap().port();
        let (state, mut server) = (self.state.clone(), JoinSet::new());
        server.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(answer(stream, state.clone()));
            }
        });
        self.server = Some(server);
    }

    /// Has it answer like this from now on.
    pub(crate) fn says(&self, line: Line) {
        *self.state.line.lock().unwrap() = line;
    }

    /// Answers whatever is held, and holds nothing more.
    pub(crate) fn let_go(&self) {
        self.says(Line::Good);
        self.state.held.notify_waiters();
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.state.asked.lock().unwrap().clone()
    }

    /// The requests that held this text.
    pub(crate) fn asked_for(&self, text: &str) -> Vec<Asked> {
        self.asked().into_iter().filter(|asked| asked.texts.iter().any(|asked| asked == text)).collect()
    }

    /// What it makes of a text.
    pub(crate) fn vector(&self, model: &str, text: &str) -> Vec<f32> {
        vector(self.state.dimension, model, text)
    }
}

/// Each word goes its own way, and a way that each model has chosen for itself.
fn vector(dimension: usize, model: &str, text: &str) -> Vec<f32> {
    let mut vector = vec![0.01; dimension];
    for word in text.split_whitespace() {
        let hash = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
        let hash = model.bytes().chain([0]).chain(word.bytes()).fold(0xCBF2_9CE4_8422_2325, hash);
        vector[(hash >> 20) as usize % dimension] += 1.0;
    }
    vector
}

/// A list of embeddings as the service's API has it.
pub(crate) fn list(vectors: &[Vec<f32>]) -> String {
    let items = vectors.iter().enumerate().map(|(index, vector)| json!({ "index": index, "embedding": vector }));
    json!({ "object": "list", "data": items.collect::<Vec<_>>() }).to_string()
}

/// Reads one request, keeps it, and answers it.
async fn answer(mut stream: TcpStream, state: Arc<State>) {
    let mut read = Vec::new();
    let (head, start, length) = loop {
        if stream.read_buf(&mut read).await.unwrap_or(0) == 0 {
            return;
        }
        let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8(read[..end].to_vec()).unwrap();
        let lower = head.to_lowercase();
        let length: usize = lower.split("content-length: ").nth(1).unwrap().lines().next().unwrap().parse().unwrap();
        break (head, end + 4, length);
    };
    while read.len() < start + length {
        if stream.read_buf(&mut read).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let question: Value = serde_json::from_slice(&read[start..start + length]).unwrap();
    let texts: Vec<String> = question["input"].as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect();
    let model = question["model"].as_str().unwrap().to_owned();
    let good = list(&texts.iter().map(|text| vector(state.dimension, &model, text)).collect::<Vec<_>>());
    let key = head.clone();
    let let_go = state.held.notified();
    tokio::pin!(let_go);
    // Registered before the line is looked at, so that no word of the test's is missed.
    let_go.as_mut().enable();
    let line = state.line.lock().unwrap().clone();
    state.asked.lock().unwrap().push(Asked { at: Instant::now(), head, model, texts: texts.clone() });
    // A client that hung up is what some tests are about.
    let _ = match line {
        Line::Good => send(&mut stream, 200, "", &good).await,
        Line::Held(word) => {
            if texts.iter().any(|text| text.contains(word)) {
                let_go.await;
            }
            send(&mut stream, 200, "", &good).await
        }
        Line::Failing(word, status) if texts.iter().any(|text| text.contains(word)) => send(&mut stream, status, "", "{}").await,
        Line::Failing(..) => send(&mut stream, 200, "", &good).await,
        Line::Status(status, headers) => send(&mut stream, status, &headers, &json!({ "error": key }).to_string()).await,
        Line::Body(body) => send(&mut stream, 200, "", &body).await,
        Line::Huge(octets) => send(&mut stream, 200, "", &" ".repeat(octets)).await,
        Line::Slow => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n{").await;
            while stream.write_all(b" ").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Ok(())
        }
    };
    let _ = stream.shutdown().await;
}

async fn send(stream: &mut TcpStream, status: u16, headers: &str, body: &str) -> std::io::Result<()> {
    let length = body.len();
    let whole = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(whole.as_bytes()).await
}
