//! The graph: nodes, edges, search, and the queue of nodes that wait for their vector.
//!
//! Domain functions take a transaction, input, time and chance, and give domain values.
//! Refuses to know: HTTP, configuration, the pool.

mod bound;
pub mod edge;
pub mod embedding;
mod error;
pub mod filter;
pub mod lineage;
pub mod listing;
pub mod neighbours;
pub mod node;
pub mod search;
mod text;

pub use error::GraphError;
pub use text::content;

use wardgraph_store::StatementInfo;

/// Every statement of this room.
pub const STATEMENTS: &[&[&StatementInfo]] = &[
    node::STATEMENTS,
    listing::STATEMENTS,
    edge::STATEMENTS,
    neighbours::STATEMENTS,
    lineage::STATEMENTS,
    search::STATEMENTS,
    embedding::STATEMENTS,
];
