//! What became of a node's embeddings.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wardgraph_kernel::NodeId;

use super::node::EmbeddingStatus;
use crate::validate::{Faults, Validate};

/// One time that a node was embedded, or that it was tried in vain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NodeEmbedding {
    /// The model.
    pub model: String,
    /// `ready`, or `failed` when the model refused the text.
    pub status: EmbeddingStatus,
    /// When.
    pub embedded_at: Timestamp,
    /// How far the vector lies from the one of the same model before it: 1 - cosine, from 0 to 2. Null for a model's first vector, and for
    /// a failure.
    pub drift_score: Option<f64>,
    /// Why it failed; null if it did not.
    pub error: Option<String>,
}

/// Which embeddings of a node to tell of.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EmbeddingFilter {
    /// How many, 1 to 100; 100 if absent.
    #[schemars(range(min = 1, max = 100))]
    pub limit: Option<i64>,
}

impl Validate for EmbeddingFilter {
    fn validate(&self, faults: &mut Faults) {
        faults.unless(self.limit.is_none_or(|limit| (1..=100).contains(&limit)), "limit", "must be 1 to 100");
    }
}

/// A node's embeddings over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NodeEmbeddings {
    /// The node.
    pub node_id: NodeId,
    /// How far its vector has come.
    pub status: EmbeddingStatus,
    /// Why the last try failed, while the node has no newer vector; null otherwise.
    pub last_error: Option<String>,
    /// How many follow.
    pub count: usize,
    /// The newest first.
    pub embeddings: Vec<NodeEmbedding>,
}
