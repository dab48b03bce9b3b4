//! Nodes.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use wardgraph_kernel::NodeId;

use super::{Item, Name, NamedTenant, ObjectText};
use crate::{
    describe::{Body, Known},
    validate::{Faults, Validate},
};

/// What a node is made of.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewNode {
    /// 1 to 10 classes, each of 1 to 100 characters.
    #[schemars(length(min = 1, max = 10), inner(length(min = 1, max = 100)))]
    pub classes: Vec<Name>,
    /// Whatever describes the node. `text`, else `title` and the other texts, is what search reads.
    pub props: Map<String, Value>,
    /// Where the node's content lies, at most 500 characters; no `javascript:`, `vbscript:` or `data:`.
    #[serde(default)]
    #[schemars(length(min = 1, max = 500))]
    pub payload_ref: Option<String>,
    /// Whatever else is known of the node.
    #[serde(default)]
    pub metadata: Map<String, Value>,
    /// When the node is refreshed.
    #[serde(default)]
    pub refresh_policy: Map<String, Value>,
    /// Which triggers watch the node.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub triggers: Vec<Map<String, Value>>,
    /// The caller's own id, unique in the tenant, 1 to 255 characters. `props.external_id` serves where it is absent or null.
    #[serde(default)]
    #[schemars(length(min = 1, max = 255))]
    pub external_id: Option<Name>,
    /// When it came about elsewhere, not in the future; now if absent. Wants `admin:refresh`. A node that is there keeps its own.
    #[serde(default, deserialize_with = "super::moment::moment")]
    pub created_at: Option<Timestamp>,
    /// Ignored: the credential says whose the node is.
    #[serde(default)]
    pub tenant_id: NamedTenant,
    /// Active Graph KG's, taken and not looked at: nothing is extracted from a node's text here.
    #[serde(default)]
    pub extract: Option<bool>,
    /// The same.
    #[serde(default)]
    pub extract_before_embed: Option<bool>,
}

impl NewNode {
    /// The caller's own id, wherever it stands.
    pub fn external_id(&self) -> Option<Name> {
        self.external_id.clone().or_else(|| self.external_id_of_props())
    }

    /// Its free forms, but for the triggers, and their places.
    pub(super) fn objects(&self) -> [(&'static str, &Map<String, Value>); 3] {
        [("/props", &self.props), ("/metadata", &self.metadata), ("/refresh_policy", &self.refresh_policy)]
    }

    /// The one that `props` give.
    pub fn external_id_of_props(&self) -> Option<Name> {
        self.props.get("external_id").and_then(Value::as_str).map(Name::new)
    }
}

impl Validate for NewNode {
    fn validate(&self, faults: &mut Faults) {
        classes(faults, &self.classes);
        for (field, object) in self.objects() {
            faults.object(field, object);
        }
        triggers(faults, &self.triggers);
        if let Some(address) = &self.payload_ref {
            payload_ref(faults, address);
        }
        faults.year("/created_at", self.created_at);
        if let Some(external_id) = self.external_id() {
            let of_props = self.external_id_of_props().is_some_and(|given| given == external_id);
            let place = if of_props { "/props/external_id" } else { "/external_id" };
            faults.name(place, &external_id, 1, 255);
        }
    }
}

pub(super) fn classes(faults: &mut Faults, classes: &[Name]) {
    faults.unless((1..=10).contains(&classes.len()), "/classes", "must have 1 to 10 entries");
    for (index, class) in classes.iter().enumerate().take(10) {
        faults.name(&format!("/classes/{index}"), class, 1, 100);
    }
}

pub(super) fn triggers(faults: &mut Faults, triggers: &[Map<String, Value>]) {
    faults.unless(triggers.len() <= 100, "/triggers", "must have at most 100 entries");
    for (index, trigger) in triggers.iter().enumerate().take(100) {
        faults.object(&format!("/triggers/{index}"), trigger);
    }
}

pub(super) fn payload_ref(faults: &mut Faults, payload_ref: &str) {
    faults.name("/payload_ref", payload_ref, 1, 500);
    faults.inert("/payload_ref", payload_ref);
}

impl Body for NewNode {
    fn example(_: &Known) -> Value {
        json!({ "classes": ["Document"], "props": { "text": "The quick brown fox jumps over the lazy dog." }, "metadata": { "source": "example" } })
    }
}

/// Nodes to create together.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NodeBatch {
    /// 1 to 500 nodes.
    #[schemars(length(min = 1, max = 500))]
    pub nodes: Vec<Item<NewNode>>,
    /// Active Graph KG's: every item is tried, so that `false` is refused.
    #[serde(default)]
    pub continue_on_error: Option<bool>,
    /// Ignored: the credential says whose the nodes are.
    #[serde(default)]
    pub tenant_id: NamedTenant,
    /// Active Graph KG's, taken and not looked at: nothing is extracted from a node's text here.
    #[serde(default)]
    pub extract: Option<bool>,
    /// The same.
    #[serde(default)]
    pub extract_before_embed: Option<bool>,
}

