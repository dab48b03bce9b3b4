//! A client's own server, which is told of sign-outs: it takes what it is told, or does what a broken or a hostile one would.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use wardgraph_egress::{Address, Egress, Names, Rules};
use wardgraph_gate::SystemParts;
use wardgraph_kernel::{Clock, SystemChance};
use wardgraph_testkit::App;
use wardgraph_worker::LogoutWorker;

/// What it does with whoever tells it something.
#[derive(Debug, Clone)]
pub(crate) enum Manner {
    /// It takes what it is told.
    Takes,
    /// It answers this status.
    Answers(u16),
    /// It does not answer.
    Rests,
    /// It leads on.
    LeadsTo(String),
    /// It answers without an end.
    Overflows,
}

#[derive(Debug, Default)]
struct Seen {
    told: Mutex<Vec<(String, String)>>,
    asked: AtomicUsize,
    busy: AtomicUsize,
    most: AtomicUsize,
}

/// The server.
#[derive(Debug)]
pub(crate) struct Receiver {
    at: SocketAddr,
    manner: Arc<Mutex<Manner>>,
    seen: Arc<Seen>,
    _server: JoinSet<()>,
}

impl Receiver {
    pub(crate) async fn start(manner: Manner) -> Self {
        Self::on("127.0.0.1", manner).await
    }

    /// On another address of this machine, which is another host.
    pub(crate) async fn on(host: &str, manner: Manner) -> Self {
        let listener = TcpListener::bind((host, 0)).await.unwrap();
        let (manner, seen) = (Arc::new(Mutex::new(manner)), Arc::<Seen>::default());
        let mut server = JoinSet::new();
        let this = (manner.clone(), seen.clone());
        let at = listener.local_addr().unwrap();
        server.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (manner, seen) = this.clone();
                tokio::spawn(async move {
                    let busy = seen.busy.fetch_add(1, Ordering::SeqCst) + 1;
                    seen.most.fetch_max(busy, Ordering::SeqCst);
                    let _ = serve(stream, &manner, &seen).await;
                    seen.busy.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self { at, manner, seen, _server: server }
    }

    pub(crate) fn becomes(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }

    pub(crate) fn address(&self, path: &str) -> String {
        format!("http://{}{path}", self.at)
    }

    /// What it was told so far: where, and the logout token.
    pub(crate) fn told(&self) -> Vec<(String, String)> {
        self.seen.told.lock().unwrap().clone()
    }

    /// How often it was asked, whatever it did.
    pub(crate) fn asked(&self) -> usize {
        self.seen.asked.load(Ordering::SeqCst)
    }

    /// How many told it something at the same time at most.
    pub(crate) fn most_at_once(&self) -> usize {
        self.seen.most.load(Ordering::SeqCst)
    }
}

async fn serve(mut stream: TcpStream, manner: &Mutex<Manner>, seen: &Seen) -> std::io::Result<()> {
    let mut text = String::new();
    let form = loop {
        let mut bytes = [0; 4_096];
        let count = stream.read(&mut bytes).await?;
        text.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            assert_ne!(count, 0, "{text}");
            continue;
        };
        let head = head.to_lowercase();
        let length: usize = head.split_once("content-length: ").unwrap().1.split("\r\n").next().unwrap().parse().unwrap();
        if body.len() >= length {
            assert!(head.starts_with("post ") && head.contains("content-type: application/x-www-form-urlencoded"), "{head}");
            break body.to_owned();
        }
    };
    seen.asked.fetch_add(1, Ordering::SeqCst);
    let path = text.split(' ').nth(1).unwrap().to_owned();
    let took = || seen.told.lock().unwrap().push((path.clone(), form.strip_prefix("logout_token=").unwrap().to_owned()));
    let manner = manner.lock().unwrap().clone();
    let head = |status: u16, more: &str| format!("HTTP/1.1 {status} X\r\nconnection: close\r\n{more}\r\n");
    match manner {
        Manner::Takes => {
            took();
            stream.write_all(head(200, "content-length: 0\r\n").as_bytes()).await
        }
        Manner::Answers(status) => stream.write_all(head(status, "content-length: 0\r\n").as_bytes()).await,
        // Until the other end has enough of it.
        Manner::Rests => stream.read(&mut [0; 1]).await.map(drop),
        Manner::LeadsTo(to) => stream.write_all(head(307, &format!("location: {to}\r\ncontent-length: 0\r\n")).as_bytes()).await,
        Manner::Overflows => {
            took();
            stream.write_all(head(200, "transfer-encoding: chunked\r\n").as_bytes()).await?;
            let chunk = [b"10000\r\n".as_slice(), &[b'x'; 0x1_0000], b"\r\n"].concat();
            loop {
                stream.write_all(&chunk).await?;
            }
        }
    }
}

/// What tells clients, and may ask these servers although they are on no public host.
pub(crate) fn teller(app: &App, named: &[&Receiver]) -> LogoutWorker {
    let named: Vec<_> = named.iter().map(|receiver| Address::parse(&receiver.address("/")).unwrap()).collect();
    telling(app, Rules::operator(&named, &[]))
}

/// The same by these rules.
pub(crate) fn telling(app: &App, rules: Rules) -> LogoutWorker {
    let client = Egress::new(Names::System, None).unwrap().client(rules, Duration::from_secs(1));
    let clock: Arc<dyn Clock> = app.clock.clone();
    let parts = SystemParts { store: app.store.clone(), clock, chance: Arc::new(SystemChance) };
    LogoutWorker::new(parts, app.issuer.clone(), client)
}

/// Header and claims of a token.
pub(crate) fn parts(token: &str) -> [Value; 2] {
    let mut parts = token.split('.').map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap_or_default()));
    [parts.next().unwrap().unwrap(), parts.next().unwrap().unwrap()]
}
