//! Edges.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use wardgraph_kernel::{EdgeId, NodeId};

use super::{Item, Name, NamedTenant, node::OnConflict, relation::Directions};
use crate::{
    describe::{Body, Known},
    validate::{Faults, Validate},
};

/// What an edge is made of. Each end is named once: by its id or by its external id.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEdge {
    /// The node it leaves.
    #[serde(default)]
    pub src: Option<NodeId>,
    /// The same by its external id, instead of `src`.
    #[serde(default)]
    #[schemars(length(min = 1, max = 255))]
    pub src_external_id: Option<Name>,
    /// What it means, 1 to 100 characters.
    #[schemars(length(min = 1, max = 100))]
    pub rel: Name,
    /// The node it reaches.
    #[serde(default)]
    pub dst: Option<NodeId>,
    /// The same by its external id, instead of `dst`.
    #[serde(default)]
    #[schemars(length(min = 1, max = 255))]
    pub dst_external_id: Option<Name>,
    /// Whatever describes it.
    #[serde(default)]
    pub props: Map<String, Value>,
    /// When it came about elsewhere, not in the future; now if absent. Wants `admin:refresh`. An edge that is there keeps its own.
    #[serde(default, deserialize_with = "super::moment::moment")]
    pub created_at: Option<Timestamp>,
    /// Ignored: the credential says whose the edge is.
    #[serde(default)]
    pub tenant_id: NamedTenant,
}

impl Validate for NewEdge {
    fn validate(&self, faults: &mut Faults) {
        faults.name("/rel", &self.rel, 1, 100);
        faults.object("/props", &self.props);
        faults.year("/created_at", self.created_at);
        for (field, by_field, id, external_id) in [
            ("/src", "/src_external_id", self.src, &self.src_external_id),
            ("/dst", "/dst_external_id", self.dst, &self.dst_external_id),
        ] {
            let once = id.is_some() != external_id.is_some();
            faults.unless(once, field, "must be given once, by id or by external id");
            if let Some(external_id) = external_id {
                faults.asked_name(by_field, external_id, 1, 255);
            }
        }
    }
}

impl Body for NewEdge {
    fn example(known: &Known) -> Value {
        json!({ "src": known.node, "rel": "EXAMPLE_OF", "dst": known.other })
    }
}

/// Edges to create together.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EdgeBatch {
    /// 1 to 2,000 edges.
    #[schemars(length(min = 1, max = 2_000))]
    pub edges: Vec<Item<NewEdge>>,
    /// Ignored: the credential says whose the edges are.
    #[serde(default)]
    pub tenant_id: NamedTenant,
}

impl Validate for EdgeBatch {
    fn validate(&self, faults: &mut Faults) {
        faults.unless((1..=2_000).contains(&self.edges.len()), "/edges", "must have 1 to 2,000 entries");
    }
}

impl Body for EdgeBatch {
    fn example(known: &Known) -> Value {
        json!({ "edges": [{ "src": known.other, "rel": "BATCH_EXAMPLE_OF", "dst": known.node }] })
    }
}

/// How edges are stored.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EdgeStoring {
    /// What to do with an edge that the tenant has already; `error` if absent.
    #[serde(default)]
    pub on_conflict: OnConflict,
}

impl Validate for EdgeStoring {
    fn validate(&self, _: &mut Faults) {}
}

/// What became of one item of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum EdgeItemResult {
    /// The edge was created.
    Created {
        /// Its id.
        id: EdgeId,
        /// Where active HTML was taken out, as JSON Pointers.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        cleaned: Vec<String>,
    },
    /// The tenant has this edge already.
    Exists {
        /// The id of that edge.
        id: EdgeId,
        /// Whether its props are others than those that were sent.
        #[serde(default)]
        differs: bool,
    },
    /// The edge was there, and has the props that were sent now.
    Updated {
        /// Its id.
        id: EdgeId,
        /// Where active HTML was taken out.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        cleaned: Vec<String>,
    },
    /// The edge was there, the same already.
    Unchanged {
        /// Its id.
        id: EdgeId,
        /// Where active HTML was taken out.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        cleaned: Vec<String>,
    },
    /// The item was refused: a field is wrong, or an end is no node of the tenant.
    Refused {
        /// Why.
        errors: Vec<crate::FieldError>,
    },
}

/// What became of a batch.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct EdgeBatchResult {
    /// How many edges were created.
    pub created: usize,
    /// How many edges that were there got other props.
    #[serde(default)]
    pub updated: usize,
    /// How many items were refused; those that exist count as refused unless that was to be ignored.
    pub failed: usize,
    /// One result an item, in the items' order.
    pub results: Vec<EdgeItemResult>,
}

/// An edge.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Edge {
    /// Its id.
    pub id: EdgeId,
    /// Its tenant; null for a shared edge.
    pub tenant_id: Option<String>,
    /// The node it leaves.
    pub src: NodeId,
    /// What it means.
    pub rel: String,
    /// The node it reaches.
    pub dst: NodeId,
    /// What describes it.
    pub props: Value,
    /// When it was created.
    pub created_at: Timestamp,
    /// Where active HTML was taken out, as JSON Pointers; only in the answer to the request that sent it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cleaned: Vec<String>,
}

/// Which way an edge runs, seen from a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Away from the node.
    Out,
    /// Towards the node.
    In,
}

/// Which edges to list.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EdgeFilter {
    /// Only edges at this node.
    pub node_id: Option<NodeId>,
    /// Only edges that leave (`out`, the default) or reach (`in`) `node_id`, or either (`both`).
    pub direction: Option<Directions>,
    /// Only edges that mean this.
    #[schemars(length(min = 1, max = 100))]
    pub rel: Option<Name>,
    /// How many, 1 to 1,000; 100 if absent.
    #[schemars(range(min = 1, max = 1_000))]
    pub limit: Option<i64>,
    /// Where to go on: `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl Validate for EdgeFilter {
    fn validate(&self, faults: &mut Faults) {
        if let Some(rel) = &self.rel {
            faults.asked_name("rel", rel, 1, 100);
        }
        faults.unless(self.direction.is_none() || self.node_id.is_some(), "direction", "needs `node_id`");
    }
}

/// A page of edges.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct EdgePage {
    /// The edges, in the order in which they were written here.
    pub edges: Vec<Edge>,
    /// How many there are on this page.
    pub count: usize,
    /// Where the next page begins; null on the last.
    pub next_cursor: Option<String>,
}