impl Validate for NodeBatch {
    fn validate(&self, faults: &mut Faults) {
        faults.unless((1..=500).contains(&self.nodes.len()), "/nodes", "must have 1 to 500 entries");
        let tries_all = self.continue_on_error != Some(false);
        faults.unless(tries_all, "/continue_on_error", "must not be false: every item is tried, and has its own result");
    }
}

impl Body for NodeBatch {
    fn example(known: &Known) -> Value {
        json!({ "nodes": [NewNode::example(known), NewNode::example(known)] })
    }
}

/// What to do with what the tenant has already: a node of this external id, an edge of these ends and this meaning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnConflict {
    /// Refuse it.
    #[default]
    Error,
    /// Replace what is there: a node as a new version, of an edge the props.
    Update,
    /// Leave what is there as it is.
    Ignore,
}

/// How nodes are stored.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Storing {
    /// What to do with a node whose external id the tenant has already; `error` if absent.
    #[serde(default)]
    pub on_conflict: OnConflict,
}

impl Validate for Storing {
    fn validate(&self, _: &mut Faults) {}
}

/// What became of one item of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum NodeItemResult {
    /// The node was created.
    Created {
        /// Its id.
        id: NodeId,
        /// Where active HTML was taken out, as JSON Pointers.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        cleaned: Vec<String>,
    },
    /// The item was refused.
    Refused {
        /// Why.
        errors: Vec<crate::FieldError>,
    },
    /// The tenant has a node with this external id.
    Exists {
        /// The id of that node.
        id: NodeId,
    },
    /// The node of this external id was replaced.
    Updated {
        /// Its id.
        id: NodeId,
        /// Its version now.
        version: i32,
        /// Where active HTML was taken out.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        cleaned: Vec<String>,
    },
    /// The node of this external id was the same already.
    Unchanged {
        /// Its id.
        id: NodeId,
        /// Its version.
        version: i32,
        /// Where active HTML was taken out.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        cleaned: Vec<String>,
    },
}

/// What became of a batch.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct NodeBatchResult {
    /// How many nodes were created.
    pub created: usize,
    /// How many nodes were replaced, those that were the same already not counted.
    pub updated: usize,
    /// How many items were refused; those that exist count as refused unless that was to be ignored.
    pub failed: usize,
    /// One result an item, in the items' order.
    pub results: Vec<NodeItemResult>,
}

/// How far a node's vector has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EmbeddingStatus {
    /// The node has no text to embed.
    None,
    /// It waits for the worker.
    Queued,
    /// It is searchable by meaning.
    Ready,
    /// The worker gave up on it.
    Failed,
}

impl EmbeddingStatus {
    /// The status as it is stored and shown.
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Queued => "queued",
            Self::Ready => "ready",
            Self::Failed => "failed",
        }
    }
}

