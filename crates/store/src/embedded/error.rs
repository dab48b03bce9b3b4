//! Why the private cluster does not run, in words an operator can act on.

use std::{io, path::Path, path::PathBuf};

/// A failure of the embedded Postgres.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// A program of Postgres is not where it should be.
    #[error(
        "the Postgres binaries are missing: `{}` does not exist or cannot be run; fetch them with `python3 scripts/fetch.py --only postgres`, or set a database URL to use a Postgres of your own",
        path.display()
    )]
    MissingBinaries {
        /// The file that was looked for.
        path: PathBuf,
    },
    /// The binaries are there and do not work.
    #[error("`{}` does not run: {reason}", path.display())]
    BrokenBinaries {
        /// The program that was tried.
        path: PathBuf,
        /// What it said.
        reason: String,
    },
    /// Another server holds the data folder.
    #[error("the data folder `{}` is in use by {}; stop that server first, or choose another folder", data_dir.display(), name_process(*pid))]
    Locked {
        /// The folder both want.
        data_dir: PathBuf,
        /// The other server, where its lock file could be read.
        pid: Option<u32>,
    },
    /// The cluster was made by another major version of Postgres.
    #[error(
        "the cluster in `{}` was made by Postgres {found}, the binaries are Postgres {expected}; run once with the binaries of version {found} to dump the data (pg_dumpall), move the folder away, and load the dump into the new cluster",
        pgdata.display()
    )]
    WrongVersion {
        /// The cluster's folder.
        pgdata: PathBuf,
        /// The version that made it.
        found: String,
        /// The version of the binaries.
        expected: String,
    },
    /// The cluster's folder holds something that is no cluster.
    #[error("`{}` is not empty and not a Postgres cluster (no PG_VERSION); move it away, or restore it from a backup", pgdata.display())]
    NotACluster {
        /// The cluster's folder.
        pgdata: PathBuf,
    },
    /// The cluster's files belong to someone we cannot run as.
    #[error("`{}` belongs to uid {owner}, but Postgres would run as uid {uid}; start the server as that owner, or give the folder away with `chown -R`", path.display())]
    WrongOwner {
        /// The file or folder.
        path: PathBuf,
        /// Who owns it.
        owner: u32,
        /// Who should.
        uid: u32,
    },
    /// The password of an existing cluster is gone.
    #[error("the cluster exists, but its password file `{}` does not; restore the file from a backup of the data folder", path.display())]
    MissingPassword {
        /// Where the password is kept.
        path: PathBuf,
    },
    /// Started as root, and there is no one else to run Postgres as.
    #[error(
        "Postgres must not run as root, and there is neither an account `postgres` nor `nobody`; create one, or give the data folder to an unprivileged user"
    )]
    NoAccount,
    /// The unprivileged account cannot get into the data folder.
    #[error("the account `{account}`, which runs Postgres, cannot enter `{}`; allow it with `chmod o+x`, or choose a data folder elsewhere", blocker.display())]
    Unreachable {
        /// The account Postgres runs as.
        account: String,
        /// The folder that blocks.
        blocker: PathBuf,
    },
    /// A path Postgres cannot live with.
    #[error("the path `{}` cannot hold the cluster: {reason}", path.display())]
    BadPath {
        /// The path.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A setting that is malformed, or guards the cluster.
    #[error("the Postgres setting `{name}` cannot be set: {reason}")]
    BadSetting {
        /// The setting's name.
        name: String,
        /// Why not.
        reason: &'static str,
    },
    /// No room is left.
    #[error("the disk of `{}` is full; free some space and start again", path.display())]
    DiskFull {
        /// The folder that could not grow.
        path: PathBuf,
    },
    /// The first start failed.
    #[error("making the cluster failed: {reason}")]
    Initdb {
        /// What initdb said, shortened.
        reason: String,
    },
    /// Postgres ended before it was ready.
    #[error("Postgres did not start: {reason} (more in `{}`)", log.display())]
    Startup {
        /// What it said, shortened.
        reason: String,
        /// The log file.
        log: PathBuf,
    },
    /// Postgres runs and refuses us, or never became ready.
    #[error("Postgres did not become ready within {seconds} s (see `{}`)", log.display())]
    NotReady {
        /// How long we waited.
        seconds: u64,
        /// The log file.
        log: PathBuf,
    },
    /// Postgres is up, and a connection fails.
    #[error("Postgres runs, but the first connection failed")]
    Connect(#[source] tokio_postgres::Error),
    /// Postgres had to be killed: the next start goes through crash recovery.
    #[error("Postgres did not stop within {seconds} s and was killed; no committed data is lost, the next start recovers")]
    Killed {
        /// How long we waited.
        seconds: u64,
    },
    /// The system refused something.
    #[error("cannot {action} `{}`", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// A task of ours was cancelled or panicked.
    #[error("the supervisor of Postgres ended unexpectedly")]
    SupervisorGone,
}

impl EmbeddedError {
    /// The message and all it was caused by, for one line of a log.
    pub(super) fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        text
    }
}

fn name_process(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another server".to_owned(), |pid| format!("another server (pid {pid})"))
}

/// Wraps the system's answer with what was tried; a full disk gets its own variant.
pub(super) fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> EmbeddedError {
    let path = path.to_owned();
    move |source| match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => EmbeddedError::DiskFull { path },
        _ => EmbeddedError::Io { action, path, source },
    }
}
