//! The vectors of recent queries, so that a text that is asked again need not go through the model.
//!
//! An entry belongs to one tenant: how fast a search is answered tells nobody what others ask.

use std::sync::Arc;

use moka::{policy::EvictionPolicy, sync::Cache};
use wardgraph_embed::Embedder;
use wardgraph_graph::{GraphError, search::query_vector};
use wardgraph_kernel::TenantId;

/// How much is remembered in all, in octets.
const MOST_BYTES: u64 = 16 << 20;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Asked {
    tenant: TenantId,
    model: String,
    text: String,
}

/// The vectors of recent queries; the least recently used make room.
#[derive(Debug, Clone)]
pub struct QueryVectors(Cache<Asked, Arc<[f32]>>);

impl Default for QueryVectors {
    fn default() -> Self {
        let bytes = |asked: &Asked, vector: &Arc<[f32]>| {
            let all = 200 + asked.text.len() + asked.model.len() + size_of_val(&**vector);
            u32::try_from(all).unwrap_or(u32::MAX)
        };
        Self(Cache::builder().max_capacity(MOST_BYTES).weigher(bytes).eviction_policy(EvictionPolicy::lru()).build())
    }
}

impl QueryVectors {
    /// The vector of the tenant's query: the one that was given, else the one that is remembered, else the model's.
    pub(crate) async fn of(
        &self,
        tenant: &TenantId,
        embedder: &dyn Embedder,
        given: Option<Vec<f32>>,
        text: Option<&str>,
    ) -> Result<Vec<f32>, GraphError> {
        let (None, Some(text)) = (&given, text) else { return query_vector(embedder, given, text).await };
        let asked = Asked { tenant: tenant.clone(), model: embedder.model().to_string(), text: text.to_owned() };
        let remembered = self.0.get(&asked);
        let outcome = if remembered.is_some() { "hit" } else { "miss" };
        metrics::counter!("wardgraph_query_vectors_total", "outcome" => outcome).increment(1);
        if let Some(vector) = remembered {
            return Ok(vector.to_vec());
        }
        let vector = query_vector(embedder, None, Some(text)).await?;
        self.0.insert(asked, vector.clone().into());
        Ok(vector)
    }
}
