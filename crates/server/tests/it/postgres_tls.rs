//! Connections to a Postgres on another machine: encrypted, and to whom it should be, or not made. A front with TLS stands before a Postgres
//! of the test's own, which speaks none.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use rustls::{
    ServerConfig, SupportedProtocolVersion,
    crypto::aws_lc_rs,
    pki_types::{PrivateKeyDer, pem::PemObject},
    version::{TLS12, TLS13},
};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream, UnixStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;
use wardgraph_kernel::Secret;
use wardgraph_store::{
    Login, Role, guard,
    migrate::{MigrateOptions, migrate},
};
use wardgraph_testkit::{App, AppOptions, Database};

use crate::{
    certificates::{Authority, Files, Issued},
    outage::{PASSWORD, own_cluster},
};

/// What a client says first when it wants TLS (PostgreSQL documentation, "SSLRequest").
const REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// What the front answers to it.
#[derive(Clone)]
enum Answer {
    Yes(Arc<ServerConfig>),
    No,
    /// Yes, and in the same breath, in the clear, that the client is logged in.
    Stuffed,
}

/// What stands before a Postgres.
struct Front {
    port: u16,
    /// How many connections were encrypted, and all that was said in the clear but the request for it.
    seen: Arc<Mutex<(usize, Vec<u8>)>>,
    task: JoinHandle<()>,
}

impl Front {
    async fn before(socket: PathBuf, answer: Answer) -> Self {
        let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
        let (port, seen) = (listener.local_addr().unwrap().port(), Arc::<Mutex<(usize, Vec<u8>)>>::default());
        let task = tokio::spawn({
            let seen = seen.clone();
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(serve(stream, socket.clone(), answer.clone(), seen.clone()));
                }
            }
        });
        Self { port, seen, task }
    }

    fn login(&self, user: &str, password: &str, host: &str, files: &Files) -> Login {
        let authorities = files.path("clients.pem");
        let parameters = format!("sslmode=verify-full&sslrootcert={}", authorities.display());
        format!("postgres://{user}:{password}@{host}:{}/postgres?{parameters}", self.port).parse().unwrap()
    }

    fn encrypted(&self) -> usize {
        self.seen.lock().unwrap().0
    }

    fn in_the_clear(&self) -> String {
        String::from_utf8_lossy(&self.seen.lock().unwrap().1).into_owned()
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut stream: TcpStream,
    socket: PathBuf,
    answer: Answer,
    seen: Arc<Mutex<(usize, Vec<u8>)>>,
) -> std::io::Result<()> {
    let mut first = [0; 8];
    stream.read_exact(&mut first).await?;
    if first != REQUEST {
        seen.lock().unwrap().1.extend_from_slice(&first);
        return Ok(());
    }
    let config = match answer {
        Answer::Yes(config) => config,
        Answer::No | Answer::Stuffed => {
            let stuffed = b"SR\0\0\0\x08\0\0\0\0Z\0\0\0\x05I";
            stream.write_all(if matches!(answer, Answer::No) { b"N" } else { stuffed }).await?;
            let mut rest = Vec::new();
            let _ = tokio::time::timeout(Duration::from_secs(2), stream.read_to_end(&mut rest)).await;
            seen.lock().unwrap().1.extend_from_slice(&rest);
            return Ok(());
        }
    };
    stream.write_all(b"S").await?;
    let mut client = TlsAcceptor::from(config).accept(stream).await?;
    seen.lock().unwrap().0 += 1;
    copy_bidirectional(&mut client, &mut UnixStream::connect(socket).await?).await.map(drop)
}

fn tls(issued: &Issued, version: &'static SupportedProtocolVersion) -> Answer {
    let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let builder = builder.with_protocol_versions(&[version]).unwrap().with_no_client_auth();
    let key = PrivateKeyDer::from_pem_slice(issued.key.as_bytes()).unwrap();
    Answer::Yes(Arc::new(builder.with_single_cert(vec![issued.der()], key).unwrap()))
}

