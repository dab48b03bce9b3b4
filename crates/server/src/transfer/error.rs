//! Why a transfer cannot go on. A line that is refused is no such reason.

use std::{io, path::PathBuf};

use crate::{ClientError, StartError, WordnetError};

/// Why a transfer cannot begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// Nobody answers, or not in time.
    #[error("no server answers at {url} ({cause}); start it with `wardgraph serve`, or name another with --url")]
    NoServer {
        /// Where.
        url: String,
        /// Why.
        cause: String,
    },
    /// The server answered until now.
    #[error("the server at {url} did not answer for {seconds} s ({cause}); start again to go on from here")]
    Lost {
        /// Where.
        url: String,
        /// How long it was asked again.
        seconds: u64,
        /// Why.
        cause: String,
    },
    /// The server refuses the call whatever is in it.
    #[error("the server refuses {call}: {answer}")]
    Refused {
        /// Method and path.
        call: String,
        /// Status and reason.
        answer: String,
    },
    /// The server fails, as often as it is asked, and only with this item.
    #[error(
        "the server fails at {call} with line {line}: {answer}; start again when it is mended, or the line at the same length, to go on from here"
    )]
    Failed {
        /// The line of the item.
        line: u64,
        /// What tells the item from others.
        key: String,
        /// Method and path.
        call: String,
        /// Status and reason.
        answer: String,
    },
    /// The token is none, or has ended.
    #[error("the server refuses {call}: {answer}; started again with a token that it believes, this goes on from here")]
    Unbelieved {
        /// Method and path.
        call: String,
        /// Status and reason.
        answer: String,
    },
    /// The file of the token holds another tenant's by now.
    #[error("the token has ended, and its file holds one of the tenant {0} now: this transfer is none of its")]
    OtherTenant(String),
    /// There is no client for that URL.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A file cannot be read or written.
    #[error("{what} `{path}`: {cause}")]
    File {
        /// What could not be done to which file.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        cause: io::Error,
    },
    /// The source is not of its form from some line on.
    #[error("{name}:{line}: {reason}")]
    Source {
        /// The source.
        name: String,
        /// The line.
        line: u64,
        /// What is wrong.
        reason: String,
    },
    /// The source changed while it was read.
    #[error("{0} was cut, or replaced by another file, while it was read: begin anew with --restart")]
    Changed(String),
    /// WordNet cannot be read.
    #[error(transparent)]
    Wordnet(#[from] WordnetError),
    /// The checkpoint belongs to something else.
    #[error("the checkpoint `{path}` is of {other}: name another with --checkpoint, or begin anew with --restart")]
    Checkpoint {
        /// The checkpoint.
        path: PathBuf,
        /// What differs.
        other: String,
    },
    /// Rejected lines of an earlier run would be lost.
    #[error("`{0}` holds rejected lines of an earlier run: move it away, or name another with --rejects")]
    RejectsThere(PathBuf),
    /// Another import or export writes the same files.
    #[error("another import or export that runs has `{0}`: wait until it is done, or name other files")]
    InUse(PathBuf),
    /// What was asked for does not go together.
    #[error("{0}")]
    Usage(String),
    /// Configuration, data folder or token.
    #[error("{0}")]
    Setup(StartError),
}

impl TransferError {
    /// A failure of a file, with what was being done.
    pub(super) fn file(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        move |cause| Self::File { what, path: path.into(), cause }
    }
}
