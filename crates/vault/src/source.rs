//! Where master keys come from.

use std::{
    fmt, fs,
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use wardgraph_kernel::Secret;
use zeroize::Zeroizing;

use crate::{MasterKey, VaultError};

/// Where master keys come from. The first is the one to wrap with after the next rotation; the others are known still.
#[async_trait]
pub trait MasterSource: Send + Sync + fmt::Debug {
    /// Every master key that is known now. Asked at start, and again when a data key names one that is not known.
    async fn read(&self) -> Result<Vec<MasterKey>, VaultError>;

    /// Adds a new master key before the others, and keeps it. `None`: this source is not the server's to write.
    async fn add(&self) -> Result<Option<MasterKey>, VaultError>;
}

/// Master keys from the configuration.
#[derive(Debug, Clone)]
pub struct FixedSource(Vec<MasterKey>);

impl FixedSource {
    /// These, the first to wrap with.
    ///
    /// # Errors
    /// [`VaultError::MasterKey`] for a text that is none.
    pub fn new<'a>(keys: impl IntoIterator<Item = &'a Secret>) -> Result<Self, VaultError> {
        keys.into_iter().map(MasterKey::read).collect::<Result<_, _>>().map(Self)
    }
}

#[async_trait]
impl MasterSource for FixedSource {
    async fn read(&self) -> Result<Vec<MasterKey>, VaultError> {
        Ok(self.0.clone())
    }

    async fn add(&self) -> Result<Option<MasterKey>, VaultError> {
        Ok(None)
    }
}

/// Master keys in a file that its owner alone can read: one a line, the newest first. Made with one key at the first asking.
#[derive(Debug, Clone)]
pub struct FileSource(PathBuf);

impl FileSource {
    /// The file at `path`, whose folder is there.
    pub const fn new(path: PathBuf) -> Self {
        Self(path)
    }

    fn lines(&self) -> io::Result<Zeroizing<String>> {
        const OTHERS: u32 = 0o077;
        match fs::read_to_string(&self.0) {
            Ok(_) if fs::metadata(&self.0)?.permissions().mode() & OTHERS != 0 => {
                Err(io::Error::other("it can be read by others: `chmod 600` it if nobody has"))
            }
            Ok(text) => Ok(Zeroizing::new(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let first = MasterKey::generate().map_err(io::Error::other)?;
                self.create(&format!("{}\n", first.expose()))?;
                fs::read_to_string(&self.0).map(Zeroizing::new)
            }
            Err(error) => Err(error),
        }
    }

    /// Of two at once, the first makes the file, and both read what it wrote.
    fn create(&self, text: &str) -> io::Result<()> {
        let draft = self.draft(text)?;
        let linked = fs::hard_link(&draft, &self.0);
        fs::remove_file(&draft)?;
        linked.or_else(|error| if error.kind() == io::ErrorKind::AlreadyExists { Ok(()) } else { Err(error) })?;
        self.keep_folder()
    }

    /// A new file with this text, on the disk, beside the file that it will be.
    fn draft(&self, text: &str) -> io::Result<PathBuf> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let draft = self.0.with_extension(uuid::Builder::from_random_bytes(random).into_uuid().to_string());
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        Ok(draft)
    }

    fn prepend(&self, key: &Secret) -> io::Result<()> {
        let before = self.lines()?;
        let draft = self.draft(&Zeroizing::new(format!("{}\n{}", key.expose(), *before)))?;
        fs::rename(&draft, &self.0)?;
        self.keep_folder()
    }

    /// A key that wraps data keys must not be lost with the machine's power.
    fn keep_folder(&self) -> io::Result<()> {
        fs::File::open(self.0.parent().unwrap_or(Path::new(".")))?.sync_all()
    }

    fn refuse(&self, error: &io::Error) -> VaultError {
        VaultError::Source(format!("`{}`", self.0.display()), error.to_string())
    }
}

#[async_trait]
impl MasterSource for FileSource {
    async fn read(&self) -> Result<Vec<MasterKey>, VaultError> {
        let lines = self.lines().map_err(|error| self.refuse(&error))?;
        lines.lines().filter(|line| !line.trim().is_empty()).map(|line| MasterKey::read(&Secret::new(line))).collect()
    }

    async fn add(&self) -> Result<Option<MasterKey>, VaultError> {
        let key = MasterKey::generate()?;
        self.prepend(&key).map_err(|error| self.refuse(&error))?;
        MasterKey::read(&key).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(keys: &[MasterKey]) -> Vec<String> {
        keys.iter().map(|key| key.id().to_string()).collect()
    }

    #[tokio::test]
    async fn a_file_is_made_once_closed_to_others_and_keeps_every_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.keys");
        let source = FileSource::new(path.clone());
        let first = source.read().await.unwrap();
        assert_eq!(ids(&first), ids(&FileSource::new(path.clone()).read().await.unwrap()));
        assert_eq!((first.len(), fs::metadata(&path).unwrap().permissions().mode() & 0o777), (1, 0o600));

        let added = source.add().await.unwrap().unwrap();
        let both = source.read().await.unwrap();
        assert_eq!(ids(&both), [added.id().to_string(), first[0].id().to_string()]);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "a draft is left");
    }

    #[tokio::test]
    async fn a_file_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.keys");
        let source = FileSource::new(path.clone());
        source.read().await.unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(source.read().await, Err(VaultError::Source(_, why)) if why.contains("others")));
    }

    #[tokio::test]
    async fn a_file_of_something_else_is_refused_and_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.keys");
        let source = FileSource::new(path.clone());
        source.read().await.unwrap();
        fs::write(&path, "not a key\n").unwrap();
        assert!(matches!(source.read().await, Err(VaultError::MasterKey)));
        assert_eq!(fs::read_to_string(&path).unwrap(), "not a key\n");
    }
}
