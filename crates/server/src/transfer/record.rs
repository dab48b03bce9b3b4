//! What a line of a source means.

use std::borrow::Cow;

use serde_json::{Map, Value};
use uuid::Uuid;
use wardgraph_api::validate::{Faults, Validate};
use wardgraph_kernel::NodeId;

/// A place in a source: where the next record begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Position {
    /// In bytes; in records where the source is no file.
    pub(super) offset: u64,
    /// The line, from 1.
    pub(super) line: u64,
}

impl Position {
    pub(super) const START: Self = Self { offset: 0, line: 1 };
}

/// Nodes or edges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Nodes,
    Edges,
}

/// A line, read.
#[derive(Debug)]
pub(super) struct Record {
    /// The line on which it begins, from 1.
    pub(super) line: u64,
    /// Where the next one begins.
    pub(super) end: Position,
    /// As it can be imported again.
    pub(super) raw: Vec<u8>,
    /// What it means, or why it cannot be sent.
    pub(super) item: Result<Item, String>,
}

#[derive(Debug)]
pub(super) enum Item {
    Node(NodeItem),
    Edge(EdgeItem),
}

impl Item {
    pub(super) const fn kind(&self) -> Kind {
        match self {
            Self::Node(_) => Kind::Nodes,
            Self::Edge(_) => Kind::Edges,
        }
    }

    /// As the server takes it.
    pub(super) fn json(&self) -> Cow<'_, str> {
        match self {
            Self::Node(node) => node.json.as_str().into(),
            Self::Edge(edge) => edge.json().into(),
        }
    }
}

/// A node as the server takes it, checked by the server's own rules.
#[derive(Debug)]
pub(super) struct NodeItem {
    pub(super) external_id: String,
    pub(super) json: String,
}

/// An edge between nodes that the server knows or will know.
#[derive(Debug)]
pub(super) struct EdgeItem {
    pub(super) src: End,
    pub(super) rel: String,
    pub(super) dst: End,
    pub(super) props: Map<String, Value>,
}

impl EdgeItem {
    fn json(&self) -> String {
        let mut members = Map::new();
        members.insert("rel".into(), self.rel.clone().into());
        members.insert("props".into(), self.props.clone().into());
        for (end, id, external_id) in [(&self.src, "src", "src_external_id"), (&self.dst, "dst", "dst_external_id")] {
            match end {
                End::Id(node) => members.insert(id.into(), node.to_string().into()),
                End::External(name) => members.insert(external_id.into(), name.clone().into()),
            };
        }
        Value::Object(members).to_string()
    }

    /// What the field of the server's that is found wrong holds, if it is the external id of an end.
    pub(super) fn name_in(&self, field: &str) -> Option<&str> {
        match (field, &self.src, &self.dst) {
            ("/src_external_id", End::External(name), _) | ("/dst_external_id", _, End::External(name)) => Some(name),
            _ => None,
        }
    }
}

/// An end of an edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    Id(NodeId),
    External(String),
}

impl End {
    /// A node's id where it looks like one, else an external id.
    pub(super) fn of(text: String) -> Self {
        const HYPHENATED: usize = 36;
        match Uuid::try_parse(&text) {
            Ok(id) if text.len() == HYPHENATED => Self::Id(id.into()),
            _ => Self::External(text),
        }
    }
}

impl Validate for EdgeItem {
    fn validate(&self, faults: &mut Faults) {
        faults.name("/rel", &self.rel, 1, 100);
        faults.object("/props", &self.props);
        for (field, end) in [("/src_external_id", &self.src), ("/dst_external_id", &self.dst)] {
            if let End::External(id) = end {
                faults.name(field, id, 1, 255);
            }
        }
    }
}
