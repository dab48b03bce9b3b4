//! A name service and a web server for tests, and a host that nobody may reach.
//!
//! `127.0.0.2` stands for the public host: the rules of tests name it. Everything else on this machine is forbidden, and counts who comes.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UdpSocket},
    task::JoinSet,
    time::sleep,
};
use wardgraph_egress::{Address, Allowed, Client, Egress, EgressError, Names, Request, Rules};

/// The host that may be reached.
pub(crate) const OPEN: &str = "127.0.0.2";
/// The most bytes that tests read.
pub(crate) const MOST: usize = 100_000;
/// How long tests wait for one answer.
pub(crate) const PATIENCE: Duration = Duration::from_millis(700);

/// How a path is answered.
#[derive(Debug, Clone)]
pub(crate) enum Play {
    /// With these bytes, and then the end.
    Whole(Vec<u8>),
    /// With the first bytes, and then the second ones without end, each after a pause.
    Endless(Vec<u8>, Vec<u8>, Duration),
    /// Not at all, and without an end.
    Silent,
}

/// How a name is answered: one of these at each asking, the last one from then on.
#[derive(Debug, Clone)]
pub(crate) enum Says {
    /// These addresses.
    Are(Vec<IpAddr>),
    /// Another name, which is these.
    Alias(&'static str, Vec<IpAddr>),
    /// This code of failure.
    Fails(u8),
    /// Nothing.
    Silence,
    /// Bytes that are no answer.
    Garbage,
}

/// The world of one test.
pub(crate) struct World {
    pub(crate) port: u16,
    /// How often a forbidden host was reached.
    pub(crate) trespasses: Arc<AtomicUsize>,
    /// The heads of requests that the open host got.
    pub(crate) heads: Arc<Mutex<Vec<String>>>,
    /// How often each name was asked for.
    pub(crate) asked: Arc<Mutex<HashMap<String, usize>>>,
    pub(crate) plays: Arc<Mutex<HashMap<String, Play>>>,
    names: Arc<Mutex<HashMap<String, Vec<Says>>>>,
    dns: SocketAddr,
    _servers: JoinSet<()>,
}

pub(crate) fn ok(body: &str) -> Play {
    Play::Whole(format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into())
}

pub(crate) fn whole(text: impl Into<Vec<u8>>) -> Play {
    Play::Whole(text.into())
}

pub(crate) fn are(addresses: &[&str]) -> Says {
    Says::Are(addresses.iter().map(|address| address.parse().unwrap()).collect())
}

impl World {
    pub(crate) async fn new() -> Self {
        let (open, forbidden) = listeners().await;
        let port = open.local_addr().unwrap().port();
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let dns = socket.local_addr().unwrap();
        let mut servers = JoinSet::new();
        let (trespasses, heads, asked) = (Arc::<AtomicUsize>::default(), Arc::<Mutex<Vec<_>>>::default(), Arc::default());
        let (plays, names) = (Arc::<Mutex<HashMap<_, _>>>::default(), Arc::default());
        for listener in forbidden {
            let trespasses = trespasses.clone();
            servers.spawn(async move {
                while let Ok((mut stream, _)) = listener.accept().await {
                    trespasses.fetch_add(1, Ordering::SeqCst);
                    let _ = stream.read(&mut [0; 4_096]).await;
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecret").await;
                }
            });
        }
        servers.spawn(serve(open, plays.clone(), heads.clone()));
        servers.spawn(answer_names(socket, Arc::clone(&names), Arc::clone(&asked)));
        plays.lock().unwrap().insert("/".to_owned(), ok("hello"));
        Self { port, trespasses, heads, asked, plays, names, dns, _servers: servers }
    }

    pub(crate) fn play(&self, path: &str, play: Play) {
        self.plays.lock().unwrap().insert(path.to_owned(), play);
    }

    pub(crate) fn name(&self, name: &str, says: Vec<Says>) {
        self.names.lock().unwrap().insert(name.to_owned(), says);
    }

    pub(crate) fn egress(&self) -> Egress {
        Egress::new(Names::Server(self.dns), None).unwrap()
    }

    /// A client that may reach the open host, on the port of this world.
    pub(crate) fn client(&self) -> Client {
        self.client_of(&[])
    }

    pub(crate) fn client_of(&self, also: &[Allowed]) -> Client {
        self.egress().client(Rules::operator([&self.address(&format!("http://{OPEN}:PORT/"))], also), PATIENCE)
    }

    /// An address in which `PORT` is the port of this world.
    pub(crate) fn address(&self, text: &str) -> Address {
        Address::parse(&self.text(text)).unwrap()
    }

    pub(crate) fn text(&self, text: &str) -> String {
        text.replace("PORT", &self.port.to_string())
    }

    pub(crate) fn trespasses(&self) -> usize {
        self.trespasses.load(Ordering::SeqCst)
    }

