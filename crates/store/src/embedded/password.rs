//! The superuser's password: 256 random bits, in a file only the server can read.

use std::{fs, path::Path};

use super::{
    error::{EmbeddedError, io_error},
    files::{self, Owner},
};

/// Reads the password of an existing cluster.
pub(super) fn read(path: &Path) -> Result<String, EmbeddedError> {
    match fs::read_to_string(path) {
        Ok(text) if !text.trim().is_empty() => Ok(text.trim().to_owned()),
        Ok(_) => Err(EmbeddedError::MissingPassword { path: path.to_owned() }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(EmbeddedError::MissingPassword { path: path.to_owned() })
        }
        Err(error) => Err(io_error("read", path)(error)),
    }
}

/// Makes the password of a new cluster and keeps it, before the cluster exists: a crash in
/// between leaves a password without a cluster, never the reverse.
pub(super) fn create(path: &Path, keeper: Option<Owner>) -> Result<String, EmbeddedError> {
    let password = files::random_hex::<32>().map_err(io_error("draw a password for", path))?;
    files::write_private(path, &format!("{password}\n"), 0o600, keeper)?;
    Ok(password)
}
