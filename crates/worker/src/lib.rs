//! The worker: does what is due, tenant by tenant. Today that is giving nodes their vectors, erasing deleted ones, and
//! forgetting answers that were kept long enough.
//!
//! Refuses to know: HTTP.

mod embedding;
mod forget;
mod purge;

pub use embedding::{EmbeddingWorker, WorkerOptions};
pub use forget::ForgettingWorker;
pub use purge::PurgeWorker;
