//! The files of a model: read whole, and checked against their pinned hash.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::EmbedError;

/// A file of a model, with the hash that makes it the right one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pinned {
    /// Its name inside the model's folder, as `scripts/fetch.py` lays it.
    pub name: &'static str,
    /// SHA-256, lower-case hexadecimal. `scripts/fetch.py` pins the same.
    pub sha256: &'static str,
}

impl Pinned {
    /// The file's bytes, which are the very bytes that were checked.
    ///
    /// # Errors
    /// [`EmbedError::Missing`], [`EmbedError::Unreadable`] or [`EmbedError::Tampered`], each naming the file.
    pub(crate) fn read(self, folder: &Path) -> Result<Vec<u8>, EmbedError> {
        let path = folder.join(self.name);
        let bytes = fs::read(&path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => EmbedError::Missing { path: path.clone() },
            _ => EmbedError::Unreadable { path: path.clone(), source },
        })?;
        let found = hexadecimal(&Sha256::digest(&bytes));
        if found == self.sha256 { Ok(bytes) } else { Err(EmbedError::Tampered { path, found }) }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: Pinned = Pinned { name: "hello", sha256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" };

    #[test]
    fn a_changed_file_is_refused_and_a_missing_one_names_the_command() {
        let folder = tempfile::tempdir().unwrap();
        let missing = HELLO.read(folder.path()).unwrap_err().to_string();
        assert!(missing.contains("hello") && missing.contains("scripts/fetch.py"), "{missing}");

        fs::write(folder.path().join("hello"), "hello").unwrap();
        assert_eq!(HELLO.read(folder.path()).unwrap(), b"hello");

        fs::write(folder.path().join("hello"), "hullo").unwrap();
        assert!(matches!(HELLO.read(folder.path()), Err(EmbedError::Tampered { .. })));
    }
}
