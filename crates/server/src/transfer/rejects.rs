//! Rejected lines, kept so that they can be mended and imported again.

use std::{
    fs::{File, OpenOptions},
    io::{Seek, SeekFrom, Write},
    os::unix::fs::OpenOptionsExt,
    path::{self, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{TransferError, lock::lock, seen::Seen};

/// The file of rejected lines; there is none before the first one.
#[derive(Debug)]
pub(super) struct Rejects {
    path: Option<PathBuf>,
    file: Option<Held>,
    head: Vec<u8>,
    bytes: u64,
    begins: bool,
}

/// The file while it is written.
#[derive(Debug)]
struct Held {
    file: File,
    seen: Seen,
}

/// What an import had kept of rejected lines when it told how far it was.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    /// Where, as far as it can be written.
    place: String,
    bytes: u64,
    sha256: String,
}

impl Rejects {
    /// Goes on behind what an earlier run `kept` in this file, as it told: what it wrote behind that, it will meet again. Nothing else that the
    /// file holds is written over or cut off; where it was moved away it begins anew.
    pub(super) fn open(path: Option<PathBuf>, head: Vec<u8>, kept: Option<&Kept>) -> Result<Self, TransferError> {
        let whole = |path: PathBuf| path::absolute(&path).map_err(TransferError::file("cannot find", path));
        let mut rejects = Self { path: path.map(whole).transpose()?, file: None, head, bytes: 0, begins: false };
        let there = rejects.path.as_ref().and_then(|path| path.metadata().ok()).map_or(0, |there| there.len());
        if there > 0 {
            let kept = kept.filter(|kept| kept.place == rejects.place());
            rejects.file = rejects.begin(kept)?;
            rejects.bytes = kept.map_or(0, |kept| kept.bytes);
        }
        Ok(rejects)
    }

    /// Says that a line is about to be kept, so that what is told from now on claims the file. Whether that is news.
    pub(super) const fn begins(&mut self) -> bool {
        let is_news = self.file.is_none() && self.path.is_some();
        self.begins |= is_news;
        is_news
    }

    /// Keeps a line.
    pub(super) fn keep(&mut self, line: &[u8]) -> Result<(), TransferError> {
        if self.file.is_none() {
            self.file = self.begin(None)?;
        }
        let (Some(held), Some(path)) = (&mut self.file, &self.path) else { return Ok(()) };
        let mut text = if self.bytes == 0 { self.head.clone() } else { Vec::new() };
        text.extend_from_slice(line);
        if !line.is_empty() && !line.ends_with(b"\n") {
            text.push(b'\n');
        }
        held.file.write_all(&text).map_err(TransferError::file("cannot write", path))?;
        self.bytes += text.len() as u64;
        Ok(())
    }

    /// What is kept, and safe from now on.
    pub(super) fn flush(&mut self) -> Result<Kept, TransferError> {
        let place = self.place();
        let (Some(held), Some(path)) = (&mut self.file, &self.path) else {
            // Nothing of this import is in it: whatever comes there until then is another's.
            return Ok(if self.begins { Kept { place, ..Kept::default() } } else { Kept::default() });
        };
        held.file.sync_data().map_err(TransferError::file("cannot write", path))?;
        let (bytes, sha256) = held.seen.up_to(self.bytes)?;
        Ok(Kept { place, bytes, sha256 })
    }

    /// Where the lines are, if there are any.
    pub(super) fn kept(&self) -> Option<&PathBuf> {
        self.path.as_ref().filter(|_| self.bytes > 0)
    }

    fn place(&self) -> String {
        self.path.as_ref().map(|path| path.to_string_lossy().into_owned()).unwrap_or_default()
    }

    fn begin(&self, kept: Option<&Kept>) -> Result<Option<Held>, TransferError> {
        let Some(path) = &self.path else { return Ok(None) };
        let unwritable = || TransferError::file("cannot write", path);
        let opened = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path);
        let mut file = opened.map_err(unwritable())?;
        // Two imports that are no others' checkpoints may still be told to keep their lines in one file.
        lock(&file, path)?;
        let mut seen = Seen::of(path.clone())?;
        let is_ours = match kept {
            Some(kept) => kept.bytes == 0 || seen.up_to(kept.bytes)? == (kept.bytes, kept.sha256.clone()),
            None => file.metadata().map_err(unwritable())?.len() == 0,
        };
        if !is_ours {
            return Err(TransferError::RejectsThere(path.clone()));
        }
        file.set_len(kept.map_or(0, |kept| kept.bytes)).map_err(unwritable())?;
        file.seek(SeekFrom::End(0)).map_err(unwritable())?;
        Ok(Some(Held { file, seen }))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn lines_of_an_earlier_run_are_gone_on_behind_and_nobody_elses_are_touched() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| Some(folder.path().join(name));
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        let open = |name: &str, kept: Option<&Kept>| Rejects::open(path(name), b"head\n".to_vec(), kept);

        let mut first = open("a", None).unwrap();
        assert_eq!(first.flush().unwrap(), Kept::default());
        assert!(first.begins() && first.kept().is_none());
        let nothing = first.flush().unwrap();
        first.keep(b"one").unwrap();
        assert!(!first.begins());
        let told = first.flush().unwrap();
        first.keep(b"two\n").unwrap();
        drop(first);
        assert_eq!(read("a"), "head\none\ntwo\n");
        assert!(matches!(open("a", None), Err(TransferError::RejectsThere(_))));

        // Killed before it told of the second.
        let mut again = open("a", Some(&told)).unwrap();
        assert_eq!(read("a"), "head\none\n");
        again.keep(b"two").unwrap();
        assert_eq!(read("a"), "head\none\ntwo\n");
        drop(again);
        // Killed before it told of any.
        let mut again = open("a", Some(&nothing)).unwrap();
        again.keep(b"one").unwrap();
        let told = again.flush().unwrap();
        drop(again);
        assert_eq!(read("a"), "head\none\n");

        for (name, text) in [("a", "head\nmended\n"), ("a", "head"), ("b", "head\none\n"), ("b", "another's")] {
            fs::write(folder.path().join(name), text).unwrap();
            assert!(matches!(open(name, Some(&told)), Err(TransferError::RejectsThere(_))), "{name}: {text}");
            assert_eq!(read(name), text);
        }
        // What came there before a line was to be kept is another's, whatever is gone on with.
        fs::write(folder.path().join("a"), "another's").unwrap();
        assert!(matches!(open("a", Some(&Kept::default())), Err(TransferError::RejectsThere(_))));
        assert_eq!(read("a"), "another's");
        // Moved away.
        fs::remove_file(folder.path().join("a")).unwrap();
        let mut anew = open("a", Some(&told)).unwrap();
        anew.keep(b"two").unwrap();
        assert_eq!(read("a"), "head\ntwo\n");
    }
}
