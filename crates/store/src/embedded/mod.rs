//! A private Postgres in the data folder, for servers that were given no database.
//!
//! - Only a unix socket, in a folder of mode 0700, with a generated password: no port, no `trust`.
//! - Never as root: a server that is root steps down to the owner of the data folder, or to
//!   `postgres`.
//! - One server per data folder; Postgres stops with its server, even one that is killed, and
//!   comes back when it dies alone.
//! - Nothing a tenant stored or asked reaches the log.
//!
//! ```text
//! data folder/
//!   lock              held while the server runs
//!   postgres/
//!     password        of the superuser, 0600
//!     pg_hba.conf     one line
//!     postgres.log    of bounded size
//!     pgdata/         the cluster, owned by the account that runs it
//!     socket/         the door
//! ```

mod access;
mod account;
mod binaries;
mod cluster;
mod command;
mod error;
mod files;
mod initdb;
mod layout;
mod leftover;
mod lock;
mod log;
mod options;
mod password;
mod postmaster;
mod processes;
mod settings;
mod socket;
mod supervisor;
mod watchdog;

#[cfg(test)]
mod tests;

use std::{fmt, path::Path, sync::Arc};

use tokio::{
    sync::{oneshot, watch},
    task::JoinHandle,
};

use self::{cluster::Cluster, supervisor::Supervisor};

pub use self::{error::EmbeddedError, options::EmbeddedOptions};

/// The role that owns the cluster.
const SUPERUSER: &str = "wardgraph_superuser";

/// A running private cluster.
///
/// [`EmbeddedPostgres::stop`] ends it cleanly. Dropping it stops Postgres too, in the background
/// and as long as the runtime lives; after that the watchdog does.
pub struct EmbeddedPostgres {
    cluster: Arc<Cluster>,
    pid: watch::Receiver<u32>,
    stop: oneshot::Sender<()>,
    supervisor: JoinHandle<Result<(), EmbeddedError>>,
}

impl EmbeddedPostgres {
    /// Starts the cluster in the data folder, makes it first if there is none, and waits until it
    /// accepts connections, through a crash recovery if need be.
    pub async fn start(options: EmbeddedOptions) -> Result<Self, EmbeddedError> {
        let (cluster, lock) = Cluster::open(&options).await?;
        let cluster = Arc::new(cluster);
        let supervisor = Supervisor::start(Arc::clone(&cluster), lock).await?;
        let pid = supervisor.pid();
        tracing::info!(pid = *pid.borrow(), socket = %cluster.socket.path().display(), "Postgres is ready");
        let (stop, stopped) = oneshot::channel();
        let supervisor = tokio::spawn(supervisor.run(stopped));
        Ok(Self { cluster, pid, stop, supervisor })
    }

    /// The folder to give a client as host; the port is the usual one.
    pub fn socket_directory(&self) -> &Path {
        self.cluster.socket.path()
    }

    /// The role that owns the cluster.
    pub fn superuser(&self) -> &str {
        SUPERUSER
    }

    /// The superuser's password, 256 random bits.
    pub fn password(&self) -> &str {
        &self.cluster.password
    }

    /// The pid of the postmaster; another one after a restart.
    pub fn postmaster_pid(&self) -> u32 {
        *self.pid.borrow()
    }

    /// Stops the cluster: open transactions are rolled back, a checkpoint is written, the data
    /// folder is free for another server.
    pub async fn stop(self) -> Result<(), EmbeddedError> {
        let _ = self.stop.send(());
        self.supervisor.await.map_err(|_| EmbeddedError::SupervisorGone)?
    }
}

impl fmt::Debug for EmbeddedPostgres {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("EmbeddedPostgres")
            .field("socket_directory", &self.socket_directory())
            .field("postmaster_pid", &self.postmaster_pid())
            .finish_non_exhaustive()
    }
}
