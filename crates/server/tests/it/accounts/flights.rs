//! How often a sign-in waits for Postgres: each answer of Postgres to what was sent together ends in one `ReadyForQuery`.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy},
    net::{UnixListener, UnixStream},
};
use tokio_postgres::config::Host;
use wardgraph_store::{Login, Role};
use wardgraph_testkit::{App, AppOptions, Cluster, PASSWORD, Reply};

use super::login;

/// Stands before Postgres, and counts what it answers.
struct Counting {
    folder: tempfile::TempDir,
    flights: Arc<AtomicUsize>,
}

impl Counting {
    fn before(login: &Login) -> Self {
        let Some(Host::Unix(socket)) = login.config().get_hosts().first() else { panic!("Postgres has a socket") };
        let (folder, flights) = (tempfile::tempdir().unwrap(), Arc::<AtomicUsize>::default());
        let listener = UnixListener::bind(named(folder.path())).unwrap();
        let (socket, counted) = (named(socket), flights.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, socket.clone(), counted.clone()));
            }
        });
        Self { folder, flights }
    }

    /// The same login, through here.
    fn through(&self, login: &Login) -> Login {
        let (config, mut through) = (login.config(), Login::at_socket(self.folder.path()));
        let password = std::str::from_utf8(config.get_password().unwrap()).unwrap();
        through.user(config.get_user().unwrap()).password(password).dbname(config.get_dbname().unwrap());
        through
    }

    /// How many flights it takes, the least of some times: another may have a look meanwhile.
    async fn of(&self, times: usize, asked: impl AsyncFn() -> Reply, status: u16) -> usize {
        let mut least = usize::MAX;
        for _ in 0..times {
            let before = self.flights.load(Ordering::SeqCst);
            assert_eq!(asked().await.status, status);
            least = least.min(self.flights.load(Ordering::SeqCst) - before);
        }
        least
    }
}

/// The name of a socket of Postgres's.
fn named(folder: &Path) -> PathBuf {
    folder.join(".s.PGSQL.5432")
}

async fn carry(client: UnixStream, socket: PathBuf, flights: Arc<AtomicUsize>) -> io::Result<()> {
    let (mut asked, mut told) = client.into_split();
    let (mut answers, mut asks) = UnixStream::connect(socket).await?.into_split();
    tokio::spawn(async move { copy(&mut asked, &mut asks).await });
    loop {
        let (kind, length) = (answers.read_u8().await?, answers.read_u32().await?);
        let mut body = vec![0; length as usize - 4];
        answers.read_exact(&mut body).await?;
        if kind == b'Z' {
            flights.fetch_add(1, Ordering::SeqCst);
        }
        told.write_all(&[&[kind][..], &length.to_be_bytes(), &body].concat()).await?;
    }
}

#[tokio::test]
async fn a_sign_in_waits_for_postgres_four_times_and_a_refusal_as_often_whoever_is_meant() {
    let mut database = Cluster::get().database().await;
    let plain = database.logins.get(&Role::Identity).unwrap().clone();
    let counting = Counting::before(&plain);
    database.logins.insert(Role::Identity, counting.through(&plain));
    let app = App::over(database, AppOptions::default()).await;
    app.person("ada@example.com").await;
    login(&app, "ada@example.com", PASSWORD).await.ok();
    // The look before the password is worked out; what the sign-in is judged by; the session; the events, with the commit.
    assert_eq!(counting.of(3, || login(&app, "ada@example.com", PASSWORD), 200).await, 4);
    // The look, the count, and the events with the commit.
    for email in ["ada@example.com", "nobody@example.com"] {
        assert_eq!(counting.of(3, || login(&app, email, "wrong"), 401).await, 3, "{email}");
    }
}
