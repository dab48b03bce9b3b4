//! Texts become vectors.
//!
//! The room offers one asynchronous facade, [`Embedder`]. Two models run here, on threads of the room's own and from
//! files on disk, so that nothing is sent anywhere: [`open()`] gives the embedder of a [`ModelKind`], and [`LocalPool`] runs
//! any [`Model`], so that a test can bring a model of three lines. [`RemoteEmbedder`] asks a service that the operator
//! named instead. All three pass one suite of tests (`conformance.rs`).
//!
//! What it refuses to know: Postgres (who stores the vectors, and where), who asks over HTTP, and the configuration (its
//! values are handed in). Tenants it knows by name alone: those whose queries wait take turns, and have shares. It does not chunk texts either: a text longer than a model reads is cut, not
//! split.
//!
//! **Invariant:** a vector depends on its text and the model alone, never on the texts it was embedded with: embedding a
//! text again gives the same vector, bit for bit on one machine, whoever asks and however much is asked at once.
//! `a_vector_is_the_same_alone_and_in_company` holds it. A service is trusted to do the same, within its own rounding.

mod clip;
mod error;
mod files;
mod mean;
mod minilm;
mod model;
mod open;
mod pool;
mod provider;
mod queue;
mod remote;
mod request;
mod room;
mod static_words;
mod turns;

pub use error::EmbedError;
pub use minilm::MiniLm;
pub use model::{MicroBatch, Model, ModelId};
pub use open::{ModelKind, UnknownModel, open};
pub use pool::{Limits, LocalPool};
pub use provider::{Embedder, Lane};
pub use remote::{Endpoint, EndpointError, RemoteEmbedder, RemoteOptions};
pub use static_words::StaticWords;

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod tests;
