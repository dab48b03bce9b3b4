//! Making a new cluster, whole or not at all.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
    time::Duration,
};

use super::{
    account::Account,
    binaries::Binaries,
    command::{blames_full_disk, command, reason},
    error::{EmbeddedError, io_error},
    files,
    layout::{HALF_MADE, Layout, PASSWORD_FOR_INITDB},
};

const PATIENCE: Duration = Duration::from_mins(5);

/// Postgres' own collation is the same on every machine and survives upgrades of libc. The
/// character classes of full text search still come from libc: without them capitals beyond ASCII
/// are not folded. The second choice is for systems that have no `C.UTF-8`.
const CHARACTER_CLASSES: [&str; 2] = ["C.UTF-8", "C"];

/// Runs initdb in a fresh folder beside `pgdata` and renames it when it is done.
pub(super) async fn initialize(
    layout: &Layout,
    account: &Account,
    binaries: &Binaries,
    superuser: &str,
    password: &str,
    durable: bool,
) -> Result<(), EmbeddedError> {
    let suffix = files::random_name(&layout.cluster)?;
    let fresh = Scratch(layout.cluster.join(format!("{HALF_MADE}{suffix}")));
    let secret = Scratch(layout.cluster.join(format!("{PASSWORD_FOR_INITDB}{suffix}")));
    files::create_private(&secret.0, &format!("{password}\n"), 0o600, account.gift())?;
    for classes in CHARACTER_CLASSES {
        files::make_folder(&fresh.0, 0o700, account.gift())?;
        let mut initdb = command(&binaries.initdb(), account);
        initdb.arg("-D").arg(&fresh.0).arg("--pwfile").arg(&secret.0).args([
            "--username",
            superuser,
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
            "--lc-ctype",
            classes,
            "--data-checksums",
            "--no-instructions",
        ]);
        if !durable {
            initdb.arg("--no-sync");
        }
        let output = run(initdb.kill_on_drop(true), binaries).await?;
        if output.status.success() {
            fs::rename(&fresh.0, &layout.pgdata).map_err(io_error("rename", &fresh.0))?;
            return files::sync_folder(&layout.cluster);
        }
        let said = reason(&output);
        if blames_full_disk(&said) {
            return Err(EmbeddedError::DiskFull { path: layout.cluster.clone() });
        }
        if said.contains("could not look up effective user ID") {
            let reason = format!("{said}; add an entry for that user to /etc/passwd, or start the server as another user");
            return Err(EmbeddedError::Initdb { reason });
        }
        if classes == "C" || !said.contains("locale") {
            return Err(EmbeddedError::Initdb { reason: said });
        }
        fs::remove_dir_all(&fresh.0).map_err(io_error("remove", &fresh.0))?;
    }
    Err(EmbeddedError::Initdb { reason: "no character classes work".to_owned() })
}

async fn run(initdb: &mut tokio::process::Command, binaries: &Binaries) -> Result<Output, EmbeddedError> {
    let path = binaries.initdb();
    match tokio::time::timeout(PATIENCE, initdb.output()).await {
        Ok(Ok(output)) => Ok(output),
        Ok(Err(error)) => Err(io_error("run", &path)(error)),
        Err(_) => Err(EmbeddedError::Initdb { reason: format!("it did not end within {} s", PATIENCE.as_secs()) }),
    }
}

/// A file or folder that goes away when we are done with it, or fail.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let path: &Path = &self.0;
        let _ = fs::remove_file(path).or_else(|_| fs::remove_dir_all(path));
    }
}
