//! What a line of a source means.

use serde_json::{Map, Value};
use uuid::Uuid;
use wardgraph_api::validate::{Faults, Validate};
use wardgraph_kernel::{NodeId, Timestamp};

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

    /// What tells a node from others; and an edge, as far as its ends tell.
    pub(super) fn key(&self) -> String {
        match self {
            Self::Node(node) => node.external_id.clone(),
            // No external id has such a character.
            Self::Edge(edge) => format!("\0{:?}\0{}\0{:?}", edge.src, edge.rel, edge.dst),
        }
    }

    /// As the server takes it, with its time if that is `dated`.
    pub(super) fn json(&self, dated: bool) -> String {
        match self {
            Self::Node(node) => node.json(dated),
            Self::Edge(edge) => edge.json(dated),
        }
    }

    /// When it came about, if the source says so.
    pub(super) const fn created_at(&self) -> Option<Timestamp> {
        match self {
            Self::Node(node) => node.created_at,
            Self::Edge(edge) => edge.created_at,
        }
    }
}

/// A node as the server takes it, checked by the server's own rules.
#[derive(Debug)]
pub(super) struct NodeItem {
    /// The name by which it is created.
    pub(super) external_id: String,
    /// The id that it had, where it has no name but that.
    pub(super) id: Option<NodeId>,
    pub(super) created_at: Option<Timestamp>,
    pub(super) members: Map<String, Value>,
}

impl NodeItem {
    pub(super) fn json(&self, dated: bool) -> String {
        let mut members = self.members.clone();
        members.insert("external_id".into(), self.external_id.clone().into());
        dating(&mut members, self.created_at, dated)
    }

    /// What replaces it where it is known by its id.
    pub(super) fn replacement(&self) -> String {
        Value::Object(self.members.clone()).to_string()
    }
}

/// An edge between nodes that the server knows or will know.
#[derive(Debug, Clone)]
pub(super) struct EdgeItem {
    pub(super) src: End,
    pub(super) rel: String,
    pub(super) dst: End,
    pub(super) props: Map<String, Value>,
    pub(super) created_at: Option<Timestamp>,
}

impl EdgeItem {
    fn json(&self, dated: bool) -> String {
        let mut members = Map::new();
        members.insert("rel".into(), self.rel.clone().into());
        members.insert("props".into(), self.props.clone().into());
        for (end, id, external_id) in [(&self.src, "src", "src_external_id"), (&self.dst, "dst", "dst_external_id")] {
            match end {
                End::Id(node) => members.insert(id.into(), node.to_string().into()),
                End::External(name) => members.insert(external_id.into(), name.clone().into()),
                End::Former(node) => members.insert(external_id.into(), node.to_string().into()),
            };
        }
        dating(&mut members, self.created_at, dated)
    }

    /// The same with the end that this field of the server's gives by its id named by that, as a node is that came without a name.
    pub(super) fn by_former_id(&self, field: &str) -> Option<Self> {
        let mut edge = self.clone();
        let end = match field {
            "/src" => &mut edge.src,
            "/dst" => &mut edge.dst,
            _ => return None,
        };
        let End::Id(id) = end else { return None };
        *end = End::Former(*id);
        Some(edge)
    }

    /// The field as the source has it.
    pub(super) fn field_of(&self, field: &str) -> String {
        match (field, &self.src, &self.dst) {
            ("/src_external_id", End::Former(_), _) => "/src".into(),
            ("/dst_external_id", _, End::Former(_)) => "/dst".into(),
            _ => field.into(),
        }
    }

    /// What the field of the server's that is found wrong holds, if it is the external id of an end.
    pub(super) fn name_in(&self, field: &str) -> Option<&str> {
        match (field, &self.src, &self.dst) {
            ("/src_external_id", End::External(name), _) | ("/dst_external_id", _, End::External(name)) => Some(name),
            _ => None,
        }
    }
}

fn dating(members: &mut Map<String, Value>, created_at: Option<Timestamp>, dated: bool) -> String {
    if let Some(time) = created_at.filter(|_| dated) {
        members.insert("created_at".into(), time.to_string().into());
    }
    Value::Object(std::mem::take(members)).to_string()
}

/// An end of an edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    Id(NodeId),
    External(String),
    /// The id that a node without a name had elsewhere, and is named by here.
    Former(NodeId),
}

impl End {
    /// A node's id where it looks like one, else an external id.
    pub(super) fn of(text: String) -> Self {
        id_of(&text).map_or(Self::External(text), Self::Id)
    }
}

/// A node's id, if the text looks like one.
pub(super) fn id_of(text: &str) -> Option<NodeId> {
    const HYPHENATED: usize = 36;
    Uuid::try_parse(text).ok().filter(|_| text.len() == HYPHENATED).map(NodeId::from)
}

impl Validate for EdgeItem {
    fn validate(&self, faults: &mut Faults) {
        faults.name("/rel", &self.rel, 1, 100);
        faults.object("/props", &self.props);
        for (field, end) in [("/src_external_id", &self.src), ("/dst_external_id", &self.dst)] {
            if let End::External(id) = end {
                faults.asked_name(field, id, 1, 255);
            }
        }
    }
}
