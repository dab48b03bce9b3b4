//! Moving tenants from one embedding model to another, some nodes at a time.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use serde_json::json;
use tokio::sync::watch;
use uuid::Uuid;
use wardgraph_audit::Entry;
use wardgraph_embed::ModelId;
use wardgraph_gate::{StoreError, SystemParts, SystemWork};
use wardgraph_graph::embedding::{self, Backlog, Server};
use wardgraph_kernel::{EventType, NodeId, Outcome, Read, TenantId, Timestamp, Write};

use crate::Duty;

/// The actor of this work's events.
const WHY: &str = "embedding model change";
/// A server that was not seen for this long lives no more.
pub const ALIVE: Duration = Duration::from_mins(1);
/// How long dead servers are remembered.
const REMEMBERED: Duration = Duration::from_hours(24);
/// How often a server says that it lives, and looks for what is to be moved.
const BEAT: Duration = Duration::from_secs(5);
/// Tenants of one look.
const TENANTS: i64 = 64;
/// Nodes that are looked at in one transaction.
const NODES: i64 = 500;
/// No more are queued while this many jobs of the tenant wait: what its users write now must not wait behind all that they ever wrote.
const WAITING: i64 = 1_000;
/// Vectors that are removed in one transaction.
const REMOVED: i64 = 2_000;

/// Says that this server lives, and moves tenants to its model while that is the wanted one.
#[derive(Debug, Clone)]
pub struct ModelKeeper {
    parts: SystemParts,
    server: Server,
    started_at: Timestamp,
    duty: Duty,
    behind: Arc<AtomicI64>,
    backlog: Backlog,
    most_waiting: i64,
    /// The tenant after which the next look begins, and how far each tenant's nodes were looked at.
    places: Arc<Mutex<Places>>,
}

#[derive(Debug, Default)]
struct Places {
    after: String,
    backlog_after: String,
    nodes: BTreeMap<TenantId, Option<Uuid>>,
}

impl ModelKeeper {
    /// A keeper of `model` for a server that starts now and works the queue, or does not.
    pub fn new(parts: SystemParts, model: &ModelId, works: bool) -> Self {
        let started_at = parts.clock.now();
        let id = NodeId::new(started_at, &*parts.chance).uuid();
        let server = Server { id, model: model.to_string(), works };
        Self {
            parts,
            server,
            started_at,
            duty: Duty::default(),
            behind: Arc::default(),
            backlog: Backlog::default(),
            most_waiting: i64::MAX,
            places: Arc::default(),
        }
    }

    /// The same keeper, which keeps in `backlog` the tenants with `most_waiting` jobs or more.
    #[must_use]
    pub fn with_backlog(self, backlog: Backlog, most_waiting: i64) -> Self {
        Self { backlog, most_waiting, ..self }
    }

    /// Whether the workers of this server are to work.
    pub fn duty(&self) -> Duty {
        self.duty.clone()
    }

    /// How many tenants still have vectors of other models.
    pub fn behind(&self) -> i64 {
        self.behind.load(Ordering::Relaxed)
    }

