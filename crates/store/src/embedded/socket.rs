//! The folder of the unix socket, the only door to the cluster.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::{
    account::Account,
    error::EmbeddedError,
    files::{self, Owner},
};

/// What Postgres names its socket at the port we give it.
const SOCKET: &str = ".s.PGSQL.5432";

/// The longest path the system binds a socket to.
const LONGEST: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// A private folder for the socket.
#[derive(Debug, Clone)]
pub(super) struct SocketFolder {
    path: PathBuf,
    owner: Option<Owner>,
    temporary: bool,
}

impl SocketFolder {
    /// `preferred`, or a short folder elsewhere where the path of the socket would be too long.
    pub(super) fn choose(preferred: &Path, account: &Account) -> Result<Self, EmbeddedError> {
        let owner = account.gift();
        if fits(preferred) {
            return Ok(Self { path: preferred.to_owned(), owner, temporary: false });
        }
        let path = shelter(account).join(format!("wardgraph-{}", files::random_name(preferred)?));
        tracing::info!(path = %path.display(), "the data folder's path is too long for a socket, using a private folder elsewhere");
        Ok(Self { path, owner, temporary: true })
    }

    /// Makes the folder, or checks the one that is there, and clears a stale socket.
    ///
    /// A folder of a temporary name must be new or have stayed ours: making it fails if someone
    /// put anything, a symlink too, in its place.
    pub(super) fn prepare(&self) -> Result<(), EmbeddedError> {
        match fs::symlink_metadata(&self.path) {
            Err(_) => files::make_folder(&self.path, 0o700, self.owner)?,
            Ok(found) => {
                let uid = self.owner.map_or_else(|| rustix::process::geteuid().as_raw(), |owner| owner.uid);
                if found.uid() != uid {
                    let path = self.path.clone();
                    return Err(EmbeddedError::WrongOwner { path, owner: found.uid(), uid });
                }
                files::own_folder(&self.path, 0o700, None)?;
            }
        }
        for name in [SOCKET.to_owned(), format!("{SOCKET}.lock")] {
            let _ = fs::remove_file(self.path.join(name));
        }
        Ok(())
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The folder that should go away with the server, if it is one.
    pub(super) fn temporary(&self) -> Option<&Path> {
        self.temporary.then_some(self.path.as_path())
    }

    /// Removes a temporary folder; Postgres has removed its socket by then.
    pub(super) fn remove(&self) {
        if self.temporary {
            for name in [SOCKET.to_owned(), format!("{SOCKET}.lock")] {
                let _ = fs::remove_file(self.path.join(name));
            }
            let _ = fs::remove_dir(&self.path);
        }
    }
}

fn fits(folder: &Path) -> bool {
    folder.join(SOCKET).as_os_str().len() <= LONGEST
}

/// The user's run-time folder if they have one, else the folder everybody shares: there the
/// sticky bit keeps others from moving what is ours.
fn shelter(account: &Account) -> PathBuf {
    let uid = account.owner.uid;
    let runtime = PathBuf::from(format!("/run/user/{uid}"));
    let private =
        fs::symlink_metadata(&runtime).is_ok_and(|found| found.is_dir() && found.uid() == uid && found.mode() & 0o777 == 0o700);
    if private { runtime } else { PathBuf::from("/tmp") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ourselves() -> Account {
        let uid = rustix::process::geteuid().as_raw();
        let gid = rustix::process::getegid().as_raw();
        Account { owner: Owner { uid, gid }, name: "test".to_owned(), switch: false }
    }

    #[test]
    fn a_long_path_moves_the_socket_to_a_private_folder() {
        let long = PathBuf::from(format!("/{}", "x".repeat(100)));
        let folder = SocketFolder::choose(&long, &ourselves()).unwrap();
        folder.prepare().unwrap();
        assert!(fits(folder.path()));
        assert_eq!(fs::symlink_metadata(folder.path()).unwrap().mode() & 0o7777, 0o700);
        folder.remove();
        assert!(!folder.path().exists());
    }

    #[test]
    fn a_squatted_name_is_refused() {
        let scratch = tempfile::tempdir().unwrap();
        let elsewhere = scratch.path().join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        let path = scratch.path().join("wardgraph-squatted");
        std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
        let folder = SocketFolder { path, owner: None, temporary: true };
        folder.prepare().unwrap_err();
    }
}
