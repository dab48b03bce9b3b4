//! Events: the audit log as Active Graph KG shows it.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wardgraph_kernel::{EventId, NodeId, RequestId};

use crate::validate::{Faults, Validate};

/// Which events to list.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventFilter {
    /// Only events about this node.
    pub node_id: Option<NodeId>,
    /// Only events of this type.
    #[schemars(length(min = 1, max = 100))]
    pub event_type: Option<String>,
    /// Only events of this request.
    pub request_id: Option<RequestId>,
    /// How many, 1 to 1,000; 100 if absent.
    #[schemars(range(min = 1, max = 1_000))]
    pub limit: Option<i64>,
    /// Where to go on: `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl Validate for EventFilter {
    fn validate(&self, faults: &mut Faults) {
        if let Some(event_type) = &self.event_type {
            faults.text("event_type", event_type, 1, 100);
        }
    }
}

/// An event of the tenant.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// What happened.
    #[serde(rename = "type")]
    pub event_type: String,
    /// `graph`, `auth`, `access`, `admin` or `system`.
    pub category: String,
    /// The node it is about, if it is about one.
    pub node_id: Option<NodeId>,
    /// What it is about: `node`, `edge` or `endpoint`.
    pub subject_type: Option<String>,
    /// The id of what it is about.
    pub subject: Option<String>,
    /// Who acted.
    pub actor_id: String,
    /// What kind of actor.
    pub actor_type: String,
    /// `success`, `refused` or `failure`.
    pub outcome: String,
    /// The request it belongs to.
    pub request_id: Option<RequestId>,
    /// More about it.
    pub payload: Value,
    /// When.
    pub created_at: Timestamp,
}

/// A page of events.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct EventPage {
    /// The events, newest first.
    pub events: Vec<Event>,
    /// How many there are on this page.
    pub count: usize,
    /// Where the next page begins; null on the last.
    pub next_cursor: Option<String>,
}
