//! The worker: does what is due, tenant by tenant: giving nodes their vectors, keeping the tiers of search, erasing deleted nodes, and
//! forgetting answers that were kept long enough.
//!
//! Refuses to know: HTTP.

mod embedding;
mod forget;
mod purge;
mod tiers;

pub use embedding::{EmbeddingWorker, WorkerOptions};
pub use forget::ForgettingWorker;
pub use purge::PurgeWorker;
pub use tiers::{TierKeeper, TierOptions};
