//! What can go wrong in the graph, in its own words.

use wardgraph_embed::EmbedError;
use wardgraph_kernel::{EdgeId, NodeId};
use wardgraph_store::{Overtaken, StoreError};

use crate::edge;

/// Why something in the graph did not come about.
#[derive(Debug, thiserror::Error)]
pub enum GraphError {
    /// The tenant has no such node.
    #[error("there is no node `{0}`")]
    NoNode(NodeId),
    /// An end of an edge is no node of the tenant.
    #[error("is no node of this tenant")]
    NoEnd {
        /// The field that names the end.
        field: &'static str,
    },
    /// The tenant has no such edge.
    #[error("there is no edge `{0}`")]
    NoEdge(EdgeId),
    /// The tenant has this edge already.
    #[error("the edge exists already: `{0}`")]
    EdgeExists(EdgeId),
    /// The tenant has a node with this external id.
    #[error("a node with this external id exists already: `{0}`")]
    ExternalIdTaken(NodeId),
    /// Another node of the tenant has the external id that this one was to have. Which, a transaction that ran into it cannot tell:
    /// [`holder`](crate::node::holder) can, once that was undone.
    #[error("another node has this external id")]
    ExternalIdElsewhere {
        /// The external id.
        external_id: String,
    },
    /// The change is meant for another version than is there.
    #[error("the node is of version {version}")]
    OtherVersion {
        /// The version that is there.
        version: i32,
    },
    /// The change is meant for a node that is there, and none is.
    #[error("there is no node with this external id")]
    NoneMeant,
    /// The node never had this version.
    #[error("there is no version {version}")]
    NoVersion {
        /// The version that was asked for.
        version: i32,
    },
    /// The node is there: it need not be brought back.
    #[error("the node is not deleted")]
    NotDeleted,
    /// More edges than go with a node at once.
    #[error("the node has more than {most} edges")]
    TooManyEdges {
        /// How many go at once.
        most: i64,
    },
    /// More edges than come back with a node at once.
    #[error("more than {most} edges would come back with the node")]
    TooManyWaiting {
        /// How many come at once.
        most: i64,
    },
    /// As many nodes of the tenant wait for their vectors as may.
    #[error("too many nodes of this tenant wait to be embedded")]
    QueueFull,
    /// The vector has not the dimension of the server's model.
    #[error("the vector has {given} numbers, the model `{model}` has {wanted}")]
    Dimension {
        /// The model in use.
        model: String,
        /// Its dimension.
        wanted: usize,
        /// What was given.
        given: usize,
    },
    /// The model did not answer.
    #[error(transparent)]
    Embed(#[from] EmbedError),
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Another transaction was in the way, or took the end of an edge after the statement began.
impl Overtaken for GraphError {
    fn is_overtaken(&self) -> bool {
        match self {
            Self::Store(StoreError::Constraint { name }) => edge::ENDS.contains(&name.as_str()),
            Self::Store(error) => error.is_overtaken(),
            _ => false,
        }
    }
}
