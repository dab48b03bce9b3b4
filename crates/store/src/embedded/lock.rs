//! One server per data folder.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Write},
    os::unix::fs::{OpenOptionsExt, fchown},
    path::Path,
};

use super::{
    error::{EmbeddedError, io_error},
    files::{Owner, no_follow},
};

/// Holds the data folder. The kernel lets go when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct DataLock {
    file: File,
}

impl Drop for DataLock {
    /// To close the file is not enough: a child that was forked just now has it open, too, until it becomes another program.
    fn drop(&mut self) {
        let _ = self.file.unlock();
    }
}

impl DataLock {
    /// Takes the lock, or names the process that has it.
    pub(super) fn acquire(data_dir: &Path, owner: Option<Owner>) -> Result<Self, EmbeddedError> {
        let path = data_dir.join("lock");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(no_follow())
            .open(&path)
            .map_err(io_error("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(EmbeddedError::Locked { data_dir: data_dir.to_owned(), pid: holder(&mut file) });
            }
            Err(TryLockError::Error(source)) => return Err(io_error("lock", &path)(source)),
        }
        if let Some(owner) = owner {
            fchown(&file, Some(owner.uid), Some(owner.gid)).map_err(io_error("give away", &path))?;
        }
        file.set_len(0).map_err(io_error("write", &path))?;
        writeln!(file, "{}", std::process::id()).map_err(io_error("write", &path))?;
        Ok(Self { file })
    }
}

fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_lock_names_the_first_holder() {
        let folder = tempfile::tempdir().unwrap();
        let first = DataLock::acquire(folder.path(), None).unwrap();
        let error = DataLock::acquire(folder.path(), None).unwrap_err();
        let me = std::process::id();
        assert!(error.to_string().contains(&format!("(pid {me})")), "{error}");
        drop(first);
        DataLock::acquire(folder.path(), None).unwrap();
    }

    #[test]
    fn whoever_gave_it_back_does_not_hold_it_by_a_copy_of_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let first = DataLock::acquire(folder.path(), None).unwrap();
        let _copy = first.file.try_clone().unwrap();
        drop(first);
        DataLock::acquire(folder.path(), None).unwrap();
    }

    #[test]
    fn a_planted_symlink_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let victim = folder.path().join("victim");
        std::fs::write(&victim, "precious").unwrap();
        std::os::unix::fs::symlink(&victim, folder.path().join("lock")).unwrap();
        DataLock::acquire(folder.path(), None).unwrap_err();
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "precious");
    }
}
