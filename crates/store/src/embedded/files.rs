//! Private files and folders, made so that a planted symlink or a foreign owner is noticed.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown, lchown},
    path::Path,
};

use super::error::{EmbeddedError, io_error};

/// Who a file is given to when we are root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// The open flag that refuses a symlink as the last part of a path.
pub(super) fn no_follow() -> i32 {
    i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0)
}

/// 128 random bits as hex, for names nobody can guess in advance.
pub(super) fn random_name(path: &Path) -> Result<String, EmbeddedError> {
    random_hex::<16>().map_err(io_error("find a random name in", path))
}

/// `N` random bytes as hex.
pub(super) fn random_hex<const N: usize>() -> io::Result<String> {
    use std::fmt::Write as _;
    let mut bytes = [0_u8; N];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes.iter().fold(String::with_capacity(2 * N), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    }))
}

/// Makes a new folder with exactly this mode and owner. It must not exist.
pub(super) fn make_folder(path: &Path, mode: u32, owner: Option<Owner>) -> Result<(), EmbeddedError> {
    DirBuilder::new().mode(0o700).create(path).map_err(io_error("make the folder", path))?;
    own_folder(path, mode, owner)
}

/// Sets owner and mode of a folder of ours.
pub(super) fn own_folder(path: &Path, mode: u32, owner: Option<Owner>) -> Result<(), EmbeddedError> {
    if let Some(owner) = owner {
        lchown(path, Some(owner.uid), Some(owner.gid)).map_err(io_error("give away", path))?;
    }
    let found = fs::symlink_metadata(path).map_err(io_error("inspect", path))?;
    if !found.is_dir() {
        return Err(EmbeddedError::BadPath { path: path.to_owned(), reason: "it must be a real folder" });
    }
    if found.mode() & 0o7777 != mode {
        fs::set_permissions(path, Permissions::from_mode(mode)).map_err(io_error("set the mode of", path))?;
    }
    Ok(())
}

/// Writes a private file whole or not at all: a new file beside it, synced, then renamed.
pub(super) fn write_private(path: &Path, text: &str, mode: u32, owner: Option<Owner>) -> Result<(), EmbeddedError> {
    let folder = path.parent().unwrap_or(path);
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".new-{}", random_name(path)?));
    let fresh = folder.join(name);
    let written =
        create_private(&fresh, text, mode, owner).and_then(|()| fs::rename(&fresh, path).map_err(io_error("rename", &fresh)));
    if written.is_err() {
        let _ = fs::remove_file(&fresh);
    }
    written.and_then(|()| sync_folder(folder))
}

/// Creates a private file that did not exist.
pub(super) fn create_private(path: &Path, text: &str, mode: u32, owner: Option<Owner>) -> Result<(), EmbeddedError> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(io_error("create", path))?;
    file.write_all(text.as_bytes()).map_err(io_error("write", path))?;
    if let Some(owner) = owner {
        fchown(&file, Some(owner.uid), Some(owner.gid)).map_err(io_error("give away", path))?;
    }
    file.set_permissions(Permissions::from_mode(mode)).map_err(io_error("set the mode of", path))?;
    file.sync_all().map_err(io_error("sync", path))
}

/// Makes a rename in this folder survive a power cut.
pub(super) fn sync_folder(folder: &Path) -> Result<(), EmbeddedError> {
    File::open(folder).and_then(|file| file.sync_all()).map_err(io_error("sync", folder))
}
