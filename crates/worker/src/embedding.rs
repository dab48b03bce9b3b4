//! Giving nodes their vectors: claim, read the texts, embed, keep.
//!
//! The three steps are three transactions, so that no connection is held while the model works. A claim is a lease: a worker that dies
//! leaves jobs that fall due again.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde_json::json;
use wardgraph_audit::{Entry, Subject};
use wardgraph_embed::{EmbedError, Embedder, Lane};
use wardgraph_gate::{StoreError, SystemParts};
use wardgraph_graph::embedding::{self, Claim, MOST_ATTEMPTS, MOST_CLAIMS};
use wardgraph_kernel::{EventType, NodeId, Outcome, Read, TenantId, Timestamp, Write};

/// The actor of this work's events.
const WHY: &str = "embedding worker";

/// How the worker works.
#[derive(Debug, Clone, Copy)]
pub struct WorkerOptions {
    /// How many jobs are claimed at once.
    pub batch: i64,
    /// How long a claim holds: longer than a batch can take.
    pub lease: Duration,
    /// How long to wait when nothing is due.
    pub idle: Duration,
}

impl Default for WorkerOptions {
    fn default() -> Self {
        Self { batch: 64, lease: Duration::from_mins(3), idle: Duration::from_millis(250) }
    }
}

/// Works the embedding queue. Any number of them may run, in any number of servers.
#[derive(Debug, Clone)]
pub struct EmbeddingWorker {
    parts: SystemParts,
    embedder: Arc<dyn Embedder>,
    options: WorkerOptions,
}

impl EmbeddingWorker {
    /// A worker that has not begun.
    pub const fn new(parts: SystemParts, embedder: Arc<dyn Embedder>, options: WorkerOptions) -> Self {
        Self { parts, embedder, options }
    }

