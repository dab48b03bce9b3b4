//! What a previous run left running: its server was killed, or its postmaster.

use std::{fs, path::Path, time::Duration};

use rustix::process::Signal;
use tokio::time::{Instant, sleep};

use super::{
    error::{EmbeddedError, io_error},
    processes::{self, PidFile},
};

/// Stops every process of the cluster, gently first. We hold the data folder's lock, so none of
/// them has a server any more.
///
/// Orphaned backends matter as much as the postmaster: while one lives, it may still write, and
/// Postgres refuses to start beside it.
pub(super) async fn stop(pgdata: &Path) -> Result<(), EmbeddedError> {
    if let Some(pid) = PidFile::read(pgdata).map(|file| file.pid)
        && processes::belongs(pid, pgdata)
    {
        tracing::warn!(pid, "stopping a Postgres that outlived its server");
        for (signal, patience) in [(Signal::INT, 30), (Signal::QUIT, 15), (Signal::KILL, 5)] {
            processes::signal(pid, signal);
            let gone = wait_until(|| !processes::belongs(pid, pgdata), Duration::from_secs(patience));
            let ended = tokio::select! {
                ended = gone => ended,
                () = stuck(pgdata, pid), if signal == Signal::INT => false,
            };
            if ended {
                break;
            }
        }
    }
    stop_backends(pgdata).await?;
    forget(pgdata)
}

/// Backends notice by themselves that their postmaster is gone, unless they are busy.
async fn stop_backends(pgdata: &Path) -> Result<(), EmbeddedError> {
    for (signal, patience_ms) in [(None, 300), (Some(Signal::QUIT), 5_000), (Some(Signal::KILL), 10_000)] {
        if let Some(signal) = signal {
            for pid in processes::of_cluster(pgdata) {
                tracing::warn!(pid, ?signal, "stopping an orphaned process of Postgres");
                processes::signal(pid, signal);
            }
        }
        if wait_until(|| processes::of_cluster(pgdata).is_empty(), Duration::from_millis(patience_ms)).await {
            return Ok(());
        }
    }
    let pids = processes::of_cluster(pgdata);
    let log = pgdata.to_owned();
    Err(EmbeddedError::Startup { reason: format!("processes of an earlier run do not end: {pids:?}"), log })
}

/// Removes a stale pid file whose pid was given to someone else since: Postgres would take that
/// process for a postmaster. Only where we can be sure that no process of the cluster is left.
fn forget(pgdata: &Path) -> Result<(), EmbeddedError> {
    let path = pgdata.join("postmaster.pid");
    if !cfg!(target_os = "linux") || !path.exists() {
        return Ok(());
    }
    fs::remove_file(&path).map_err(io_error("remove", &path))
}

/// Returns when a fast stop has been stuck for a while.
pub(super) async fn stuck(pgdata: &Path, postmaster: u32) {
    let mut seen = 0;
    while seen < 12 {
        sleep(Duration::from_millis(250)).await;
        seen = if processes::only_idle_helpers(pgdata, postmaster) { seen + 1 } else { 0 };
    }
}

/// Asks again and again, until it holds or the patience is used up.
pub(super) async fn wait_until(mut holds: impl FnMut() -> bool, patience: Duration) -> bool {
    let deadline = Instant::now() + patience;
    loop {
        if holds() {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        sleep(Duration::from_millis(20)).await;
    }
}