/// Files in which `authority` is the one to believe.
fn believing(authority: &Authority) -> Files {
    let files = Files::new(&authority.server());
    files.write("clients.pem", &authority.pem);
    files
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_that_is_said_to_postgres_is_encrypted() {
    let authority = Authority::new("authority");
    let files = believing(&authority);
    for version in [&TLS12, &TLS13] {
        let folder = tempfile::tempdir().unwrap();
        let (postgres, _) = own_cluster(folder.path()).await;
        let socket = postgres.socket_directory().join(".s.PGSQL.5432");
        let front = Front::before(socket.clone(), tls(&authority.server(), version)).await;
        let superuser = front.login(postgres.superuser(), postgres.password(), "localhost", &files);
        let login = |role: &Role| (*role, front.login(role.name(), PASSWORD, "localhost", &files));
        let logins: BTreeMap<_, _> = Role::ALL.iter().map(login).collect();
        let passwords = Role::ALL.iter().map(|role| (*role, Secret::new(PASSWORD))).collect();
        let options = MigrateOptions { maintenance: Some(superuser.clone()), logins, passwords, reset_passwords: true };
        migrate(&options).await.unwrap();
        guard::check(&options.logins).await.unwrap();

        let database = Database::of(superuser, options.logins);
        let app = App::over(database, AppOptions { connections: 2, ..AppOptions::default() }).await;
        let owner = app.owner("tenant-a");
        // More than a socket takes at once, in both directions.
        let text = "y".repeat(900 << 10);
        let large = json!({ "classes": ["A"], "props": { "number": 1, "blob": text } });
        let id = owner.post("/nodes", &large).await.created()["id"].as_str().unwrap().to_owned();
        assert_eq!(owner.get(&format!("/nodes/{id}")).await.ok()["props"]["blob"], text);
        let small = (0..30).map(async |n| owner.create_node(&format!("node {n}")).await.created());
        futures_util::future::join_all(small).await;

        // A request that was given up is cancelled on a connection of its own, which is encrypted too.
        let behind = app.database.behind_the_scenes().await;
        behind.batch_execute("begin; lock table wardgraph.nodes in access exclusive mode").await.unwrap();
        let encrypted = front.encrypted();
        let given_up = tokio::time::timeout(Duration::from_millis(500), owner.create_node("never")).await;
        assert!(given_up.is_err(), "it does not wait");
        let waiting = "select count(*) from pg_stat_activity where usename = 'wardgraph_app' and wait_event_type = 'Lock'";
        let began = Instant::now();
        while behind.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) > 0 {
            assert!(began.elapsed() < Duration::from_secs(2), "what nobody waits for goes on");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(front.encrypted() > encrypted, "the request to cancel came another way");
        behind.batch_execute("rollback").await.unwrap();
        owner.create_node("afterwards").await.created();
        assert!(front.encrypted() >= 8, "{}", front.encrypted());
        assert_eq!(front.in_the_clear(), "");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_36_a_postgres_that_is_not_who_it_should_be_hears_no_name_and_no_password() {
    let (authority, other) = (Authority::new("authority"), Authority::new("other"));
    let files = believing(&authority);
    for (what, host, answer, told) in [
        ("another authority", "localhost", tls(&other.server(), &TLS13), "certificate"),
        ("another name", "127.0.0.2", tls(&authority.server(), &TLS13), "certificate"),
        ("one that ended", "localhost", tls(&authority.expired_server(), &TLS13), "certificate"),
        ("a client's certificate", "localhost", tls(&authority.client(), &TLS12), "certificate"),
        ("no TLS", "localhost", Answer::No, "does not speak TLS"),
        ("words put behind the answer", "localhost", Answer::Stuffed, "connecting"),
    ] {
        let front = Front::before("/nowhere".into(), answer).await;
        let error = front.login("wardgraph_app", "hidden", host, &files).connect().await.unwrap_err().to_string();
        assert!(error.contains(told), "{what}: {error}");
        let heard = front.in_the_clear();
        assert!(!heard.contains("wardgraph_app") && !heard.contains("hidden"), "{what}: {heard}");
        assert_eq!(front.encrypted(), 0, "{what}");
    }
}
