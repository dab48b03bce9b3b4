//! What is mailed: written with the commit that it tells of, sent afterwards by whoever works, and sent again until it was taken.

mod bound;
mod folder;
mod inviting;
mod kind;
mod notice;
mod outbox;
mod smtp;
mod texts;

pub use bound::{Asked, admits, is_full};
pub use folder::FolderMailer;
pub use inviting::{admits_invitation, invite};
pub use kind::Kind;
pub use notice::{Notice, notify, notify_added, notify_own};
pub use outbox::{Due, claim, defer, done, sweep};
pub use smtp::{SmtpMailer, SmtpOptions, Tls};
pub use texts::compose;

use std::fmt;

use wardgraph_store::StatementInfo;

pub(crate) const STATEMENTS: &[&StatementInfo] = &[
    bound::COUNT.info(),
    bound::FULL.info(),
    inviting::COUNT.info(),
    inviting::INVITE.info(),
    notice::NOTIFY.info(),
    notice::NOTIFY_LINKED.info(),
    notice::NOTIFY_OWN.info(),
    outbox::CLAIM.info(),
    outbox::DEFER.info(),
    outbox::DONE.info(),
    outbox::FORGET_ATTEMPTS.info(),
    outbox::FORGET_CHALLENGES.info(),
    outbox::FORGET_COUNTS.info(),
    outbox::FORGET_KEYS.info(),
    outbox::FORGET_LINKS.info(),
    outbox::FORGET_SESSIONS.info(),
];

/// A message, as it is sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// A name of its own, by which a receiver tells that it has it already.
    pub id: String,
    /// To whom.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The text.
    pub text: String,
}

impl fmt::Debug for Message {
    // The text holds a link that opens an account.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Why a message was not taken.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// Later it may be.
    #[error("the message was not taken: {0}")]
    Later(String),
    /// It never will be.
    #[error("the message was refused: {0}")]
    Never(String),
}

/// Who takes messages.
#[async_trait::async_trait]
pub trait Mailer: Send + Sync + fmt::Debug {
    /// Hands a message over.
    async fn send(&self, message: &Message) -> Result<(), MailError>;
}