    /// Beats and moves until `stop` says true.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let pause = match self.turn().await {
                Ok(true) => Duration::from_millis(200),
                Ok(false) => BEAT,
                Err(error) => {
                    tracing::warn!(%error, "the change of the embedding model could not be worked; trying again");
                    BEAT
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
        }
    }

    /// Beats, decides whose model is wanted, and moves the next tenants a step. Returns whether something moved.
    pub async fn turn(&self) -> Result<bool, StoreError> {
        let now = self.parts.clock.now();
        let since = |age: Duration| now.saturating_sub(age).unwrap_or(Timestamp::MIN);
        let mut queue = self.parts.queue()?;
        embedding::beat(&mut queue.tx::<Write>(), &self.server, self.started_at, now, since(REMEMBERED)).await?;
        let servers = embedding::servers(&mut queue.tx::<Read>(), since(ALIVE)).await?;
        let model = &self.server.model;
        let after = std::mem::take(&mut self.places().after);
        let behind = embedding::behind(&mut queue.tx::<Read>(), model, &after, TENANTS).await?;
        let after = self.places().backlog_after.clone();
        let after = self.backlog.look(&mut queue.tx::<Read>(), &after, self.most_waiting).await?;
        self.places().backlog_after = after;
        queue.commit(&[]).await?;
        let wanted = servers.iter().find(|server| server.works).is_none_or(|server| server.model == *model);
        self.duty.set(wanted);
        self.behind.store(behind.count, Ordering::Relaxed);
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
        metrics::gauge!("wardgraph_embedding_tenants_behind", "model" => model.clone()).set(behind.count as f64);
        metrics::gauge!("wardgraph_embedding_on_duty", "model" => model.clone()).set(if wanted { 1.0 } else { 0.0 });
        if !wanted || !self.server.works {
            return Ok(false);
        }
        let searched: Vec<String> = servers.into_iter().map(|server| server.model).filter(|searched| searched != model).collect();
        let mut moved = false;
        for tenant in &behind.tenants {
            moved |= self.tenant(tenant, &searched).await?;
        }
        // A short list was the last one: the next look begins anew.
        if i64::try_from(behind.tenants.len()) == Ok(TENANTS) {
            self.places().after = behind.tenants.last().map(ToString::to_string).unwrap_or_default();
        }
        Ok(moved)
    }

    /// One step of one tenant.
    async fn tenant(&self, tenant: &TenantId, searched: &[String]) -> Result<bool, StoreError> {
        let model = self.server.model.as_str();
        let mut work = self.parts.work::<Write>(WHY, tenant.clone())?;
        let now = work.now();
        let Some(found) = embedding::take(&mut work.tx(), model).await? else {
            work.commit(Vec::new()).await?;
            return Ok(false);
        };
        let mut entries = Vec::new();
        let begins = found.towards.as_deref() != Some(model);
        if begins {
            embedding::begin_move(&mut work.tx(), model).await?;
            embedding::revive(&mut work.tx(), now, NODES).await?;
            entries.push(entry(EventType::EmbeddingChangeBegun, json!({ "from": found.from, "to": model })));
        }
        let after = self.places().nodes.get(tenant).copied().flatten();
        let queued = embedding::queue_missing(&mut work.tx(), model, after, (NODES, WAITING), now).await?;
        metrics::counter!("wardgraph_embedding_requeued_total").increment(queued.count.unsigned_abs());
        let place = if queued.ended { None } else { queued.last.or(after) };
        self.places().nodes.insert(tenant.clone(), place);
        let mut moved = begins || queued.count > 0 || !queued.ended && queued.last.is_some();
        if queued.ended && queued.count == 0 {
            moved |= self.remove(&mut work, searched, &mut entries).await?;
        }
        work.commit(entries).await?;
        Ok(moved)
    }

    /// Removes what nobody searches any more, once no node lacks its new vector.
    async fn remove(
        &self,
        work: &mut SystemWork<Write>,
        searched: &[String],
        entries: &mut Vec<Entry>,
    ) -> Result<bool, StoreError> {
        let model = self.server.model.as_str();
        if embedding::has_missing(&mut work.tx(), model).await? {
            return Ok(false);
        }
        let removed = embedding::remove_old(&mut work.tx(), model, searched, REMOVED).await?;
        metrics::counter!("wardgraph_embedding_vectors_removed_total").increment(removed as u64);
        // A server of another model may be keeping a vector just now: the end waits until none lives.
        if searched.is_empty() && embedding::end_move(&mut work.tx(), model).await? {
            entries.push(entry(EventType::EmbeddingChanged, json!({ "to": model })));
        }
        Ok(removed > 0)
    }

    fn places(&self) -> std::sync::MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const fn entry(event_type: EventType, payload: serde_json::Value) -> Entry {
    Entry { event_type, subject: None, outcome: Outcome::Success, payload }
}
