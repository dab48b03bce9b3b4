//! Deaths: of the postmaster, of the server, of the watchdog.

use std::{
    fs,
    process::{Child, Command, Stdio},
};

use rustix::process::Signal;

use super::{
    super::processes::{self, PidFile},
    *,
};

const ROOM: &str = "WARDGRAPH_EMBEDDED_TEST_ROOM";

/// Not a test by itself: the server that the tests below start as another process, to kill it.
#[tokio::test]
async fn a_server_to_be_killed() {
    let Some(data_dir) = std::env::var_os(ROOM).map(PathBuf::from) else {
        return;
    };
    let postgres = EmbeddedPostgres::start(durable(&data_dir)).await.unwrap();
    client(&postgres).await.batch_execute(KEPT).await.unwrap();
    fs::write(data_dir.join("ready"), postgres.socket_directory().to_str().unwrap()).unwrap();
    std::future::pending::<()>().await;
}

/// Starts such a server and waits until it has stored its rows.
async fn server(data_dir: &Path) -> Child {
    let module = module_path!().split_once("::").unwrap().1;
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", &format!("{module}::a_server_to_be_killed")])
        .env(ROOM, data_dir)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let ready = data_dir.join("ready");
    let is_ready = || fs::metadata(&ready).is_ok_and(|found| found.len() > 0);
    let ended = |child: &mut Child| child.try_wait().unwrap().is_some();
    assert!(wait_until(|| is_ready() || ended(&mut child), Duration::from_mins(1)).await);
    assert!(is_ready(), "the server to be killed ended by itself");
    child
}

