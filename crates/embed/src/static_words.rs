//! WordLlama: one fixed vector per token and no network, for machines or loads that MiniLM is too slow for.

use std::fmt;
use std::path::Path;

use half::f16;
use safetensors::{Dtype, SafeTensors};
use tokenizers::Tokenizer;

use crate::clip::clip;
use crate::files::Pinned;
use crate::mean::unit_mean;
use crate::{EmbedError, MicroBatch, Model, ModelId};

static ID: ModelId = ModelId::new("wordllama-256");
const DIMENSION: usize = 256;
const VOCABULARY_SIZE: usize = 32_000;
/// Some 2,000 tokens: the mean of more says little.
const MAX_BYTES: usize = 8 * 1024;
const MICRO_BATCH: MicroBatch = MicroBatch { texts: 64, bytes: 2 * MAX_BYTES };
/// `<unk>`: stands in for a text without tokens, so that its vector has a direction too.
const UNKNOWN: u32 = 0;

const WEIGHTS: Pinned =
    Pinned { name: "weights.safetensors", sha256: "64b47a2dc493cb8e85944076601189739852d7b64e0e1eedcb1937a251cd9fd5" };
const TOKENIZER: Pinned =
    Pinned { name: "tokenizer.json", sha256: "93248f2a9ec36c7b35f700a033d5f36228aae48db61aee31007fa49062cdeb68" };

/// WordLlama's table of 32,000 token vectors: 256 dimensions, English first, blind to word order. One core takes 20 us for
/// a sentence, some hundred times less than [`MiniLm`](crate::MiniLm).
pub struct StaticWords {
    tokenizer: Tokenizer,
    /// Row after row, `DIMENSION` components each: 33 MB, widened once from the file's 16-bit floats.
    table: Vec<f32>,
}

impl StaticWords {
    /// Reads `weights.safetensors` and `tokenizer.json` in `folder`, and checks their hashes.
    ///
    /// # Errors
    /// [`EmbedError::Missing`], [`EmbedError::Unreadable`], [`EmbedError::Tampered`] for the files;
    /// [`EmbedError::Model`] when they cannot be made into a model.
    pub fn open(folder: &Path) -> Result<Self, EmbedError> {
        let tokenizer = Tokenizer::from_bytes(TOKENIZER.read(folder)?).map_err(EmbedError::Model)?;
        let table = table(&WEIGHTS.read(folder)?)?;
        Ok(Self { tokenizer, table })
    }

    fn row(&self, token: u32) -> Option<&[f32]> {
        let start = usize::try_from(token).ok()?.checked_mul(DIMENSION)?;
        self.table.get(start..start.checked_add(DIMENSION)?)
    }

    fn encode_one(&self, text: &str) -> Result<Vec<f32>, EmbedError> {
        let encoding = self.tokenizer.encode_fast(clip(text, MAX_BYTES), false).map_err(EmbedError::Model)?;
        let tokens = match encoding.get_ids() {
            [] => &[UNKNOWN],
            tokens => tokens,
        };
        unit_mean(tokens.iter().filter_map(|&token| self.row(token)), DIMENSION)
    }
}

impl Model for StaticWords {
    fn id(&self) -> &ModelId {
        &ID
    }

    fn dimension(&self) -> usize {
        DIMENSION
    }

    fn micro_batch(&self) -> MicroBatch {
        MICRO_BATCH
    }

    fn encode(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        texts.iter().map(|text| self.encode_one(text)).collect()
    }
}

impl fmt::Debug for StaticWords {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("StaticWords").finish_non_exhaustive()
    }
}

/// The table in a safetensors file, as 32-bit floats.
fn table(file: &[u8]) -> Result<Vec<f32>, EmbedError> {
    let tensors = SafeTensors::deserialize(file).map_err(EmbedError::model)?;
    let weights = tensors.tensor("embedding.weight").map_err(EmbedError::model)?;
    if weights.dtype() != Dtype::F16 || weights.shape() != [VOCABULARY_SIZE, DIMENSION] {
        return Err(EmbedError::model("the table of token vectors has another type or shape"));
    }
    let (components, _) = weights.data().as_chunks::<2>();
    Ok(components.iter().map(|&bytes| f16::from_le_bytes(bytes).to_f32()).collect())
}
