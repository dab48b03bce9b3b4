//! A service for tests: answers each request by the next line of its script, and well when the script is over.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use wardgraph_egress::Names;
use wardgraph_kernel::{Clock, Secret, SeededChance, SystemClock};

use super::*;
use crate::Model;

/// How one request is answered.
#[derive(Debug, Clone)]
pub(crate) enum Line {
    /// With the vectors of its texts, the last one first.
    Good,
    /// With this status and these header lines.
    Status(u16, &'static str),
    /// With status 200 and this body.
    Body(String),
    /// With a body that never ends, one byte at a time.
    Drip,
    /// With a body that never ends, as fast as it is read.
    Flood,
    /// Not at all: the connection is closed.
    Close,
    /// Well, but only when the test gives a permit.
    Held,
}

#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) port: u16,
    pub(crate) asked: Arc<Mutex<Vec<(String, Value)>>>,
    pub(crate) held: Arc<Semaphore>,
    _server: JoinSet<()>,
}

impl Script {
    /// A service that runs `model`.
    pub(crate) async fn start(model: &'static dyn Model, lines: &[Line]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let lines = Arc::new(Mutex::new(VecDeque::from(lines.to_vec())));
        let (asked, held) = (Arc::<Mutex<Vec<_>>>::default(), Arc::new(Semaphore::new(0)));
        let mut server = JoinSet::new();
        let (log, gate) = (asked.clone(), held.clone());
        server.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(answer(stream, model, lines.clone(), log.clone(), gate.clone()));
            }
        });
        Self { port, asked, held, _server: server }
    }

    /// How the service is used, unless a test says otherwise: patient, and quick to come back.
    pub(crate) fn options(&self, model: &dyn Model) -> RemoteOptions {
        RemoteOptions {
            endpoint: Endpoint::parse(&format!("http://127.0.0.1:{}/v1", self.port), false).unwrap(),
            key: Some(Secret::new("canary-key")),
            model: "scripted".into(),
            space: String::new(),
            dimension: model.dimension(),
            send_dimension: false,
            batch: 3,
            most_text_bytes: 16 * 1024,
            timeout: Duration::from_secs(20),
            query_timeout: Duration::from_secs(20),
            deadline: Duration::from_secs(40),
            retries: 3,
            pause: Duration::from_millis(1),
            concurrency: 2,
        }
    }

    pub(crate) fn embedder(options: RemoteOptions) -> RemoteEmbedder {
        let egress = Egress::new(Names::System, None).unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        RemoteEmbedder::new(options, &egress, &clock, Arc::new(SeededChance::new(1))).unwrap()
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

/// Reads one request, records its head and body, and answers it.
async fn answer(
    mut stream: TcpStream,
    model: &'static dyn Model,
    lines: Arc<Mutex<VecDeque<Line>>>,
    asked: Arc<Mutex<Vec<(String, Value)>>>,
    waits: Arc<Semaphore>,
) {
    let mut read = Vec::new();
    let (head, start, length) = loop {
        if stream.read_buf(&mut read).await.unwrap_or(0) == 0 {
            return;
        }
        let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8(read[..end].to_vec()).unwrap().to_lowercase();
        let length: usize = head.split("content-length: ").nth(1).unwrap().lines().next().unwrap().parse().unwrap();
        break (head, end + 4, length);
    };
    while read.len() < start + length {
        if stream.read_buf(&mut read).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let question: Value = serde_json::from_slice(&read[start..]).unwrap();
    let line = lines.lock().unwrap().pop_front().unwrap_or(Line::Good);
    asked.lock().unwrap().push((head, question.clone()));
    let endless = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n{\"data\": [";
    // A client that hung up is what some tests are about.
    let _ = match line {
        Line::Good => stream.write_all(whole(200, "", &good(model, &question)).as_bytes()).await,
        Line::Held => {
            waits.acquire().await.unwrap().forget();
            stream.write_all(whole(200, "", &good(model, &question)).as_bytes()).await
        }
        Line::Status(status, headers) => {
            stream.write_all(whole(status, headers, r#"{"error": "wrong key: canary-key"}"#).as_bytes()).await
        }
        Line::Body(body) => stream.write_all(whole(200, "", &body).as_bytes()).await,
        Line::Close => Ok(()),
        Line::Drip => {
            let _ = stream.write_all(endless.as_bytes()).await;
            while stream.write_all(b" ").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Ok(())
        }
        Line::Flood => {
            let _ = stream.write_all(endless.as_bytes()).await;
            while stream.write_all(&vec![b' '; 65_536]).await.is_ok() {}
            Ok(())
        }
    };
    let _ = stream.shutdown().await;
}

fn whole(status: u16, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status} X\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
}

/// The texts' vectors, three times as long as they should be and in reverse order.
pub(crate) fn good(model: &dyn Model, question: &Value) -> String {
    let texts: Vec<&str> = question["input"].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect();
    assert!(texts.iter().all(|text| !text.is_empty()), "a service would refuse an empty text");
    let vectors = model.encode(&texts).unwrap();
    let items = vectors.iter().enumerate().rev().map(|(index, vector)| {
        let embedding: Vec<f32> = vector.iter().map(|component| component * 3.0).collect();
        json!({ "object": "embedding", "index": index, "embedding": embedding })
    });
    json!({ "object": "list", "data": items.collect::<Vec<_>>(), "model": question["model"] }).to_string()
}
