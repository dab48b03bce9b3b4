//! One life of the postmaster: started, ready, stopped.

use std::{fs::File, path::Path, time::Duration};

use rustix::process::Signal;
use tokio::{
    process::Child,
    time::{Instant, sleep, timeout},
};
use tokio_postgres::NoTls;

use super::{
    SUPERUSER,
    cluster::Cluster,
    command::{blames_full_disk, command, telling_lines},
    error::{EmbeddedError, io_error},
    leftover, log,
    processes::{self, PidFile},
};

/// A recovery that logs nothing for this long is stuck.
const STALLED: Duration = Duration::from_mins(5);
/// No recovery takes this long.
const LONGEST_START: Duration = Duration::from_hours(1);
const REPORT_EVERY: Duration = Duration::from_secs(5);
/// A fast stop writes a checkpoint, which takes as long as the disk is slow.
const FAST_STOP: Duration = Duration::from_mins(1);
const IMMEDIATE_STOP: Duration = Duration::from_secs(15);

/// Starts the process; its messages go to `log`.
pub(super) fn spawn(cluster: &Cluster, log: File) -> Result<Child, EmbeddedError> {
    let program = cluster.binaries.postgres();
    let spare = log.try_clone().map_err(io_error("open", &cluster.layout.log))?;
    command(&program, &cluster.account)
        .args(&cluster.arguments)
        .stdout(spare)
        .stderr(log)
        .spawn()
        .map_err(io_error("run", &program))
}

/// Waits until it accepts a connection. A crash recovery may take long: we wait while it tells of
/// progress. `logged` is where this start's messages begin in the log.
pub(super) async fn wait_until_ready(cluster: &Cluster, child: &mut Child, logged: u64) -> Result<(), EmbeddedError> {
    let path = &cluster.layout.log;
    let begun = Instant::now();
    let mut progress = (logged, begun);
    let mut next_report = begun + REPORT_EVERY;
    loop {
        if child.try_wait().map_err(io_error("wait for", path))?.is_some() {
            return Err(startup_failure(cluster, logged));
        }
        let found = PidFile::read(&cluster.layout.pgdata);
        if found.is_some_and(|file| file.ready && Some(file.pid) == child.id()) {
            return connect(cluster).await;
        }
        let now = Instant::now();
        let length = log::length(path);
        if length != progress.0 {
            progress = (length, now);
        }
        if now - progress.1 > STALLED || now - begun > LONGEST_START {
            return Err(EmbeddedError::NotReady { seconds: (now - begun).as_secs(), log: path.clone() });
        }
        if now >= next_report {
            let text = log::tail(path, logged);
            let said = text.lines().next_back().unwrap_or_default();
            tracing::info!(waited_s = (now - begun).as_secs(), said, "waiting for Postgres, which may be recovering");
            next_report = now + REPORT_EVERY;
        }
        sleep(Duration::from_millis(10)).await;
    }
}

/// The proof that we, with our password, get in.
async fn connect(cluster: &Cluster) -> Result<(), EmbeddedError> {
    let mut config = tokio_postgres::Config::new();
    config
        .host_path(cluster.socket.path())
        .user(SUPERUSER)
        .password(&cluster.password)
        .dbname("postgres")
        .connect_timeout(Duration::from_secs(10));
    let (client, connection) = config.connect(NoTls).await.map_err(EmbeddedError::Connect)?;
    drop(client);
    let _ = connection.await;
    Ok(())
}

fn startup_failure(cluster: &Cluster, logged: u64) -> EmbeddedError {
    let text = log::tail(&cluster.layout.log, logged);
    let reason = telling_lines(&text);
    if blames_full_disk(&reason) {
        return EmbeddedError::DiskFull { path: cluster.layout.pgdata.clone() };
    }
    let reason = if reason.is_empty() { "it ended without a word".to_owned() } else { reason };
    EmbeddedError::Startup { reason, log: cluster.layout.log.clone() }
}

/// Stops the process: fast, then immediately (the next start recovers, and nothing is lost), then
/// by force.
pub(super) async fn stop(child: &mut Child, pgdata: &Path) -> Result<(), EmbeddedError> {
    let begun = Instant::now();
    for (signal, patience) in [(Signal::INT, FAST_STOP), (Signal::QUIT, IMMEDIATE_STOP)] {
        let Some(pid) = child.id() else {
            return Ok(()); // it has ended already
        };
        processes::signal(pid, signal);
        let ended = tokio::select! {
            ended = timeout(patience, child.wait()) => ended.is_ok(),
            () = leftover::stuck(pgdata, pid), if signal == Signal::INT => false,
        };
        if ended {
            return Ok(());
        }
        tracing::warn!(pid, "Postgres does not stop, insisting; its next start goes through a crash recovery");
    }
    for pid in processes::of_cluster(pgdata) {
        processes::signal(pid, Signal::KILL);
    }
    let _ = timeout(IMMEDIATE_STOP, child.wait()).await;
    leftover::wait_until(|| processes::of_cluster(pgdata).is_empty(), IMMEDIATE_STOP).await;
    Err(EmbeddedError::Killed { seconds: begun.elapsed().as_secs() })
}
