//! Rejected lines, kept so that they can be mended and imported again.

use std::{
    fs::{File, OpenOptions},
    io::{Seek, SeekFrom, Write},
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
};

use super::{TransferError, lock::lock};

/// The file of rejected lines; there is none before the first one.
#[derive(Debug)]
pub(super) struct Rejects {
    path: Option<PathBuf>,
    file: Option<File>,
    head: Vec<u8>,
    bytes: u64,
}

impl Rejects {
    /// Goes on behind the first `bytes` of what an earlier run kept; with none, an earlier run's lines are not written over.
    pub(super) fn open(path: Option<PathBuf>, head: Vec<u8>, bytes: u64) -> Result<Self, TransferError> {
        let mut rejects = Self { path, file: None, head, bytes };
        let there = rejects.path.as_ref().and_then(|path| path.metadata().ok());
        match (&rejects.path, there) {
            (Some(path), Some(there)) if bytes == 0 && there.len() > 0 => return Err(TransferError::RejectsThere(path.clone())),
            (Some(_), _) if bytes > 0 => rejects.file = rejects.begin()?,
            _ => {}
        }
        Ok(rejects)
    }

    /// Keeps a line.
    pub(super) fn keep(&mut self, line: &[u8]) -> Result<(), TransferError> {
        if self.file.is_none() {
            self.file = self.begin()?;
        }
        let (Some(file), Some(path)) = (&mut self.file, &self.path) else { return Ok(()) };
        let mut text = if self.bytes == 0 { self.head.clone() } else { Vec::new() };
        text.extend_from_slice(line);
        if !line.is_empty() && !line.ends_with(b"\n") {
            text.push(b'\n');
        }
        file.write_all(&text).map_err(TransferError::file("cannot write", path))?;
        self.bytes += text.len() as u64;
        Ok(())
    }

    /// How much is kept, in bytes, and safe from now on.
    pub(super) fn flush(&mut self) -> Result<u64, TransferError> {
        if let (Some(file), Some(path)) = (&self.file, &self.path) {
            file.sync_data().map_err(TransferError::file("cannot write", path))?;
        }
        Ok(self.bytes)
    }

    /// Where the lines are, if there are any.
    pub(super) fn kept(&self) -> Option<&PathBuf> {
        self.path.as_ref().filter(|_| self.bytes > 0)
    }

    fn begin(&self) -> Result<Option<File>, TransferError> {
        let Some(path) = &self.path else { return Ok(None) };
        let unwritable = || TransferError::file("cannot write", path);
        let opened = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path);
        let mut file = opened.map_err(unwritable())?;
        // Two imports that are no others' checkpoints may still be told to keep their lines in one file.
        lock(&file, path)?;
        if self.bytes == 0 && file.metadata().map_err(unwritable())?.len() > 0 {
            return Err(TransferError::RejectsThere(path.clone()));
        }
        file.set_len(self.bytes).map_err(unwritable())?;
        file.seek(SeekFrom::End(0)).map_err(unwritable())?;
        Ok(Some(file))
    }
}
