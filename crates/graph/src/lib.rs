//! The graph: nodes, edges, search, and the queue of nodes that wait for their vector.
//!
//! Domain functions take a transaction, input, time and chance, and give domain values.
//! Refuses to know: HTTP, configuration, the pool.

mod bound;
pub mod edge;
pub mod embedding;
mod error;
pub mod node;
pub mod purge;
pub mod search;
mod text;

pub use error::GraphError;
pub use text::content;

use wardgraph_store::StatementInfo;

/// Every statement of this room.
pub const STATEMENTS: &[&[&StatementInfo]] = &[
    node::STATEMENTS,
    node::REPLACE_STATEMENTS,
    node::VERSION_STATEMENTS,
    node::DELETE_STATEMENTS,
    purge::STATEMENTS,
    edge::STATEMENTS,
    search::STATEMENTS,
    embedding::STATEMENTS,
];
