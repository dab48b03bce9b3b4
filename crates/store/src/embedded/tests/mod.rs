//! The private cluster against real binaries.

mod crash;
mod privacy;
mod refusals;

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use tokio_postgres::{Client, NoTls};

use super::{EmbeddedError, EmbeddedOptions, EmbeddedPostgres, leftover::wait_until};

/// Where the binaries are, or how to get them.
fn binaries() -> PathBuf {
    let fetched = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.cache/postgres/current");
    let folder = std::env::var_os("WARDGRAPH_POSTGRES_DIR").map_or_else(fetched, PathBuf::from);
    assert!(
        folder.join("bin/postgres").exists(),
        "no Postgres in `{}`: run `python3 scripts/fetch.py --only postgres`, or set WARDGRAPH_POSTGRES_DIR",
        folder.display()
    );
    folder
}

/// A small cluster that keeps what it was told.
fn durable(data_dir: &Path) -> EmbeddedOptions {
    let mut options = EmbeddedOptions::new(data_dir, binaries());
    options.settings.push(("shared_buffers".to_owned(), "16MB".to_owned()));
    options
}

/// A small cluster that forgets in a crash.
fn options(data_dir: &Path) -> EmbeddedOptions {
    EmbeddedOptions { durable: false, ..durable(data_dir) }
}

async fn connect(postgres: &EmbeddedPostgres, password: &str) -> Result<Client, tokio_postgres::Error> {
    let mut config = tokio_postgres::Config::new();
    config.host_path(postgres.socket_directory()).user(postgres.superuser()).password(password).dbname("postgres");
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

async fn client(postgres: &EmbeddedPostgres) -> Client {
    connect(postgres, postgres.password()).await.unwrap()
}

async fn setting(client: &Client, name: &str) -> String {
    client.query_one("select current_setting($1)", &[&name]).await.unwrap().get(0)
}

async fn count(client: &Client) -> i64 {
    client.query_one("select count(*) from kept", &[]).await.unwrap().get(0)
}

const KEPT: &str = "create table kept (id bigint primary key); insert into kept select generate_series(1, 1000);";

#[tokio::test]
async fn data_survives_a_stop_and_a_start() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("made/on/demand");
    let begun = Instant::now();
    let mut options = EmbeddedOptions::new(&data_dir, binaries());
    options.settings.push(("work_mem".to_owned(), "7MB".to_owned()));
    let postgres = EmbeddedPostgres::start(options.clone()).await.unwrap();
    let cold = begun.elapsed();
    let first_password = postgres.password().to_owned();
    let first = client(&postgres).await;
    first.batch_execute(KEPT).await.unwrap();
    for (name, value) in [
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("synchronous_commit", "on"),
        ("data_checksums", "on"),
        ("listen_addresses", ""),
        ("work_mem", "7MB"),
        ("server_encoding", "UTF8"),
    ] {
        assert_eq!(setting(&first, name).await, value, "{name}");
    }
    let lexemes: String = first.query_one("select to_tsvector('simple', 'ÉCOLE')::text", &[]).await.unwrap().get(0);
    assert_eq!(lexemes, "'école':1");
    let pid = postgres.postmaster_pid();
    postgres.stop().await.unwrap();
    assert!(!Path::new(&format!("/proc/{pid}")).exists());
    assert!(!data_dir.join("postgres/pgdata/postmaster.pid").exists());

    let begun = Instant::now();
    let postgres = EmbeddedPostgres::start(options).await.unwrap();
    let warm = begun.elapsed();
    eprintln!("cold start {cold:?}, warm start {warm:?}");
    assert_eq!(postgres.password(), first_password);
    assert_eq!(count(&client(&postgres).await).await, 1000);
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn a_dropped_cluster_stops_too() {
    let folder = tempfile::tempdir().unwrap();
    let postgres = EmbeddedPostgres::start(options(folder.path())).await.unwrap();
    let pid = folder.path().join("postgres/pgdata/postmaster.pid");
    drop(postgres);
    assert!(wait_until(|| !pid.exists(), Duration::from_secs(10)).await);
}
