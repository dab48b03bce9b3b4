//! The data folder: what is made at the first start and kept.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use wardgraph_kernel::{Secret, SystemChance};
use wardgraph_store::Role;
use wardgraph_tokens::LocalKey;

/// The data folder.
#[derive(Debug, Clone)]
pub struct Home {
    folder: PathBuf,
}

impl Home {
    /// The folder, made if it is not there. Other accounts may pass through it (Postgres runs as one) and read nothing.
    pub fn open(folder: &Path) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o711).create(folder)?;
        let home = Self { folder: folder.canonicalize()? };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(home.secrets())?;
        fs::set_permissions(home.secrets(), fs::Permissions::from_mode(0o700))?;
        Ok(home)
    }

    /// The folder itself.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The password of a database role, made at the first asking.
    pub fn role_password(&self, role: Role) -> io::Result<Secret> {
        self.keep(&format!("{}.password", role.name()), || Ok(Secret::generate(&SystemChance)))
    }

    /// The key of the local issuer, made at the first asking.
    pub fn local_key(&self) -> io::Result<LocalKey> {
        let pem = self.keep("local-issuer.pem", || LocalKey::generate().map(|key| key.to_pem()).map_err(io::Error::other))?;
        LocalKey::from_pem(&pem).map_err(io::Error::other)
    }

    /// Whether there is a local issuer, so that a server may know it.
    pub fn has_local_key(&self) -> bool {
        self.secrets().join("local-issuer.pem").exists()
    }

    /// Where master keys are kept that no configuration gives.
    pub fn master_keys(&self) -> PathBuf {
        self.secrets().join("master.keys")
    }

    fn secrets(&self) -> PathBuf {
        self.folder.join("secrets")
    }

    /// Reads a secret, or makes and keeps it. Two at once: the first to write wins, and both read what it wrote.
    fn keep(&self, name: &str, make: impl FnOnce() -> io::Result<Secret>) -> io::Result<Secret> {
        let path = self.secrets().join(name);
        match fs::read_to_string(&path) {
            Ok(text) => return closed(&path).map(|()| Secret::new(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let secret = make()?;
        let draft = self.secrets().join(format!("{name}.{}", uuid::Uuid::new_v4()));
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(secret.expose().as_bytes())?;
        file.sync_all()?;
        let linked = fs::hard_link(&draft, &path);
        fs::remove_file(&draft)?;
        match linked {
            Ok(()) => Ok(secret),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(Secret::new(fs::read_to_string(&path)?)),
            Err(error) => Err(error),
        }
    }
}

/// A secret that others could read is none: a restore without its modes, most likely.
fn closed(path: &Path) -> io::Result<()> {
    const OTHERS: u32 = 0o077;
    if fs::metadata(path)?.permissions().mode() & OTHERS == 0 {
        return Ok(());
    }
    Err(io::Error::other(format!("`{}` can be read by others: make it new, or `chmod 600` it if nobody has", path.display())))
}
