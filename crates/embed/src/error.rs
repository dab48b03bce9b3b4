//! What can go wrong between a text and its vector.

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why there is no vector, or no model.
#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
    /// The lane's queue is full. Nothing was embedded; the same request may succeed a moment later.
    #[error("the embedding queue is full, retry later")]
    Busy,
    /// The embedder shut down, or lost the thread at work, before it answered.
    #[error("the embedder stopped before it answered")]
    Stopped,
    /// A file of the model is not there.
    #[error("`{}` is missing: run `python3 scripts/fetch.py --only models`", path.display())]
    Missing {
        /// The file that was looked for.
        path: PathBuf,
    },
    /// A file of the model is there and cannot be read.
    #[error("cannot read `{}`", path.display())]
    Unreadable {
        /// The file that was opened.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file of the model is not the one that was pinned: damaged, of another version, or tampered with.
    #[error("`{}` has sha256 {found}, not the pinned one: remove it and run `python3 scripts/fetch.py --only models`", path.display())]
    Tampered {
        /// The file that was refused.
        path: PathBuf,
        /// Its hash, in lower-case hexadecimal.
        found: String,
    },
    /// The model could not be built from its files, failed on a text, or answered in a shape it must not.
    #[error("the embedding model failed")]
    Model(#[source] Box<dyn Error + Send + Sync>),
    /// The embedding service could not be reached, was too slow, or said that it is not able: now, and after the tries that
    /// there was time for.
    #[error("the embedding service is not available: {why}")]
    Unavailable {
        /// What was met last, in words of ours.
        why: &'static str,
        /// When the service wants to be asked again, if it said.
        retry_after: Option<Duration>,
    },
    /// The embedding service was not available lately and is left alone: it was not asked.
    #[error("the embedding service is left alone until it is available again")]
    Resting {
        /// How long it is left alone, at least.
        retry_after: Duration,
    },
    /// The embedding service refused the request for what the operator configured: the key, the model, the address.
    #[error("the embedding service refused the request with status {status}: see the settings `embedding.*`")]
    Refused {
        /// The status of its answer.
        status: u16,
    },
    /// The embedding service refused these texts.
    #[error("the embedding service refused the text with status {status}")]
    Rejected {
        /// The status of its answer.
        status: u16,
    },
    /// The embedding service answered something else than it was asked for.
    #[error("the embedding service gave a wrong answer: {0}")]
    Answer(&'static str),
    /// The client of the embedding service could not be made.
    #[error("cannot start the client of the embedding service")]
    Client(#[source] Box<dyn Error + Send + Sync>),
    /// The operating system gave no thread to run the model on.
    #[error("cannot start an embedding thread")]
    Thread(#[source] io::Error),
}

impl EmbedError {
    /// A [`EmbedError::Model`] out of any error or message.
    pub fn model(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Model(cause.into())
    }

    /// Whether the embedding service is what fails, and not this server: it is away, refuses, or answers nonsense.
    pub const fn is_the_services(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Resting { .. } | Self::Refused { .. } | Self::Answer(_))
    }

    /// Whether the text may be at fault, so that trying it again and again is in vain. Everything else is for the operator
    /// or for time to mend, and the text is as good as any other.
    pub const fn may_be_the_texts_fault(&self) -> bool {
        match self {
            Self::Model(_) | Self::Rejected { .. } => true,
            Self::Busy
            | Self::Stopped
            | Self::Missing { .. }
            | Self::Unreadable { .. }
            | Self::Tampered { .. }
            | Self::Unavailable { .. }
            | Self::Resting { .. }
            | Self::Refused { .. }
            | Self::Answer(_)
            | Self::Client(_)
            | Self::Thread(_) => false,
        }
    }

    /// Whether one text may be what it is about although it looks as if the service were away, or set up wrongly: a filter before it that
    /// forbids a word, a text that it always fails at, a vector that is none. Whether it is can be told by asking it for another text.
    pub const fn may_be_about_one_text(&self) -> bool {
        match self {
            Self::Unavailable { .. } | Self::Refused { .. } | Self::Answer(_) => true,
            Self::Busy
            | Self::Stopped
            | Self::Missing { .. }
            | Self::Unreadable { .. }
            | Self::Tampered { .. }
            | Self::Resting { .. }
            | Self::Model(_)
            | Self::Rejected { .. }
            | Self::Client(_)
            | Self::Thread(_) => false,
        }
    }
}
