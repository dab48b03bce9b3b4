//! The worker: does what is due, tenant by tenant. Today that is giving nodes their vectors, and erasing
//! deleted ones.
//!
//! Refuses to know: HTTP.

mod embedding;
mod purge;

pub use embedding::{EmbeddingWorker, WorkerOptions};
pub use purge::PurgeWorker;
