//! From a model's name and its files to an embedder.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::thread;

use crate::{EmbedError, Embedder, Limits, LocalPool, MiniLm, StaticWords};

/// The models that run here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ModelKind {
    /// [`MiniLm`]: 384 dimensions, the better answers.
    MiniLm,
    /// [`StaticWords`]: 256 dimensions, some hundred times faster.
    WordLlama,
}

impl ModelKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::MiniLm, Self::WordLlama];

    /// The name in the configuration, and of the model's folder.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MiniLm => "minilm",
            Self::WordLlama => "wordllama",
        }
    }
}

impl FromStr for ModelKind {
    type Err = UnknownModel;

    fn from_str(name: &str) -> Result<Self, UnknownModel> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| UnknownModel(name.to_owned()))
    }
}

/// A name that is no [`ModelKind`]'s.
#[derive(Debug, thiserror::Error)]
#[error("no embedding model is named `{0}`: use `minilm` or `wordllama`")]
pub struct UnknownModel(String);

/// An embedder that runs `kind` on `threads` threads of its own.
///
/// `directory` is the folder `models` as `scripts/fetch.py` lays it, with one folder for each kind. No threads (0)
/// means half of the machine's cores and at least one, which leaves the other half to the database and the requests.
/// Blocks for a tenth of a second or so while it reads and checks the files.
///
/// # Errors
/// [`EmbedError::Missing`], [`EmbedError::Unreadable`] or [`EmbedError::Tampered`] name the file that is at fault;
/// [`EmbedError::Model`] and [`EmbedError::Thread`] as they say.
pub fn open(kind: ModelKind, directory: &Path, threads: usize) -> Result<Arc<dyn Embedder>, EmbedError> {
    let folder = directory.join(kind.name());
    let threads = if threads == 0 { half_the_cores() } else { threads };
    Ok(match kind {
        ModelKind::MiniLm => Arc::new(LocalPool::start(MiniLm::open(&folder, threads)?, threads, Limits::default())?),
        ModelKind::WordLlama => Arc::new(LocalPool::start(StaticWords::open(&folder)?, threads, Limits::default())?),
    })
}

fn half_the_cores() -> usize {
    thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1))
}