    /// Works until the task is dropped. What is not finished by then falls due again.
    pub async fn run(self) {
        loop {
            match self.turn().await {
                Ok(0) => tokio::time::sleep(self.options.idle).await,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "the embedding queue could not be worked; trying again");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }

    /// Works one batch. Returns how many jobs were claimed.
    pub async fn turn(&self) -> Result<usize, StoreError> {
        let mut queue = self.parts.queue()?;
        let now = self.parts.clock.now();
        let claims = embedding::claim(&mut queue.tx::<Write>(), self.options.batch, now, self.options.lease).await?;
        queue.commit(&[]).await?;
        let claimed = claims.len();
        let mut by_tenant = BTreeMap::<TenantId, Vec<Claim>>::new();
        for claim in claims {
            by_tenant.entry(claim.tenant.clone()).or_default().push(claim);
        }
        // One tenant's trouble is no other's: its claims fall due again with the lease.
        let mut trouble = Ok(claimed);
        for (tenant, claims) in by_tenant {
            if let Err(error) = self.tenant(tenant, claims).await {
                trouble = Err(error);
            }
        }
        trouble
    }

    /// Counts what waits and what was given up, for metrics.
    pub async fn measure(&self) -> Result<(), StoreError> {
        let mut queue = self.parts.queue()?;
        let (waiting, dead) = embedding::depth(&mut queue.tx::<Read>()).await?;
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; queues of 2^52 jobs are not met")]
        for (state, jobs) in [("waiting", waiting), ("dead", dead)] {
            metrics::gauge!("wardgraph_embedding_jobs", "state" => state).set(jobs as f64);
        }
        queue.commit(&[]).await
    }

    async fn tenant(&self, tenant: TenantId, claims: Vec<Claim>) -> Result<(), StoreError> {
        let nodes: Vec<NodeId> = claims.iter().map(|claim| claim.node).collect();
        let mut reading = self.parts.work::<Read>(WHY, tenant.clone())?;
        let texts: BTreeMap<NodeId, String> = embedding::texts(&mut reading.tx(), &nodes).await?.into_iter().collect();
        drop(reading);
        let (there, gone): (Vec<Claim>, Vec<Claim>) = claims.into_iter().partition(|claim| texts.contains_key(&claim.node));
        let (deadly, there): (Vec<Claim>, Vec<Claim>) = there.into_iter().partition(|claim| claim.attempt > MOST_CLAIMS);
        let (done, mut failed) = self.embed(there, &texts).await;
        if !deadly.is_empty() {
            failed.push((deadly, EmbedError::model("claimed too often, and never finished")));
        }
        let work = self.parts.work::<Write>(WHY, tenant)?;
        self.keep(work, &gone, done, failed).await
    }

    /// Embeds together, and one by one if that fails, so that one bad text does not hold up the others.
    async fn embed(
        &self,
        claims: Vec<Claim>,
        texts: &BTreeMap<NodeId, String>,
    ) -> (Vec<(Claim, Vec<f32>)>, Vec<(Vec<Claim>, EmbedError)>) {
        let text = |claim: &Claim| texts.get(&claim.node).cloned().unwrap_or_default();
        match self.embedder.embed(claims.iter().map(text).collect(), Lane::Document).await {
            Ok(vectors) => return (claims.into_iter().zip(vectors).collect(), Vec::new()),
            Err(error) if error.may_be_the_texts_fault() => {}
            // Nor would one by one help.
            Err(error) => return (Vec::new(), vec![(claims, error)]),
        }
        let (mut done, mut failed) = (Vec::new(), Vec::new());
        for claim in claims {
            match self.embedder.embed(vec![text(&claim)], Lane::Document).await {
                Ok(vectors) => done.extend(vectors.into_iter().next().map(|vector| (claim, vector))),
                Err(error) => failed.push((vec![claim], error)),
            }
        }
        (done, failed)
    }

    async fn keep(
        &self,
        mut work: wardgraph_gate::SystemWork<Write>,
        gone: &[Claim],
        done: Vec<(Claim, Vec<f32>)>,
        failed: Vec<(Vec<Claim>, EmbedError)>,
    ) -> Result<(), StoreError> {
        let (now, model) = (work.now(), self.embedder.model().as_str());
        let mut entries = Vec::new();
        if !gone.is_empty() {
            let nodes: Vec<_> = gone.iter().map(|claim| claim.node).collect();
            embedding::drop_jobs(&mut work.tx(), &nodes).await?;
        }
        if !done.is_empty() {
            let ready = embedding::finish(&mut work.tx(), model, &done, now).await?;
            metrics::counter!("wardgraph_embeddings_total", "model" => model.to_owned()).increment(ready.len() as u64);
            // Claims that were lost leave nothing, and no event of nothing.
            if !ready.is_empty() {
                let payload = json!({ "model": model, "nodes": ready });
                entries.push(Entry { event_type: EventType::NodesEmbedded, subject: None, outcome: Outcome::Success, payload });
            }
        }
        for (claims, error) in failed {
            for claim in claims {
                entries.extend(self.failed(&mut work, claim, &error, now).await?);
            }
        }
        work.commit(entries).await
    }

    /// Puts a job off, or gives up on it after its last attempt. A busy model is not the text's fault.
    async fn failed(
        &self,
        work: &mut wardgraph_gate::SystemWork<Write>,
        claim: Claim,
        error: &EmbedError,
        now: Timestamp,
    ) -> Result<Option<Entry>, StoreError> {
        let its_fault = error.may_be_the_texts_fault();
        let give_up = its_fault && claim.attempt >= MOST_ATTEMPTS;
        let due = now.saturating_add(embedding::back_off(claim.attempt)).unwrap_or(Timestamp::MAX);
        tracing::warn!(%error, node = %claim.node, attempt = claim.attempt, give_up, "a node could not be embedded");
        let held = embedding::put_off(&mut work.tx(), std::slice::from_ref(&claim), due, give_up).await?;
        Ok(held.first().filter(|_| give_up).map(|node| Entry {
            event_type: EventType::EmbeddingFailed,
            subject: Some(Subject::from(*node)),
            outcome: Outcome::Failure,
            payload: json!({ "model": self.embedder.model().as_str(), "attempts": claim.attempt }),
        }))
    }
}
