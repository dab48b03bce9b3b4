//! The worker: does what is due, tenant by tenant. Today that is giving nodes their vectors.
//!
//! Refuses to know: HTTP.

mod embedding;

pub use embedding::{EmbeddingWorker, WorkerOptions};
