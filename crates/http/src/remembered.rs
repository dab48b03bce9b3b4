//! The vectors of recent queries, so that a text that is asked again need not go through the model.
//!
//! An entry belongs to one actor of one tenant: how fast a search is answered tells nobody what others ask, colleagues included. Of the memory
//! each tenant has a part, so that none has what the others asked forgotten (ADR 61).

use std::{sync::Arc, time::Duration};

use sha2::{Digest, Sha256};
use wardgraph_embed::{Embedder, ModelId};
use wardgraph_graph::{GraphError, search::query_vector};
use wardgraph_kernel::{Actor, TenantId, metric};
use wardgraph_shares::{Kept, Room, Shared};

/// How much is remembered, in octets, and for how long after it was asked last.
const ROOM: Room = Room { all: 16 << 20, each: 4 << 20, kept: Kept::Idle(Duration::from_hours(1)) };
/// What an entry takes besides its vector.
const BESIDES: usize = 500;

/// Whose search it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asker<'a> {
    /// The tenant.
    pub(crate) tenant: &'a TenantId,
    /// Who issued the credential: an actor is unique within its issuer only.
    pub(crate) issuer: &'a str,
    /// Who asks.
    pub(crate) actor: &'a Actor,
}

/// What was asked, of which model and by whom: a hash, so that no text is kept and all weigh the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Asked {
    tenant: TenantId,
    digest: [u8; 32],
}

impl Asked {
    fn of(who: Asker<'_>, model: &ModelId, text: &str) -> Self {
        let mut hash = Sha256::new();
        for part in [who.issuer, who.actor.kind.word(), &who.actor.id, model.as_str(), text] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        Self { tenant: who.tenant.clone(), digest: hash.finalize().into() }
    }
}

/// The vectors of recent queries; those of a tenant that has too many make room, the earliest first.
#[derive(Debug, Clone)]
pub struct QueryVectors(Shared<Asked, Vec<f32>, TenantId>);

impl Default for QueryVectors {
    fn default() -> Self {
        let weigh = |vector: &Vec<f32>| u32::try_from(BESIDES + size_of_val(vector.as_slice())).unwrap_or(u32::MAX);
        Self(Shared::new(ROOM, |asked, _| asked.tenant.clone(), weigh))
    }
}

impl QueryVectors {
    /// The vector of a query: the one that was given, else the one that is remembered, else the model's.
    pub(crate) async fn of(
        &self,
        who: Asker<'_>,
        embedder: &dyn Embedder,
        given: Option<Vec<f32>>,
        text: Option<&str>,
    ) -> Result<Vec<f32>, GraphError> {
        let (None, Some(text)) = (&given, text) else { return query_vector(embedder, who.tenant, given, text).await };
        let asked = Asked::of(who, embedder.model(), text);
        let remembered = self.0.get(&asked);
        let outcome = if remembered.is_some() { "hit" } else { "miss" };
        metric::QUERY_VECTORS.of([outcome]).increment(1);
        if let Some(vector) = remembered {
            return Ok(vector.to_vec());
        }
        let vector = query_vector(embedder, who.tenant, None, Some(text)).await?;
        self.0.insert(asked, Arc::new(vector.clone()));
        Ok(vector)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use wardgraph_embed::{EmbedError, Lane};
    use wardgraph_kernel::ActorType;

    use super::*;

    /// Counts how often it is asked.
    #[derive(Debug)]
    struct Counting(ModelId, AtomicU32);

    impl Counting {
        fn named(name: &'static str) -> Self {
            Self(ModelId::new(name), AtomicU32::new(0))
        }

        fn asked(&self) -> u32 {
            self.1.load(Ordering::SeqCst)
        }
    }

    #[async_trait::async_trait]
    impl Embedder for Counting {
        fn model(&self) -> &ModelId {
            &self.0
        }

        fn dimension(&self) -> usize {
            256
        }

        async fn embed(&self, texts: Vec<String>, _: Lane) -> Result<Vec<Vec<f32>>, EmbedError> {
            self.1.fetch_add(1, Ordering::SeqCst);
            if texts.iter().any(|text| text == "busy") {
                return Err(EmbedError::Busy);
            }
            Ok(texts.iter().map(|_| vec![1.0; 256]).collect())
        }
    }

    fn tenant(id: &str) -> TenantId {
        TenantId::parse(id).unwrap()
    }

    fn actor(id: &str) -> Actor {
        Actor { kind: ActorType::User, id: id.into() }
    }

    #[tokio::test]
    async fn a_query_goes_through_the_model_once_for_each_who_asks_and_each_model() {
        let queries = QueryVectors::default();
        let models = ["one", "two"].map(Counting::named);
        let (tenants, actors) = (["tenant-a", "tenant-b"].map(tenant), ["somebody", "a-colleague"].map(actor));
        for model in &models {
            for tenant in &tenants {
                for (issuer, actor) in [("own", &actors[0]), ("own", &actors[1]), ("outside", &actors[0])] {
                    let asker = Asker { tenant, issuer, actor };
                    let before = model.asked();
                    for _ in 0..3 {
                        queries.of(asker, model, None, Some("words")).await.unwrap();
                    }
                    assert_eq!(model.asked(), before + 1, "what {tenant}'s others asked is not to be told by {asker:?}");
                    queries.of(asker, model, None, Some("other words")).await.unwrap();
                    assert_eq!(model.asked(), before + 2);
                }
            }
        }
        // A ready vector is nobody's text, and a failure is not remembered.
        let ([model, _], [tenant, _], [actor, _]) = (&models, &tenants, &actors);
        let (asker, before) = (Asker { tenant, issuer: "own", actor }, model.asked());
        queries.of(asker, model, Some(vec![3.0; 256]), Some("words")).await.unwrap();
        assert_eq!(model.asked(), before);
        for _ in 0..2 {
            assert!(queries.of(asker, model, None, Some("busy")).await.is_err());
        }
        assert_eq!(model.asked(), before + 2);
    }

    #[tokio::test]
    async fn a_tenant_that_asks_without_end_has_its_own_queries_forgotten() {
        let (queries, model) = (QueryVectors::default(), Counting::named("one"));
        let (neighbour, hostile, actor) = (tenant("tenant-a"), tenant("tenant-b"), actor("somebody"));
        let [neighbour, hostile] = [&neighbour, &hostile].map(|tenant| Asker { tenant, issuer: "own", actor: &actor });
        for n in 0..100 {
            queries.of(neighbour, &model, None, Some(&n.to_string())).await.unwrap();
        }
        for n in 0..20_000 {
            queries.of(hostile, &model, None, Some(&format!("{n} {}", "\u{1f980}".repeat(500)))).await.unwrap();
        }
        let before = model.asked();
        for n in 0..100 {
            queries.of(neighbour, &model, None, Some(&n.to_string())).await.unwrap();
        }
        assert_eq!(model.asked(), before, "the neighbour's are there");
        for n in 0..2_000 {
            queries.of(hostile, &model, None, Some(&format!("{n} {}", "\u{1f980}".repeat(500)))).await.unwrap();
        }
        assert_eq!(model.asked(), before + 2_000, "its own first ones are not");
    }
}
