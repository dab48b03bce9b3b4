//! What became of nodes' embeddings, how far they have come, and which are tried again.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wardgraph_kernel::NodeId;

use super::{NamedTenant, node::EmbeddingStatus};
use crate::{
    describe::{Body, Known},
    validate::{Faults, Validate},
};

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

/// Which nodes that could not be embedded are to be tried again.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Requeue {
    /// These alone, 1 to 2,000; whichever there are if absent. Those that have not failed, and those that there are not, are passed over.
    #[serde(default)]
    #[schemars(length(min = 1, max = 2_000))]
    pub node_ids: Option<Vec<NodeId>>,
    /// `failed`, which is meant if absent too: what is queued waits already, and what is ready has the vector of its text.
    #[serde(default)]
    pub status: Option<EmbeddingStatus>,
    /// How many at once, 1 to 2,000; 2,000 if absent.
    #[serde(default)]
    #[schemars(range(min = 1, max = 2_000))]
    pub limit: Option<i64>,
    /// Active Graph KG's: a text that failed is tried again whether or not there is a vector of an earlier one, so that `true` is refused.
    #[serde(default)]
    pub only_missing_embedding: Option<bool>,
    /// Active Graph KG's, taken and not looked at: a node's status is kept with its vector here.
    #[serde(default)]
    pub backfill_ready: Option<bool>,
    /// Ignored: the credential says whose the nodes are.
    #[serde(default)]
    pub tenant_id: NamedTenant,
}

/// How many nodes are queued at once, and how many may be named.
pub const MOST_REQUEUED: i64 = 2_000;

impl Validate for Requeue {
    fn validate(&self, faults: &mut Faults) {
        let is_fit = |number: i64| (1..=MOST_REQUEUED).contains(&number);
        let named = self.node_ids.as_ref().map(|ids| i64::try_from(ids.len()).unwrap_or(i64::MAX));
        faults.unless(named.is_none_or(is_fit), "/node_ids", "must have 1 to 2000 entries");
        faults.unless(self.limit.is_none_or(is_fit), "/limit", "must be from 1 to 2000");
        let failed = self.status.is_none_or(|status| status == EmbeddingStatus::Failed);
        faults.unless(failed, "/status", "must be `failed`: no other node waits to be asked for");
        let in_any_case = self.only_missing_embedding != Some(true);
        faults.unless(in_any_case, "/only_missing_embedding", "must not be true: what failed has no vector of its text");
    }
}

impl Body for Requeue {
    const MAY_BE_ABSENT: bool = true;

    fn example(known: &Known) -> Value {
        json!({ "node_ids": [known.other, known.shared], "status": "failed" })
    }
}

/// How many nodes are tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Requeued {
    /// How many were meant: as many as were named, else as had failed, and never more than `limit`. Whoever names none calls again until it is 0.
    pub requested: usize,
    /// How many of them had failed, and are queued now.
    pub enqueued: usize,
}

/// How far the vectors of a tenant's nodes have come, or those of the shared ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EmbeddingState {
    /// Whose nodes: the caller's tenant; null for the shared ones.
    pub tenant_id: Option<String>,
    /// How many nodes there are of each status.
    pub status_counts: StatusCounts,
    /// How many of them are where in the queue.
    pub queue: QueueCounts,
    /// Since when the one has been due that waits for longest; null while none is due. Where this is long ago, the worker does not get to it.
    pub oldest_waiting: Option<Timestamp>,
}

/// Nodes by their status. What is counted of the queue is counted up to 100,000 in each part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StatusCounts {
    /// Without a text; null where there are more than 10,000 nodes, of which they are not told apart.
    pub none: Option<i64>,
    /// Waiting for the worker, or with it.
    pub queued: i64,
    /// With the vector of their text; null where there are more than 10,000 nodes.
    pub ready: Option<i64>,
    /// Given up by the worker.
    pub failed: i64,
}

/// Nodes by their place in the queue, each counted up to 100,000.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QueueCounts {
    /// Due.
    pub queue: i64,
    /// Due later: a worker is at them, or tried them in vain and tries again.
    pub retry: i64,
    /// Given up.
    pub dlq: i64,
}
