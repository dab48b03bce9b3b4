//! The log file of Postgres, kept small.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::{OpenOptionsExt, fchown},
    path::Path,
};

use super::{
    error::{EmbeddedError, io_error},
    files::{Owner, no_follow},
};

/// Beyond this the log is cut; its end is kept in `postgres.log.1`.
const LARGEST: u64 = 8 << 20;
const KEPT: u64 = 1 << 20;

/// Opens the log for appending, and tells how long it was.
pub(super) fn open(path: &Path, keeper: Option<Owner>) -> Result<(File, u64), EmbeddedError> {
    trim(path);
    let open = || OpenOptions::new().append(true).create(true).mode(0o600).custom_flags(no_follow()).open(path);
    let file = match open() {
        // Left by a server that ran as root; the folder is ours, so it can be made anew.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => fs::remove_file(path).and_then(|()| open()),
        opened => opened,
    }
    .map_err(io_error("open", path))?;
    if let Some(owner) = keeper {
        fchown(&file, Some(owner.uid), Some(owner.gid)).map_err(io_error("give away", path))?;
    }
    let length = file.metadata().map_err(io_error("inspect", path))?.len();
    Ok((file, length))
}

/// Cuts a log that grew too large. Postgres appends, so it goes on at the new end.
pub(super) fn trim(path: &Path) {
    if length(path) > LARGEST
        && let Err(error) = cut(path)
    {
        tracing::warn!(path = %path.display(), %error, "cannot cut the log of Postgres");
    }
}

fn cut(path: &Path) -> io::Result<()> {
    let end = tail(path, length(path).saturating_sub(KEPT));
    let previous = path.with_added_extension("1");
    let _ = fs::remove_file(&previous);
    let mut options = OpenOptions::new();
    let mut kept = options.write(true).create_new(true).mode(0o600).open(&previous)?;
    io::Write::write_all(&mut kept, end.as_bytes())?;
    OpenOptions::new().write(true).custom_flags(no_follow()).open(path)?.set_len(0)
}

pub(super) fn length(path: &Path) -> u64 {
    fs::symlink_metadata(path).map_or(0, |found| found.len())
}

/// What was logged after `start`, at most the last 1 MiB of it.
pub(super) fn tail(path: &Path, start: u64) -> String {
    let start = start.max(length(path).saturating_sub(KEPT));
    let mut bytes = Vec::new();
    let read = OpenOptions::new().read(true).custom_flags(no_follow()).open(path).and_then(|mut file| {
        file.seek(SeekFrom::Start(start))?;
        file.take(KEPT).read_to_end(&mut bytes)
    });
    match read {
        Ok(_) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_log_is_cut_and_its_end_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("postgres.log");
        let (mut writer, start) = open(&path, None).unwrap();
        assert_eq!(start, 0);
        let line = [b'x'; 1023];
        for _ in 0..9000 {
            io::Write::write_all(&mut writer, &line).unwrap();
            io::Write::write_all(&mut writer, b"\n").unwrap();
        }
        io::Write::write_all(&mut writer, b"the end\n").unwrap();
        trim(&path);
        assert_eq!(length(&path), 0);
        io::Write::write_all(&mut writer, b"goes on\n").unwrap();
        assert_eq!(tail(&path, 0), "goes on\n");
        let previous = fs::read_to_string(folder.path().join("postgres.log.1")).unwrap();
        assert!(previous.ends_with("the end\n") && previous.len() <= 1 << 20);
    }
}
