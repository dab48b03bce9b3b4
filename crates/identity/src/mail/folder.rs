//! Messages as files, for a server that has no mail server.

use std::{
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use super::{MailError, Mailer, Message};

/// Writes each message into a folder that its owner alone can read.
#[derive(Debug, Clone)]
pub struct FolderMailer {
    folder: PathBuf,
}

impl FolderMailer {
    /// A mailer that writes into `folder`, which is made at the first message.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }
}

#[async_trait::async_trait]
impl Mailer for FolderMailer {
    async fn send(&self, message: &Message) -> Result<(), MailError> {
        let (folder, message) = (self.folder.clone(), message.clone());
        let written = tokio::task::spawn_blocking(move || write(&folder, &message)).await;
        written
            .unwrap_or_else(|_| Err(io::Error::other("the writer failed")))
            .map_err(|error| MailError::Later(error.to_string()))
    }
}

/// Whole or not at all: under another name first. The same message again is the same file.
fn write(folder: &Path, message: &Message) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let draft = folder.join(format!(".{}.draft", message.id));
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    write!(file, "To: {}\nSubject: {}\nMessage-ID: <{}>\n\n{}", message.to, message.subject, message.id, message.text)?;
    file.sync_all()?;
    std::fs::rename(draft, folder.join(format!("{}.eml", message.id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_message_is_a_file_that_others_cannot_read() {
        use std::os::unix::fs::PermissionsExt;
        let folder = std::env::temp_dir().join(format!("wardgraph-mail-{}", uuid::Uuid::new_v4()));
        let message = Message { id: "m1".into(), to: "ada@example.com".into(), subject: "Hello".into(), text: "Text".into() };
        let mailer = FolderMailer::new(&folder);
        for _ in 0..2 {
            mailer.send(&message).await.unwrap();
        }
        let files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(files, [folder.join("m1.eml")]);
        let text = std::fs::read_to_string(&files[0]).unwrap();
        assert_eq!(text, "To: ada@example.com\nSubject: Hello\nMessage-ID: <m1>\n\nText");
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&files[0])), (0o700, 0o600));
        std::fs::remove_dir_all(folder).unwrap();
    }
}
