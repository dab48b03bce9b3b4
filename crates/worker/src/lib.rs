//! The worker: does what is due, tenant by tenant. Today that is giving nodes their vectors, and new ones when the model changes.
//!
//! Refuses to know: HTTP.

mod change;
mod duty;
mod embedding;

pub use change::{ALIVE, ModelKeeper};
pub use duty::Duty;
pub use embedding::{EmbeddingWorker, WorkerOptions};
