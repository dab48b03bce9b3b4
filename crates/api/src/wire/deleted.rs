//! Nodes that were deleted and can be brought back.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wardgraph_kernel::NodeId;

use super::Name;
use crate::validate::{Faults, Validate};

/// Which deleted nodes to list.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeletedNodeFilter {
    /// How many, 1 to 1,000; 100 if absent.
    #[schemars(range(min = 1, max = 1_000))]
    pub limit: Option<i64>,
    /// Where to go on: `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Only nodes that had this external id.
    #[schemars(length(min = 1, max = 255))]
    pub external_id: Option<Name>,
}

impl Validate for DeletedNodeFilter {
    fn validate(&self, faults: &mut Faults) {
        if let Some(name) = &self.external_id {
            faults.asked_name("external_id", name, 1, 255);
        }
    }
}

/// A deleted node that can be brought back. What it holds is told again when it is there again.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DeletedNode {
    /// Its id, by which it is brought back.
    pub id: NodeId,
    /// The caller's own id; another node may have it by now.
    pub external_id: Option<String>,
    /// Its classes.
    pub classes: Vec<String>,
    /// The version that it had: `If-Match` takes it.
    pub version: i32,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was deleted.
    pub deleted_at: Timestamp,
    /// When it goes for good: until then it can be brought back.
    pub purge_at: Timestamp,
}

/// A page of deleted nodes.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DeletedNodePage {
    /// The nodes, in the order in which they were written here, whenever they were deleted.
    pub nodes: Vec<DeletedNode>,
    /// How many there are on this page.
    pub count: usize,
    /// Where the next page begins; null on the last.
    pub next_cursor: Option<String>,
}
