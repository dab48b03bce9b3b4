//! The asynchronous facade that the rest of the server embeds through.

use std::time::Duration;

use async_trait::async_trait;
use wardgraph_kernel::TenantId;

use crate::{EmbedError, ModelId};

/// Turns texts into vectors of one model, without blocking the caller's thread.
#[async_trait]
pub trait Embedder: Send + Sync + std::fmt::Debug {
    /// The model whose vectors these are. Compare vectors only when their models are equal.
    fn model(&self) -> &ModelId;

    /// How many components each vector has.
    fn dimension(&self) -> usize;

    /// One vector per text, in the order of the texts, each of length 1 (so that a dot product is the cosine).
    ///
    /// Dropping the future gives the rest of the work up. There is no time limit here: wrap the future in the caller's.
    ///
    /// # Errors
    /// [`EmbedError::Busy`] at once when the lane is full, or the tenant's share of it; [`EmbedError::Model`] when the model fails, for all the texts
    /// together; [`EmbedError::Stopped`] when the embedder shuts down before it answers; [`EmbedError::Resting`] at once while a service is left alone.
    async fn embed(&self, texts: Vec<String>, lane: Lane) -> Result<Vec<Vec<f32>>, EmbedError>;

    /// How long documents had better wait, as a service is left alone that was away; `None` where they may be embedded, as by any model that runs
    /// here. Whoever asks for them all the same is refused at once.
    fn resting(&self) -> Option<Duration> {
        None
    }
}

/// How urgent a request is. Each lane has a queue of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Someone of this tenant waits for the answer: served before every document, in turns between the tenants.
    Query(TenantId),
    /// Bulk work: served when no query waits, in turns between the requests.
    Document,
}

/// The lane of a tenant's queries.
#[cfg(test)]
pub(crate) fn query(tenant: &str) -> Lane {
    Lane::Query(TenantId::parse(tenant).unwrap())
}
