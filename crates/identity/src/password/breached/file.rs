//! A list in a file: `HASH` or `HASH:COUNT` a line, ordered by hash, as the downloader of Pwned Passwords writes it. It may be far larger than the
//! memory: a look-up reads some forty lines.

use std::{fs::File, io, os::unix::fs::FileExt, path::Path};

use super::BreachedError;

/// Digits of a hash.
const DIGITS: usize = 40;
/// The longest line, with its end.
const MOST_LINE: usize = 64;

/// An open list.
#[derive(Debug)]
pub struct HashFile {
    file: File,
    length: u64,
}

impl HashFile {
    /// Opens a list, and looks at its first and its middle line.
    ///
    /// # Errors
    /// [`BreachedError::File`], [`BreachedError::NoList`].
    pub fn open(path: &Path) -> Result<Self, BreachedError> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        let list = Self { file, length };
        list.line(0)?.ok_or(BreachedError::NoList)?;
        list.line(length / 2)?;
        Ok(list)
    }

    /// Whether a hash in capitals is in it.
    pub(super) fn holds(&self, hash: &str) -> Result<bool, BreachedError> {
        let (mut low, mut high) = (0, self.length);
        // The hash, if it is there, stands in the first line that begins at `low` or later, and before `high`.
        while low < high {
            let middle = low.midpoint(high);
            match self.line(middle)? {
                Some((_, found)) if found.as_str() == hash => return Ok(true),
                Some((end, found)) if found.as_str() < hash => low = end,
                _ => high = middle,
            }
        }
        Ok(false)
    }

    /// The hash of the first line that begins at `offset` or later, and where that line ends.
    fn line(&self, offset: u64) -> Result<Option<(u64, String)>, BreachedError> {
        // From the byte before, so that a line that begins right here is seen to begin.
        let from = offset.saturating_sub(1);
        let mut bytes = [0; 2 * MOST_LINE];
        let read = self.read(&mut bytes, from)?;
        let bytes = bytes.get(..read).unwrap_or_default();
        let skipped = match bytes.iter().position(|byte| *byte == b'\n') {
            _ if offset == 0 => 0,
            Some(end) => end + 1,
            None if read < 2 * MOST_LINE => return Ok(None),
            None => return Err(BreachedError::NoList),
        };
        let rest = bytes.get(skipped..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(None);
        }
        let line = rest.iter().position(|byte| *byte == b'\n').map_or(rest, |end| rest.get(..=end).unwrap_or_default());
        let hash = line.get(..DIGITS).filter(|hash| hash.iter().all(u8::is_ascii_hexdigit)).ok_or(BreachedError::NoList)?;
        let end = from + (skipped + line.len()) as u64;
        Ok(Some((end, String::from_utf8_lossy(hash).to_ascii_uppercase())))
    }

    fn read(&self, buffer: &mut [u8], mut at: u64) -> io::Result<usize> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(rest, at) {
                Ok(0) => break,
                Ok(read) => (filled, at) = (filled + read, at + read as u64),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn list(text: &str) -> Result<HashFile, BreachedError> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        HashFile::open(file.path())
    }

    #[test]
    fn every_hash_of_a_list_is_found_and_no_other() {
        // Odd numbers are in it, even ones are not; counts of every length make lines of every length.
        let name = |n: u64| format!("{:040X}", u128::from(n) * 0x9E37_79B9_7F4A_7C15);
        for (count, end) in [(1, "\n"), (2, "\n"), (7, "\r\n"), (500, "\r\n")] {
            let lines: Vec<_> = (0..count).map(|n| format!("{}:{}{end}", name(2 * n + 1), 10_u64.pow((n % 12) as u32))).collect();
            for text in [lines.concat(), lines.concat().trim_end().to_owned()] {
                let list = list(&text).unwrap();
                for n in 0..=2 * count {
                    assert_eq!(list.holds(&name(n)).unwrap(), n % 2 == 1, "{n} of {count}");
                }
                assert!(!list.holds(&"F".repeat(40)).unwrap());
            }
        }
        assert!(list(&"a".repeat(40)).unwrap().holds(&"A".repeat(40)).unwrap(), "without counts, in small letters");
    }

    #[test]
    fn what_is_no_list_is_refused_when_it_is_opened() {
        for text in ["", "password\n", "not hexadecimal, but quite as long as a hash is\n", &"A".repeat(4_096)] {
            assert!(list(text).is_err(), "{text:.20}");
        }
        assert!(HashFile::open(Path::new("/nowhere")).is_err());
    }
}
