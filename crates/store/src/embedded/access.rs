//! Can the account that runs Postgres get into the data folder?

use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::Path,
};

use super::{
    account::Account,
    command::command,
    error::{EmbeddedError, io_error},
};

/// Lets the account's group pass through a data folder of root's that is closed to everyone else.
/// Passing through is all it gets: it can neither list nor change the folder.
pub(super) fn open_for(account: &Account, data_dir: &Path) -> Result<(), EmbeddedError> {
    let found = fs::metadata(data_dir).map_err(io_error("inspect", data_dir))?;
    if !account.switch || may_enter(&found, account) || found.uid() != 0 || found.mode() & 0o070 != 0 {
        return Ok(());
    }
    chown(data_dir, None, Some(account.owner.gid)).map_err(io_error("give away", data_dir))?;
    let mode = (found.mode() & 0o7777) | 0o010;
    fs::set_permissions(data_dir, Permissions::from_mode(mode)).map_err(io_error("set the mode of", data_dir))
}

/// Says which folder keeps the account out, if one does.
pub(super) async fn ensure_reachable(account: &Account, folder: &Path) -> Result<(), EmbeddedError> {
    if !account.switch {
        return Ok(());
    }
    let closed = |path: &&Path| fs::metadata(path).is_ok_and(|found| !may_enter(&found, account));
    let Some(blocker) = folder.ancestors().filter(closed).last() else {
        return Ok(());
    };
    // Modes do not tell everything (access lists do), so the account tries it before we complain.
    let tried = command(Path::new("/bin/sh"), account).arg("-c").arg(":").current_dir(folder).status().await;
    match tried {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied || error.kind() == io::ErrorKind::NotFound => {
            Err(EmbeddedError::Unreachable { account: account.name.clone(), blocker: blocker.to_owned() })
        }
        Err(error) => Err(io_error("step down to the account that runs Postgres, to enter", folder)(error)),
    }
}

fn may_enter(found: &fs::Metadata, account: &Account) -> bool {
    let bit = if found.uid() == account.owner.uid {
        0o100
    } else if found.gid() == account.owner.gid {
        0o010
    } else {
        0o001
    };
    found.mode() & bit != 0
}
