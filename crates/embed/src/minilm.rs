//! all-MiniLM-L6-v2: a small sentence transformer, with int8 weights, run by rten.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use rten::{NodeId, RunOptions, ThreadPool, ValueOrView};
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;
use tokenizers::Tokenizer;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;

use crate::clip::clip;
use crate::files::Pinned;
use crate::mean::unit_mean;
use crate::{EmbedError, MicroBatch, Model, ModelId};

static ID: ModelId = ModelId::new("all-MiniLM-L6-v2-int8");
const DIMENSION: usize = 384;
/// What the model was trained to read, its two marks included; the rest of a text is ignored.
const MAX_TOKENS: usize = 256;
/// 254 word pieces of English take about 1,200 bytes. Only a text of very long words or of white space loses by this.
const MAX_BYTES: usize = 8 * 1024;
/// One text: as they run one by one, a larger batch would only make a query wait longer.
const MICRO_BATCH: MicroBatch = MicroBatch { texts: 1, bytes: MAX_BYTES };

const NETWORK: Pinned = Pinned { name: "model.onnx", sha256: "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6" };
const VOCABULARY: Pinned =
    Pinned { name: "vocab.txt", sha256: "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3" };

/// all-MiniLM-L6-v2 with int8 weights: 384 dimensions, English. One core takes 8 ms for a sentence, 80 ms for the longest
/// text it reads, and holds 160 MB.
///
/// Each text is run by itself. The network quantises its activations by their range over all that it is given, so texts
/// run together would move each other's vectors. The price is bulk speed: 120 short texts a second, where batches of four
/// reach 190.
pub struct MiniLm {
    tokenizer: Tokenizer,
    start: u32,
    end: u32,
    network: rten::Model,
    inputs: Inputs,
    output: NodeId,
    options: RunOptions,
}

struct Inputs {
    tokens: NodeId,
    attention: NodeId,
    segments: NodeId,
}

impl MiniLm {
    /// Reads `model.onnx` and `vocab.txt` in `folder`, and checks their hashes. Runs on `threads` threads of its own,
    /// shared by all calls.
    ///
    /// # Errors
    /// [`EmbedError::Missing`], [`EmbedError::Unreadable`], [`EmbedError::Tampered`] for the files;
    /// [`EmbedError::Model`] when they cannot be made into a model.
    pub fn open(folder: &Path, threads: usize) -> Result<Self, EmbedError> {
        let tokenizer = tokenizer(&VOCABULARY.read(folder)?)?;
        let mark = |name: &str| tokenizer.token_to_id(name).ok_or_else(|| EmbedError::model("the vocabulary lacks a mark"));
        let network =
            rten::ModelOptions::default().prepack_weights(true).load(NETWORK.read(folder)?).map_err(EmbedError::model)?;
        let node = |name: &str| network.node_id(name).map_err(EmbedError::model);
        Ok(Self {
            start: mark("[CLS]")?,
            end: mark("[SEP]")?,
            inputs: Inputs { tokens: node("input_ids")?, attention: node("attention_mask")?, segments: node("token_type_ids")? },
            output: node("last_hidden_state")?,
            options: RunOptions::default().with_thread_pool(Some(Arc::new(ThreadPool::with_num_threads(threads)))),
            tokenizer,
            network,
        })
    }

    /// The token numbers of the start of a text, between the marks that the model expects.
    ///
    /// The marks are put here and not by the tokenizer, so that a text which spells `[SEP]` stays a text.
    fn tokens(&self, text: &str) -> Result<Vec<i32>, EmbedError> {
        let encoding = self.tokenizer.encode_fast(clip(text, MAX_BYTES), false).map_err(EmbedError::Model)?;
        let words = encoding.get_ids().iter().take(MAX_TOKENS - 2);
        std::iter::once(&self.start)
            .chain(words)
            .chain(std::iter::once(&self.end))
            .map(|&id| i32::try_from(id).map_err(EmbedError::model))
            .collect()
    }

    fn encode_one(&self, text: &str) -> Result<Vec<f32>, EmbedError> {
        let tokens = self.tokens(text)?;
        let shape = [1, tokens.len()];
        let inputs: Vec<(NodeId, ValueOrView<'_>)> = vec![
            (self.inputs.attention, NdTensor::full(shape, 1_i32).into()),
            (self.inputs.segments, NdTensor::full(shape, 0_i32).into()),
            (self.inputs.tokens, NdTensor::from_data(shape, tokens).into()),
        ];
        let [hidden] = self.network.run_n(inputs, [self.output], Some(self.options.clone())).map_err(EmbedError::model)?;
        let hidden: NdTensor<f32, 3> = hidden.try_into().map_err(EmbedError::model)?;
        let rows = hidden.data().ok_or_else(|| EmbedError::model("the hidden states are not contiguous"))?;
        unit_mean(rows.chunks_exact(DIMENSION), DIMENSION)
    }
}

impl Model for MiniLm {
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

impl fmt::Debug for MiniLm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("MiniLm").finish_non_exhaustive()
    }
}

/// BERT's uncased tokenizer, from its vocabulary: one word piece per line.
fn tokenizer(vocabulary: &[u8]) -> Result<Tokenizer, EmbedError> {
    let pieces = WordPiece::read_bytes(vocabulary).map_err(EmbedError::Model)?;
    let model = WordPiece::builder().vocab(pieces).unk_token("[UNK]".to_owned()).build().map_err(EmbedError::Model)?;
    let mut tokenizer = Tokenizer::new(model);
    tokenizer.with_normalizer(Some(BertNormalizer::default())).with_pre_tokenizer(Some(BertPreTokenizer));
    Ok(tokenizer)
}
