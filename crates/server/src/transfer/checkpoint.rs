//! How far a transfer is, in a file that is replaced as a whole.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use serde::{Serialize, de::DeserializeOwned};

use super::{TransferError, lock::Lock};

/// The file of a checkpoint.
#[derive(Debug, Clone)]
pub(super) struct Checkpoint(PathBuf);

impl Checkpoint {
    pub(super) const fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Keeps other processes away from it, and from what it tells of.
    pub(super) fn lock(&self) -> Result<Lock, TransferError> {
        Lock::take(self.beside(".lock"))
    }

    /// What was kept, if anything was.
    pub(super) fn find<T: DeserializeOwned>(&self) -> Result<Option<T>, TransferError> {
        let text = match fs::read(&self.0) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(TransferError::file("cannot read", &self.0)(error)),
        };
        let other = |_| TransferError::Checkpoint { path: self.0.clone(), other: "another form".into() };
        serde_json::from_slice(&text).map(Some).map_err(other)
    }

    /// Keeps `value` in place of what was kept. Whoever reads sees the one or the other, whenever this is cut off.
    pub(super) fn keep(&self, value: &impl Serialize) -> Result<(), TransferError> {
        let unwritable = || TransferError::file("cannot write", &self.0);
        let text = serde_json::to_vec_pretty(value).map_err(|error| unwritable()(io::Error::other(error)))?;
        let draft = self.beside(".new");
        let mut file =
            OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&draft).map_err(unwritable())?;
        file.write_all(&text).and_then(|()| file.sync_data()).map_err(unwritable())?;
        fs::rename(&draft, &self.0).map_err(unwritable())
    }

    /// Takes it away: there is nothing to go on with.
    pub(super) fn remove(&self) -> Result<(), TransferError> {
        match fs::remove_file(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(TransferError::file("cannot remove", &self.0)(error)),
            _ => Ok(()),
        }
    }

    fn beside(&self, end: &str) -> PathBuf {
        let mut path = self.0.clone().into_os_string();
        path.push(end);
        path.into()
    }
}
