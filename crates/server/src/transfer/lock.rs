//! Files that one process writes at a time: of two that are started for the same, the second says so and ends.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use super::TransferError;

/// A file that says that another is in use: until this is dropped, or the process ends, however it ends.
#[derive(Debug)]
pub(super) struct Lock {
    path: PathBuf,
    _file: File,
}

impl Lock {
    /// Takes the lock of this name. It is not waited for.
    ///
    /// # Errors
    /// [`TransferError::InUse`] where another process has it.
    pub(super) fn take(path: PathBuf) -> Result<Self, TransferError> {
        loop {
            let unwritable = || TransferError::file("cannot write", &path);
            let options = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).to_owned();
            let file = options.open(&path).map_err(unwritable())?;
            lock(&file, &path)?;
            let held = file.metadata().map_err(unwritable())?;
            // Whoever had it before may have taken the file away meanwhile: the lock of a file that is nowhere keeps nobody out.
            if fs::metadata(&path).is_ok_and(|there| (there.dev(), there.ino()) == (held.dev(), held.ino())) {
                return Ok(Self { path, _file: file });
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Before it is unlocked. One that stays hinders nobody.
        let _ = fs::remove_file(&self.path);
    }
}

/// Locks a file that is open, until it is closed.
///
/// # Errors
/// [`TransferError::InUse`] where another process has it.
pub(super) fn lock(file: &File, path: &Path) -> Result<(), TransferError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(TransferError::InUse(path.to_owned())),
        Err(TryLockError::Error(error)) => Err(TransferError::file("cannot lock", path)(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_has_it_at_a_time_and_nothing_is_left_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.lock");
        let first = Lock::take(path.clone()).unwrap();
        assert!(matches!(Lock::take(path.clone()), Err(TransferError::InUse(_))));
        drop(first);
        assert!(!path.exists());
        // One that was killed leaves the file, and no lock.
        fs::write(&path, "").unwrap();
        let second = Lock::take(path.clone()).unwrap();
        assert!(matches!(Lock::take(path.clone()), Err(TransferError::InUse(_))));
        drop(second);
        assert!(!path.exists());
    }
}