/// A node.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Node {
    /// Its id.
    pub id: NodeId,
    /// Its tenant; null for a shared node.
    pub tenant_id: Option<String>,
    /// The caller's own id.
    pub external_id: Option<String>,
    /// Its classes.
    pub classes: Vec<String>,
    /// What describes it.
    pub props: Value,
    /// Where its content lies.
    pub payload_ref: Option<String>,
    /// What else is known of it.
    pub metadata: Value,
    /// When it is refreshed.
    pub refresh_policy: Value,
    /// Which triggers watch it.
    pub triggers: Value,
    /// How often it was changed, from 1.
    pub version: i32,
    /// How far its vector has come.
    pub embedding_status: EmbeddingStatus,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Where active HTML was taken out of what was sent, as JSON Pointers; absent when it was nowhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cleaned: Vec<String>,
}

impl crate::Versioned for Node {
    fn version(&self) -> i32 {
        self.version
    }

    /// The worker moves it, from what every text begins with.
    fn state(&self) -> Option<&'static str> {
        match self.embedding_status {
            EmbeddingStatus::None | EmbeddingStatus::Queued => None,
            settled @ (EmbeddingStatus::Ready | EmbeddingStatus::Failed) => Some(settled.word()),
        }
    }
}

/// In which order to list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// As they were written here, the first first: by their ids, whatever `created_at` was given.
    #[default]
    Asc,
    /// The last that was written here first.
    Desc,
}

/// Which nodes to list: those for which everything holds that is asked.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NodeFilter {
    /// How many, 1 to 1,000; 100 if absent.
    #[schemars(range(min = 1, max = 1_000))]
    pub limit: Option<i64>,
    /// Where to go on: `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// `asc` (in the order in which they were written here, the default) or `desc`.
    #[serde(default)]
    pub order: Order,
    /// Only nodes of this class.
    #[schemars(length(min = 1, max = 255))]
    pub class: Option<Name>,
    /// Only the node with this external id.
    #[schemars(length(min = 1, max = 255))]
    pub external_id: Option<Name>,
    /// Only nodes whose props contain this JSON object: `{"lang": "en"}`, `{"tags": ["a"]}`.
    pub props: Option<ObjectText>,
    /// Only nodes whose metadata contain this JSON object.
    pub metadata: Option<ObjectText>,
    /// Only nodes whose vector has come this far.
    pub embedding_status: Option<EmbeddingStatus>,
    /// Only nodes that have a vector, of whatever model (`true`), or have none (`false`).
    pub has_embedding: Option<bool>,
    /// Only nodes created later than this time (RFC 3339).
    #[serde(default, deserialize_with = "super::moment::moment")]
    pub created_after: Option<Timestamp>,
    /// Only nodes created earlier than this time.
    #[serde(default, deserialize_with = "super::moment::moment")]
    pub created_before: Option<Timestamp>,
    /// Only nodes last changed later than this time.
    #[serde(default, deserialize_with = "super::moment::moment")]
    pub updated_after: Option<Timestamp>,
    /// Only nodes last changed earlier than this time.
    #[serde(default, deserialize_with = "super::moment::moment")]
    pub updated_before: Option<Timestamp>,
    /// The shared nodes (`tenant_id` null) instead of the tenant's own.
    #[serde(default)]
    pub shared: bool,
}

impl Validate for NodeFilter {
    fn validate(&self, faults: &mut Faults) {
        for (field, text) in [("class", &self.class), ("external_id", &self.external_id)] {
            if let Some(name) = text {
                faults.asked_name(field, name, 1, 255);
            }
        }
        for (field, object) in [("props", &self.props), ("metadata", &self.metadata)] {
            if let Some(ObjectText(object)) = object {
                faults.asked_object(field, object);
            }
        }
        for (field, time) in [
            ("created_after", self.created_after),
            ("created_before", self.created_before),
            ("updated_after", self.updated_after),
            ("updated_before", self.updated_before),
        ] {
            faults.year(field, time);
        }
    }
}

/// A page of nodes.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct NodePage {
    /// The nodes, in the order in which they were written here unless asked otherwise.
    pub nodes: Vec<Node>,
    /// How many there are on this page.
    pub count: usize,
    /// Where the next page begins; null on the last.
    pub next_cursor: Option<String>,
}