#[tokio::test]
async fn a_killed_postmaster_comes_back_with_its_data() {
    let folder = tempfile::tempdir().unwrap();
    let postgres = EmbeddedPostgres::start(durable(folder.path())).await.unwrap();
    client(&postgres).await.batch_execute(KEPT).await.unwrap();
    for _ in 0..2 {
        let busy = client(&postgres).await;
        tokio::spawn(async move { busy.batch_execute("select count(*) from generate_series(1, 10000000000)").await });
        tokio::time::sleep(Duration::from_millis(100)).await;
        let first = postgres.postmaster_pid();
        processes::signal(first, Signal::KILL);
        assert!(wait_until(|| postgres.postmaster_pid() != first, Duration::from_secs(20)).await);
        assert_eq!(count(&client(&postgres).await).await, 1000);
    }
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn stop_works_while_postgres_is_down() {
    let folder = tempfile::tempdir().unwrap();
    let postgres = EmbeddedPostgres::start(durable(folder.path())).await.unwrap();
    processes::signal(postgres.postmaster_pid(), Signal::KILL);
    tokio::time::sleep(Duration::from_millis(20)).await;
    postgres.stop().await.unwrap();
    EmbeddedPostgres::start(durable(folder.path())).await.unwrap().stop().await.unwrap();
}

#[tokio::test]
async fn a_stop_in_the_middle_of_a_crash_recovery_is_not_stuck() {
    let folder = tempfile::tempdir().unwrap();
    for delay_ms in [0, 5, 10, 20] {
        let postgres = EmbeddedPostgres::start(options(folder.path())).await.unwrap();
        let client = client(&postgres).await;
        let pid: i32 = client.query_one("select pg_backend_pid()", &[]).await.unwrap().get(0);
        processes::signal(pid.unsigned_abs(), Signal::SEGV);
        tokio::time::sleep(Duration::from_millis(delay_ms)).await;
        let begun = Instant::now();
        postgres.stop().await.unwrap();
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn a_killed_server_takes_its_postgres_along() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = fs::canonicalize(folder.path()).unwrap().join("far down ".repeat(12));
    let pgdata = data_dir.join("postgres/pgdata");
    let mut server = server(&data_dir).await;
    let socket = PathBuf::from(fs::read_to_string(data_dir.join("ready")).unwrap());
    assert!(socket.exists() && !socket.starts_with(&data_dir));
    server.kill().unwrap();
    server.wait().unwrap();
    let gone = || processes::of_cluster(&pgdata).is_empty() && !socket.exists();
    assert!(wait_until(gone, Duration::from_secs(10)).await, "{:?}", processes::of_cluster(&pgdata));

    let postgres = EmbeddedPostgres::start(durable(&data_dir)).await.unwrap();
    assert_eq!(count(&client(&postgres).await).await, 1000);
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn a_start_right_after_the_kill_stops_the_old_postgres_and_keeps_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = fs::canonicalize(folder.path()).unwrap();
    let mut server = server(&data_dir).await;
    server.kill().unwrap();
    server.wait().unwrap();
    let postgres = EmbeddedPostgres::start(durable(&data_dir)).await.unwrap();
    let pid = postgres.postmaster_pid();
    assert_eq!(count(&client(&postgres).await).await, 1000);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(postgres.postmaster_pid(), pid, "the old watchdog leaves the new postmaster alone");
    client(&postgres).await.batch_execute("select 1").await.unwrap();
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn an_orphan_without_a_watchdog_is_stopped_by_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = fs::canonicalize(folder.path()).unwrap();
    let pgdata = data_dir.join("postgres/pgdata");
    let mut server = server(&data_dir).await;
    for watchdog in children(server.id()).into_iter().filter(|pid| command_line(*pid).contains("watchdog")) {
        // A stopped server cannot replace the watchdog we kill.
        processes::signal(server.id(), Signal::STOP);
        processes::signal(watchdog, Signal::KILL);
    }
    server.kill().unwrap();
    server.wait().unwrap();
    let orphan = PidFile::read(&pgdata).unwrap().pid;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(processes::belongs(orphan, &pgdata));
    let postgres = EmbeddedPostgres::start(durable(&data_dir)).await.unwrap();
    assert_ne!(postgres.postmaster_pid(), orphan);
    assert!(!processes::belongs(orphan, &pgdata));
    assert_eq!(count(&client(&postgres).await).await, 1000);
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn a_pid_file_whose_pid_was_given_to_another_does_not_block() {
    let folder = tempfile::tempdir().unwrap();
    EmbeddedPostgres::start(durable(folder.path())).await.unwrap().stop().await.unwrap();
    let pgdata = fs::canonicalize(folder.path()).unwrap().join("postgres/pgdata");
    let mut stranger = Command::new("sleep").arg("60").current_dir(&pgdata).spawn().unwrap();
    let text = format!("{}\n{}\n1\n5432\n/x\n\n1 2\nready\n", stranger.id(), pgdata.display());
    fs::write(pgdata.join("postmaster.pid"), text).unwrap();
    let postgres = EmbeddedPostgres::start(durable(folder.path())).await.unwrap();
    assert!(stranger.try_wait().unwrap().is_none(), "a stranger is not signalled");
    stranger.kill().unwrap();
    stranger.wait().unwrap();
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn a_killed_watchdog_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = fs::canonicalize(folder.path()).unwrap();
    let pgdata = data_dir.join("postgres/pgdata");
    let postgres = EmbeddedPostgres::start(durable(&data_dir)).await.unwrap();
    let watchdog = || {
        let mine = |pid: &u32| command_line(*pid).contains(&format!("watchdog\0{}\0", pgdata.display()));
        children(std::process::id()).into_iter().find(mine)
    };
    let first = watchdog().unwrap();
    processes::signal(first, Signal::KILL);
    assert!(wait_until(|| watchdog().is_some_and(|pid| pid != first), Duration::from_secs(5)).await);
    postgres.stop().await.unwrap();
    assert_eq!(watchdog(), None);
}

fn command_line(pid: u32) -> String {
    fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default()
}

fn children(parent: u32) -> Vec<u32> {
    let pids = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
    let of_parent = |pid: &u32| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        status.lines().any(|line| line == format!("PPid:\t{parent}"))
    };
    pids.filter(of_parent).collect()
}