    /// What a client gets from an address, however far it comes.
    pub(crate) async fn get(&self, client: &Client, text: &str) -> Result<String, EgressError> {
        let request = Request::get(Address::parse(&self.text(text))?, PATIENCE, PATIENCE / 2);
        let answer = client.send(request).await?;
        Ok(String::from_utf8_lossy(&answer.body(MOST).await?).into_owned())
    }
}

/// The open host and the forbidden ones, all on one port.
async fn listeners() -> (TcpListener, Vec<TcpListener>) {
    loop {
        let open = TcpListener::bind((OPEN, 0)).await.unwrap();
        let port = open.local_addr().unwrap().port();
        let mut forbidden = Vec::new();
        for host in ["127.0.0.1", "127.0.0.3", "::1"] {
            // A machine without IPv6, or another test on this port.
            forbidden.extend(TcpListener::bind((host, port)).await);
        }
        if forbidden.len() >= 2 {
            return (open, forbidden);
        }
    }
}

async fn serve(listener: TcpListener, plays: Arc<Mutex<HashMap<String, Play>>>, heads: Arc<Mutex<Vec<String>>>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(act(stream, plays.clone(), heads.clone()));
    }
}

/// Reads one head, and plays what its path has.
async fn act(mut stream: TcpStream, plays: Arc<Mutex<HashMap<String, Play>>>, heads: Arc<Mutex<Vec<String>>>) {
    let mut read = Vec::new();
    while !read.windows(4).any(|four| four == b"\r\n\r\n") {
        if stream.read_buf(&mut read).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let head = String::from_utf8_lossy(&read).to_lowercase();
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    heads.lock().unwrap().push(head);
    let play = plays.lock().unwrap().get(&path).cloned().unwrap_or_else(|| ok("nothing here"));
    // A client that hung up is what many cases are about.
    match play {
        Play::Whole(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
            // Until the client has read it: closing at once could take back what was sent.
            let _ = stream.read_buf(&mut read).await;
        }
        Play::Endless(first, again, pause) => {
            let _ = stream.write_all(&first).await;
            while stream.write_all(&again).await.is_ok() {
                sleep(pause).await;
            }
        }
        Play::Silent => while stream.read_buf(&mut read).await.unwrap_or(0) > 0 {},
    }
}

async fn answer_names(
    socket: UdpSocket,
    names: Arc<Mutex<HashMap<String, Vec<Says>>>>,
    asked: Arc<Mutex<HashMap<String, usize>>>,
) {
    let mut query = [0; 1_500];
    while let Ok((length, from)) = socket.recv_from(&mut query).await {
        let Some((name, kind, end)) = question(&query[..length]) else { continue };
        let says = {
            let mut asked = asked.lock().unwrap();
            // Both kinds of addresses are asked for at once: the first kind counts.
            let times = asked.entry(name.clone()).or_default();
            *times += usize::from(kind == 1);
            let names = names.lock().unwrap();
            let turn = times.saturating_sub(1);
            names.get(&name).and_then(|says| says.get(turn).or(says.last())).cloned().unwrap_or(Says::Fails(3))
        };
        if let Some(answer) = reply(&query[..end], kind, &says) {
            socket.send_to(&answer, from).await.unwrap();
        }
    }
}

/// The name, the type and the end of the one question of a message (RFC 1035, section 4.1).
fn question(message: &[u8]) -> Option<(String, u16, usize)> {
    let (mut labels, mut at) = (Vec::new(), 12);
    loop {
        let length = usize::from(*message.get(at)?);
        at += 1;
        if length == 0 {
            let kind = u16::from_be_bytes([*message.get(at)?, *message.get(at + 1)?]);
            return Some((labels.join("."), kind, at + 4));
        }
        labels.push(String::from_utf8_lossy(message.get(at..at + length)?).to_lowercase());
        at += length;
    }
}

fn reply(query: &[u8], kind: u16, says: &Says) -> Option<Vec<u8>> {
    let (alias, addresses, code) = match says {
        Says::Are(addresses) => (None, addresses.as_slice(), 0),
        Says::Alias(alias, addresses) => (Some(*alias), addresses.as_slice(), 0),
        Says::Fails(code) => (None, &[][..], *code),
        Says::Silence => return None,
        Says::Garbage => return Some(query.iter().take(2).copied().chain([0xff; 40]).collect()),
    };
    let mut records = Vec::new();
    let mut owner = vec![0xc0, 12];
    if let Some(alias) = alias {
        let name: Vec<u8> =
            alias.split('.').flat_map(|label| [&[small(label.len())], label.as_bytes()].concat()).chain([0]).collect();
        records.push(record(&owner, 5, &name));
        owner = name;
    }
    for address in addresses {
        match address {
            IpAddr::V4(v4) if kind == 1 => records.push(record(&owner, 1, &v4.octets())),
            IpAddr::V6(v6) if kind == 28 => records.push(record(&owner, 28, &v6.octets())),
            _ => {}
        }
    }
    let mut answer = query.to_vec();
    answer[2..12].copy_from_slice(&[0x85, 0x80 | code, 0, 1, 0, small(records.len()), 0, 0, 0, 0]);
    Some(answer.into_iter().chain(records.concat()).collect())
}

/// A record without time to live.
fn record(owner: &[u8], kind: u8, data: &[u8]) -> Vec<u8> {
    [owner, &[0, kind, 0, 1, 0, 0, 0, 0, 0, small(data.len())], data].concat()
}

fn small(length: usize) -> u8 {
    u8::try_from(length).unwrap()
}
