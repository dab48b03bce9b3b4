//! A model as the pool sees it: blocking, on one thread at a time.

use std::borrow::Cow;
use std::fmt;

use crate::EmbedError;

/// Something that turns texts into vectors and takes its time over it. Run it in a [`LocalPool`](crate::LocalPool).
pub trait Model: Send + Sync + fmt::Debug + 'static {
    /// The name that its vectors carry.
    fn id(&self) -> &ModelId;

    /// How many components each vector has.
    fn dimension(&self) -> usize;

    /// How much text one call to [`encode`](Self::encode) should hold, so that it takes well under 100 ms: a query waits
    /// for one such call at most. A text that is larger by itself comes alone.
    fn micro_batch(&self) -> MicroBatch;

    /// One vector of length 1 for each text, in their order. Any text is welcome: empty, of any size, in any script;
    /// what exceeds the model's reach is cut before it costs anything. Called from several threads at once.
    ///
    /// # Errors
    /// [`EmbedError::Model`] when the model fails; the whole call counts as failed.
    fn encode(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError>;
}

/// Bounds of one call to a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MicroBatch {
    /// Texts, at most.
    pub texts: usize,
    /// UTF-8 bytes over all the texts, at most.
    pub bytes: usize,
}

/// The short, stable name of a model, for example `wordllama-256`, `openai:text-embedding-3-small:512` or, with a space that the operator named,
/// `openai@inside:text-embedding-3-small:512`.
///
/// The database stores it beside each vector: vectors of different models live in different spaces, and a distance
/// between them means nothing. A change that moves a model's vectors needs a new name, so a name holds whatever tells
/// them apart: who makes them, which model, how many components.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ModelId(Cow<'static, str>);

impl ModelId {
    /// A model's name: lower-case or as its authors spell it, without spaces.
    pub const fn new(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// The name of a model that is known by configuration alone: the kind of service, the space if the operator named one, its model, and the
    /// dimension. Not the address: the same service is reached by many, and all its vectors would have to be made anew when one changes.
    pub(crate) fn of_service(kind: &str, space: &str, model: &str, dimension: usize) -> Self {
        let at = if space.is_empty() { "" } else { "@" };
        Self(Cow::Owned(format!("{kind}{at}{space}:{model}:{dimension}")))
    }

    /// The name, as the database stores it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
