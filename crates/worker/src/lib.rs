//! The worker: does what is due, tenant by tenant. Today that is giving nodes their vectors, and forgetting
//! answers that were kept long enough.
//!
//! Refuses to know: HTTP.

mod embedding;
mod forget;

pub use embedding::{EmbeddingWorker, WorkerOptions};
pub use forget::ForgettingWorker;
