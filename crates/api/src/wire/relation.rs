//! What lies around a node: its neighbours, its lineage, and getting rid of its edges.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wardgraph_kernel::{EdgeId, NodeId};

use super::{Name, edge::Direction, node::Node};
use crate::validate::{Faults, Validate};

/// Which way edges run, seen from a node, where both can be asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Directions {
    /// Away from the node.
    Out,
    /// Towards the node.
    In,
    /// Either.
    #[default]
    Both,
}

/// Which neighbours to list.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NeighbourFilter {
    /// Only by edges that mean this.
    #[schemars(length(min = 1, max = 100))]
    pub rel: Option<Name>,
    /// Only by edges that leave (`out`) or reach (`in`) the node; `both` if absent.
    #[serde(default)]
    pub direction: Directions,
    /// Only neighbours of this class.
    #[schemars(length(min = 1, max = 100))]
    pub class: Option<Name>,
    /// How many, 1 to 1,000; 100 if absent.
    #[schemars(range(min = 1, max = 1_000))]
    pub limit: Option<i64>,
    /// Where to go on: `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl Validate for NeighbourFilter {
    fn validate(&self, faults: &mut Faults) {
        for (field, text) in [("rel", &self.rel), ("class", &self.class)] {
            if let Some(text) = text {
                faults.asked_name(field, text, 1, 100);
            }
        }
    }
}

/// The edge that leads to a neighbour.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct NeighbourEdge {
    /// Its id.
    pub id: EdgeId,
    /// What it means.
    pub rel: String,
    /// Which way it runs, seen from the node that was asked. An edge from the node to itself is shown once, as `out`.
    pub direction: Direction,
    /// What describes it; null to whoever lacks `edges:read`.
    pub props: Option<Value>,
    /// When it was created.
    pub created_at: Timestamp,
}

/// A node at the other end of an edge.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Neighbour {
    /// The edge.
    pub edge: NeighbourEdge,
    /// The node.
    pub node: Node,
}

/// A page of neighbours.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct NeighbourPage {
    /// The neighbours, one an edge, in the order in which the edges were written here.
    pub neighbors: Vec<Neighbour>,
    /// How many there are on this page.
    pub count: usize,
    /// Where the next page begins; null on the last.
    pub next_cursor: Option<String>,
}

/// How far to walk.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LineageQuery {
    /// How many edges away, 1 to 32; 5 if absent.
    #[schemars(range(min = 1, max = 32))]
    pub max_depth: Option<i32>,
    /// How many nodes, 1 to 1,000; 1,000 if absent.
    #[schemars(range(min = 1, max = 1_000))]
    pub limit: Option<i64>,
    /// Along which relation; `DERIVED_FROM` if absent.
    #[schemars(length(min = 1, max = 100))]
    pub rel: Option<Name>,
    /// `out`, the default: what the node was derived from. `in`: what was derived from the node.
    pub direction: Option<Direction>,
}

impl Validate for LineageQuery {
    fn validate(&self, faults: &mut Faults) {
        if let Some(rel) = &self.rel {
            faults.asked_name("rel", rel, 1, 100);
        }
        faults.unless(self.max_depth.is_none_or(|depth| (1..=32).contains(&depth)), "max_depth", "must be 1 to 32");
        faults.unless(self.limit.is_none_or(|limit| (1..=1_000).contains(&limit)), "limit", "must be 1 to 1,000");
    }
}

/// A node that was reached.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Ancestor {
    /// Its id.
    pub id: NodeId,
    /// How many edges away it is, at the least.
    pub depth: i32,
    /// The edge that leads to it; the one that was written here first, where several do.
    pub edge_id: EdgeId,
    /// What describes that edge; null to whoever lacks `edges:read`.
    pub edge_props: Option<Value>,
    /// The caller's own id of the node; null if it has none.
    pub external_id: Option<String>,
    /// The node's classes.
    pub classes: Vec<String>,
    /// What describes the node.
    pub props: Value,
    /// When the node was created.
    pub created_at: Timestamp,
}

/// Where a node comes from, or what came of it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Lineage {
    /// The node that was asked.
    pub node_id: NodeId,
    /// The nodes that were reached, each once, nearest first; with `direction=in` these are descendants.
    pub ancestors: Vec<Ancestor>,
    /// How many there are here. (The replaced system calls it so.)
    pub depth: usize,
    /// Whether there are more within `max_depth` than `limit` or the size of an answer allows.
    pub truncated: bool,
}

/// Which edges of a node to delete.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EdgeClearing {
    /// Only edges that mean this.
    #[schemars(length(min = 1, max = 100))]
    pub rel: Option<Name>,
    /// Only edges that leave (`out`) or reach (`in`) the node; `both` if absent.
    #[serde(default)]
    pub direction: Directions,
    /// How many, 1 to 10,000; 1,000 if absent.
    #[schemars(range(min = 1, max = 10_000))]
    pub limit: Option<i64>,
}

impl Validate for EdgeClearing {
    fn validate(&self, faults: &mut Faults) {
        if let Some(rel) = &self.rel {
            faults.asked_name("rel", rel, 1, 100);
        }
        faults.unless(self.limit.is_none_or(|limit| (1..=10_000).contains(&limit)), "limit", "must be 1 to 10,000");
    }
}

/// What became of the edges of a node.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Cleared {
    /// How many edges were deleted, those that were written here first before the others.
    pub deleted: usize,
    /// Whether there are more: call again.
    pub more: bool,
}
