//! The graph: nodes, edges, search, and the queue of nodes that wait for their vector.
//!
//! Domain functions take a transaction, input, time and chance, and give domain values.
//! Refuses to know: HTTP, configuration, the pool.

mod bound;
mod clean;
pub mod edge;
pub mod embedding;
mod error;
pub mod filter;
pub mod lineage;
pub mod listing;
pub mod neighbours;
pub mod node;
pub mod purge;
pub mod search;
mod text;
pub mod tiers;
mod upsert;

pub use error::GraphError;
pub use text::content;
pub use upsert::{There, upsert, upsert_all};

use wardgraph_store::StatementInfo;

/// Every statement of this room, but for those of [`search::Searches`], which are made for a model.
pub const STATEMENTS: &[&[&StatementInfo]] = &[
    node::STATEMENTS,
    node::PRUNE_STATEMENTS,
    node::REPLACE_STATEMENTS,
    node::VERSION_STATEMENTS,
    node::DELETE_STATEMENTS,
    node::DELETED_STATEMENTS,
    node::SHARED_STATEMENTS,
    purge::STATEMENTS,
    listing::STATEMENTS,
    edge::STATEMENTS,
    edge::CLEARING,
    edge::UPSERT_STATEMENTS,
    neighbours::STATEMENTS,
    lineage::STATEMENTS,
    embedding::STATEMENTS,
    tiers::STATEMENTS,
    search::STATEMENTS,
];
