//! Where everything lies below the data folder.
//!
//! `postgres/` belongs to the server; only `pgdata` and `socket` in it belong to the account that
//! runs Postgres. So a Postgres that was taken over cannot plant files in the way of a root server.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::{
    account::Account,
    error::{EmbeddedError, io_error},
    files::{self, Owner},
};

/// The paths of one cluster.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) data_dir: PathBuf,
    pub(super) cluster: PathBuf,
    pub(super) pgdata: PathBuf,
    pub(super) socket: PathBuf,
    pub(super) log: PathBuf,
    pub(super) hba: PathBuf,
    pub(super) password: PathBuf,
}

/// Names in `postgres/` that an interrupted start may leave behind.
pub(super) const HALF_MADE: &str = "pgdata.new-";
pub(super) const PASSWORD_FOR_INITDB: &str = "initdb-password-";

impl Layout {
    /// Makes the data folder if need be, and names everything below it.
    pub(super) fn locate(data_dir: &Path) -> Result<Self, EmbeddedError> {
        if !data_dir.exists() {
            if let Some(parent) = data_dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
                fs::create_dir_all(parent).map_err(io_error("make the folder", parent))?;
            }
            match files::make_folder(data_dir, 0o700, None) {
                Err(_) if data_dir.is_dir() => {} // another server was quicker; the lock decides
                made => made?,
            }
        }
        let data_dir = fs::canonicalize(data_dir).map_err(io_error("find the folder", data_dir))?;
        if data_dir.as_os_str().as_encoded_bytes().contains(&b'\n') {
            return Err(EmbeddedError::BadPath { path: data_dir, reason: "it holds a line break" });
        }
        let cluster = data_dir.join("postgres");
        Ok(Self {
            pgdata: cluster.join("pgdata"),
            socket: cluster.join("socket"),
            log: cluster.join("postgres.log"),
            hba: cluster.join("pg_hba.conf"),
            password: cluster.join("password"),
            cluster,
            data_dir,
        })
    }

    /// Whom the server's own files are given to: as root, the owner of the data folder, so that
    /// they can start the server themselves another day.
    pub(super) fn keeper(&self) -> Result<Option<Owner>, EmbeddedError> {
        let found = fs::metadata(&self.data_dir).map_err(io_error("inspect", &self.data_dir))?;
        let stranger = rustix::process::geteuid().is_root() && found.uid() != 0;
        Ok(stranger.then(|| Owner { uid: found.uid(), gid: found.gid() }))
    }

    /// Makes `postgres/` and clears away what an interrupted start left in it.
    pub(super) fn prepare(&self, account: &Account) -> Result<(), EmbeddedError> {
        match fs::symlink_metadata(&self.cluster) {
            Ok(found) if !account.switch && found.uid() != account.owner.uid => {
                return Err(EmbeddedError::WrongOwner { path: self.cluster.clone(), owner: found.uid(), uid: account.owner.uid });
            }
            Ok(_) => {}
            Err(_) => files::make_folder(&self.cluster, 0o700, None)?,
        }
        let keeper = self.keeper()?.map_or(0, |owner| owner.uid);
        if !account.switch {
            files::own_folder(&self.cluster, 0o700, None)?;
        } else if keeper == account.owner.uid {
            files::own_folder(&self.cluster, 0o700, Some(account.owner))?;
        } else {
            files::own_folder(&self.cluster, 0o710, Some(Owner { uid: keeper, gid: account.owner.gid }))?;
        }
        self.sweep()
    }

    /// The major version of the cluster, or nothing where none was made yet.
    pub(super) fn cluster_version(&self, account: &Account) -> Result<Option<String>, EmbeddedError> {
        let found = match fs::symlink_metadata(&self.pgdata) {
            Ok(found) => found,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io_error("inspect", &self.pgdata)(error)),
        };
        if !found.is_dir() {
            return Err(EmbeddedError::BadPath { path: self.pgdata.clone(), reason: "it must be a real folder" });
        }
        if fs::remove_dir(&self.pgdata).is_ok() {
            return Ok(None); // it was empty
        }
        if found.uid() != account.owner.uid {
            return Err(EmbeddedError::WrongOwner { path: self.pgdata.clone(), owner: found.uid(), uid: account.owner.uid });
        }
        match fs::read_to_string(self.pgdata.join("PG_VERSION")) {
            Ok(version) => Ok(Some(version.trim().chars().take(20).collect())),
            Err(_) => Err(EmbeddedError::NotACluster { pgdata: self.pgdata.clone() }),
        }
    }

    fn sweep(&self) -> Result<(), EmbeddedError> {
        let entries = fs::read_dir(&self.cluster).map_err(io_error("list", &self.cluster))?;
        for entry in entries.flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let path = entry.path();
            if name.starts_with(HALF_MADE) {
                tracing::warn!(path = %path.display(), "removing a half-made cluster");
                fs::remove_dir_all(&path).map_err(io_error("remove", &path))?;
            } else if name.starts_with(PASSWORD_FOR_INITDB) || name.contains(".new-") {
                let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path));
            }
        }
        Ok(())
    }
}
