//! The worker: does what is due, tenant by tenant: giving nodes their vectors, and keeping the tiers of search.
//!
//! Refuses to know: HTTP.

mod embedding;
mod tiers;

pub use embedding::{EmbeddingWorker, WorkerOptions};
pub use tiers::{TierKeeper, TierOptions};
