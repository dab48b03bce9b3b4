//! What was read of a file, by its hash: whoever goes on behind it is sure that it is what it was.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::MetadataExt,
    path::PathBuf,
};

use sha2::{Digest, Sha256};

use super::TransferError;

/// The beginning of a file, and its hash. It is read for this a second time: an import reads far ahead of what is acknowledged.
#[derive(Debug)]
pub(super) struct Seen {
    path: PathBuf,
    file: File,
    bytes: u64,
    hash: Sha256,
}

impl Seen {
    /// Nothing of a file so far.
    pub(super) fn of(path: PathBuf) -> Result<Self, TransferError> {
        let file = File::open(&path).map_err(TransferError::file("cannot read", &path))?;
        Ok(Self { path, file, bytes: 0, hash: Sha256::new() })
    }

    /// Takes in what stands before `offset`, if it is not yet. Tells how much was taken in altogether, and its hash.
    pub(super) fn up_to(&mut self, offset: u64) -> Result<(u64, String), TransferError> {
        if offset > self.bytes {
            let more = offset - self.bytes;
            let sought = self.file.seek(SeekFrom::Start(self.bytes));
            let read = sought.and_then(|_| io::copy(&mut (&self.file).take(more), &mut self.hash));
            self.bytes += read.map_err(TransferError::file("cannot read", &self.path))?;
        }
        Ok((self.bytes, format!("{:x}", self.hash.clone().finalize())))
    }

    /// Whether it has fewer bytes than these by now: what was cut off was not read, or cannot be read again.
    pub(super) fn is_cut(&self, bytes: u64) -> Result<bool, TransferError> {
        let held = self.file.metadata().map_err(TransferError::file("cannot read", &self.path))?;
        Ok(held.len() < bytes)
    }

    /// Whether another file has its name by now.
    pub(super) fn is_replaced(&self) -> Result<bool, TransferError> {
        let unreadable = || TransferError::file("cannot read", &self.path);
        let (held, there) = (self.file.metadata().map_err(unreadable())?, self.path.metadata().map_err(unreadable())?);
        Ok((held.dev(), held.ino()) != (there.dev(), there.ino()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_same_however_often_one_stops_and_never_less() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, "0123456789").unwrap();
        let hash = |text: &str| format!("{:x}", Sha256::digest(text));
        let mut seen = Seen::of(path.clone()).unwrap();
        for (offset, text) in [(0, ""), (3, "012"), (2, "012"), (7, "0123456"), (0, "0123456"), (99, "0123456789")] {
            assert_eq!(seen.up_to(offset).unwrap(), (text.len() as u64, hash(text)));
        }
        assert_eq!(Seen::of(path).unwrap().up_to(7).unwrap(), (7, hash("0123456")));
    }

    #[test]
    fn a_file_that_is_cut_or_replaced_while_it_is_read_is_found_out() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("a"), folder.path().join("b"));
        std::fs::write(&path, "0123456789").unwrap();
        let seen = Seen::of(path.clone()).unwrap();
        std::fs::write(&path, "0123456789 and more").unwrap();
        assert!(!seen.is_cut(10).unwrap() && !seen.is_replaced().unwrap());
        std::fs::write(&path, "0123").unwrap();
        assert!(seen.is_cut(10).unwrap() && !seen.is_replaced().unwrap());
        std::fs::write(&other, "0123456789").unwrap();
        std::fs::rename(&other, &path).unwrap();
        assert!(seen.is_replaced().unwrap());
    }
}
