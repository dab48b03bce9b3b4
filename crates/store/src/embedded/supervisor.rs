//! Keeps Postgres running until it is told to stop.

use std::{sync::Arc, time::Duration};

use tokio::{
    process::Child,
    sync::{oneshot, watch},
    time::{Instant, sleep},
};

use super::{cluster::Cluster, error::EmbeddedError, leftover, lock::DataLock, log, postmaster, watchdog::Watchdog};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A postmaster that lived this long has earned a quick restart.
const LIVED_LONG: Duration = Duration::from_mins(1);
/// Between two watchdogs.
const WATCHDOG_PAUSE: Duration = Duration::from_secs(1);
const LOG_CHECK: Duration = Duration::from_secs(30);

/// The postmaster, its watchdog and the lock of the data folder.
pub(super) struct Supervisor {
    cluster: Arc<Cluster>,
    postmaster: Option<Child>,
    watchdog: Option<Watchdog>,
    pid: watch::Sender<u32>,
    lock: DataLock,
}

impl Supervisor {
    /// Starts Postgres and waits until it is ready; on failure nothing is left running.
    pub(super) async fn start(cluster: Arc<Cluster>, lock: DataLock) -> Result<Self, EmbeddedError> {
        let mut supervisor = Self { cluster, postmaster: None, watchdog: None, pid: watch::Sender::new(0), lock };
        match supervisor.launch().await {
            Ok(()) => Ok(supervisor),
            Err(error) => {
                let _ = supervisor.shut_down().await;
                Err(error)
            }
        }
    }

    /// Follows the pid of the postmaster, which changes with every restart.
    pub(super) fn pid(&self) -> watch::Receiver<u32> {
        self.pid.subscribe()
    }

    /// Runs until `stop` is sent or its sender is dropped.
    pub(super) async fn run(mut self, mut stop: oneshot::Receiver<()>) -> Result<(), EmbeddedError> {
        let mut pause = FIRST_PAUSE;
        loop {
            let born = Instant::now();
            tokio::select! {
                _ = &mut stop => break,
                () = self.watch_over() => {}
            }
            if born.elapsed() > LIVED_LONG {
                pause = FIRST_PAUSE;
            }
            tokio::select! {
                _ = &mut stop => break,
                () = self.revive(&mut pause) => {}
            }
        }
        self.shut_down().await
    }

    /// Returns when the postmaster has died. Meanwhile replaces a watchdog that died, and keeps
    /// the log small.
    async fn watch_over(&mut self) {
        loop {
            let Some(postmaster) = self.postmaster.as_mut() else {
                return;
            };
            tokio::select! {
                status = postmaster.wait() => {
                    let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
                    tracing::error!(status, "Postgres died, restarting it");
                    self.postmaster = None;
                    if let Some(watchdog) = self.watchdog.as_mut() {
                        watchdog.rest().await;
                    }
                    return;
                }
                () = watchdog_ended(self.watchdog.as_mut()) => {
                    tracing::warn!("the watchdog of Postgres died, replacing it");
                    self.watchdog = None;
                    sleep(WATCHDOG_PAUSE).await;
                    self.set_watchdog().await;
                }
                () = sleep(LOG_CHECK) => log::trim(&self.cluster.layout.log),
            }
        }
    }

    /// Starts Postgres again, more and more patiently, until it is ready.
    async fn revive(&mut self, pause: &mut Duration) {
        loop {
            sleep(*pause).await;
            *pause = (*pause * 2).min(LONGEST_PAUSE);
            match self.launch().await {
                Ok(()) => {
                    tracing::info!(pid = *self.pid.borrow(), "Postgres is back");
                    return;
                }
                Err(error) => {
                    let error = error.chain();
                    tracing::error!(error, retry_in_ms = pause.as_millis(), "Postgres does not come back");
                    if let Some(postmaster) = self.postmaster.as_mut() {
                        let _ = postmaster::stop(postmaster, &self.cluster.layout.pgdata).await;
                    }
                    self.postmaster = None;
                }
            }
        }
    }

    async fn launch(&mut self) -> Result<(), EmbeddedError> {
        let cluster = Arc::clone(&self.cluster);
        leftover::stop(&cluster.layout.pgdata).await?;
        cluster.socket.prepare()?;
        let (log, logged) = log::open(&cluster.layout.log, cluster.layout.keeper()?)?;
        self.set_watchdog().await; // before there is anything to watch, so that no moment is unwatched
        self.postmaster = Some(postmaster::spawn(&cluster, log)?);
        self.set_watchdog().await;
        let Some(postmaster) = self.postmaster.as_mut() else {
            return Err(EmbeddedError::SupervisorGone);
        };
        postmaster::wait_until_ready(&cluster, postmaster, logged).await?;
        self.pid.send_replace(postmaster.id().unwrap_or_default());
        Ok(())
    }

    /// Makes sure there is a watchdog, and points it at the postmaster of now.
    async fn set_watchdog(&mut self) {
        if self.watchdog.is_none() {
            let Cluster { account, layout, socket, .. } = &*self.cluster;
            self.watchdog = Watchdog::start(account, &layout.pgdata, socket.temporary());
        }
        let pid = self.postmaster.as_ref().and_then(Child::id);
        if let (Some(watchdog), Some(pid)) = (self.watchdog.as_mut(), pid) {
            watchdog.guard(pid).await;
        }
    }

    async fn shut_down(mut self) -> Result<(), EmbeddedError> {
        let stopped = match self.postmaster.as_mut() {
            Some(postmaster) => postmaster::stop(postmaster, &self.cluster.layout.pgdata).await,
            None => Ok(()),
        };
        if let Some(watchdog) = self.watchdog {
            watchdog.dismiss().await;
        }
        self.cluster.socket.remove();
        drop(self.lock); // last: until now a second server would have found the cluster in use
        stopped
    }
}

async fn watchdog_ended(watchdog: Option<&mut Watchdog>) {
    match watchdog {
        Some(watchdog) => watchdog.ended().await,
        None => std::future::pending().await,
    }
}
