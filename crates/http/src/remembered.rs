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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU16, Ordering};

    use wardgraph_embed::{EmbedError, Lane, ModelId};

    use super::*;

    /// Counts how often it is asked.
    #[derive(Debug)]
    struct Counting(ModelId, AtomicU16);

    #[async_trait::async_trait]
    impl Embedder for Counting {
        fn model(&self) -> &ModelId {
            &self.0
        }

        fn dimension(&self) -> usize {
            2
        }

        async fn embed(&self, texts: Vec<String>, _: Lane) -> Result<Vec<Vec<f32>>, EmbedError> {
            let asked = self.1.fetch_add(1, Ordering::SeqCst);
            if texts.iter().any(|text| text == "busy") {
                return Err(EmbedError::Busy);
            }
            Ok(texts.iter().map(|_| vec![0.0, f32::from(asked)]).collect())
        }
    }

    #[tokio::test]
    async fn a_query_goes_through_the_model_once_for_each_tenant_and_model() {
        let queries = QueryVectors::default();
        let models = [ModelId::new("one"), ModelId::new("two")].map(|id| Counting(id, AtomicU16::new(0)));
        let tenants = ["tenant-a", "tenant-b"].map(|id| TenantId::parse(id).unwrap());
        for model in &models {
            for tenant in &tenants {
                let first = queries.of(tenant, model, None, Some("words")).await.unwrap();
                assert_eq!(queries.of(tenant, model, None, Some("words")).await.unwrap(), first);
                assert_ne!(queries.of(tenant, model, None, Some("other words")).await.unwrap(), first);
            }
            assert_eq!(model.1.load(Ordering::SeqCst), 4, "two texts for each of two tenants");
        }
        // A ready vector is nobody's text, and a failure is not remembered.
        let [model, _] = &models;
        let [tenant, _] = &tenants;
        assert_eq!(queries.of(tenant, model, Some(vec![3.0, 4.0]), Some("words")).await.unwrap(), [0.6, 0.8]);
        for _ in 0..2 {
            assert!(queries.of(tenant, model, None, Some("busy")).await.is_err());
        }
        assert_eq!(model.1.load(Ordering::SeqCst), 6);
    }

    #[tokio::test]
    async fn what_is_remembered_has_a_bound() {
        let queries = QueryVectors::default();
        let (model, tenant) = (Counting(ModelId::new("one"), AtomicU16::new(0)), TenantId::parse("tenant-a").unwrap());
        for n in 0..30_000 {
            queries.of(&tenant, &model, None, Some(&format!("{n} {}", "x".repeat(1_000)))).await.unwrap();
        }
        queries.0.run_pending_tasks();
        assert!(queries.0.weighted_size() <= MOST_BYTES && queries.0.entry_count() > 1_000, "{}", queries.0.weighted_size());
    }
}
