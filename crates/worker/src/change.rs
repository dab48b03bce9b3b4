//! Moving tenants from one embedding model to another, some nodes at a time.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::json;
use tokio::sync::watch;
use uuid::Uuid;
use wardgraph_audit::Entry;
use wardgraph_embed::ModelId;
use wardgraph_gate::{StoreError, SystemParts, SystemWork};
use wardgraph_graph::embedding::{self, Backlog, Server};
use wardgraph_kernel::{EventType, NodeId, Outcome, Owner, Read, Timestamp, Write, metric};

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
    backlog: Backlog,
    most_waiting: i64,
    /// The tenant after which the next look begins, how many are behind, and how far each tenant's nodes were looked at.
    places: Arc<Mutex<Places>>,
}

#[derive(Debug, Default)]
struct Places {
    after: String,
    behind: Option<i64>,
    backlog_after: String,
    nodes: BTreeMap<Owner, Place>,
}

/// How far a tenant's nodes were looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Place {
    after: Option<Uuid>,
    /// Whether a node that was met in this round waits for its vector.
    missing: bool,
    /// Whether a whole round met none that waits.
    whole: bool,
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

    /// How many tenants still have vectors of other models; `None` before it was first looked.
    pub fn behind(&self) -> Option<i64> {
        self.places().behind
    }

    /// Beats and moves until `stop` says true. However long a step takes, the beat goes on.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        // Nothing moves before it is known whether this server's model is the wanted one.
        while let Err(error) = self.beat().await {
            tracing::warn!(%error, "the other servers could not be told that this one lives; trying again");
            if rest(BEAT, &mut stop).await {
                return;
            }
        }
        tokio::join!(self.beats(stop.clone()), self.steps(stop));
    }

    async fn beats(&self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            if let Err(error) = self.beat().await {
                tracing::warn!(%error, "the other servers could not be told that this one lives; trying again");
            }
            if let Err(error) = self.look().await {
                tracing::warn!(%error, "the lengths of the queues could not be looked at; trying again");
            }
            rest(BEAT, &mut stop).await;
        }
    }

    async fn steps(&self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let pause = match self.step().await {
                Ok(true) => Duration::from_millis(200),
                Ok(false) => BEAT,
                Err(error) => {
                    tracing::warn!(%error, "the change of the embedding model could not be worked; trying again");
                    BEAT
                }
            };
            rest(pause, &mut stop).await;
        }
    }

    /// Beats, looks and steps once. Returns whether something moved.
    pub async fn turn(&self) -> Result<bool, StoreError> {
        self.beat().await?;
        self.look().await?;
        self.step().await
    }

    /// Says that this server lives, and decides whose model is wanted. Times are of the servers' clocks, which agree to much less than
    /// [`ALIVE`].
    async fn beat(&self) -> Result<(), StoreError> {
        let model = &self.server.model;
        let mut queue = self.parts.queue()?;
        let now = self.parts.clock.now();
        embedding::beat(&mut queue.tx::<Write>(), &self.server, self.started_at, now, self.since(REMEMBERED)).await?;
        let servers = embedding::servers(&mut queue.tx::<Read>(), self.since(ALIVE)).await?;
        queue.commit(&[]).await?;
        let wanted = servers.iter().find(|server| server.works).is_none_or(|server| server.model == *model);
        self.duty.set(wanted);
        metric::EMBEDDING_ON_DUTY.of_configured(model).set(if wanted { 1.0 } else { 0.0 });
        Ok(())
    }

    /// Looks which tenants have as much in the queue as they may.
    async fn look(&self) -> Result<(), StoreError> {
        let after = self.places().backlog_after.clone();
        let mut queue = self.parts.queue()?;
        let after = self.backlog.look(&mut queue.tx::<Read>(), &after, self.most_waiting).await?;
        queue.commit(&[]).await?;
        self.places().backlog_after = after;
        Ok(())
    }

    /// Moves the next tenants a step.
    async fn step(&self) -> Result<bool, StoreError> {
        let model = &self.server.model;
        let after = std::mem::take(&mut self.places().after);
        let mut queue = self.parts.queue()?;
        let behind = embedding::behind(&mut queue.tx::<Read>(), model, &after, TENANTS).await?;
        queue.commit(&[]).await?;
        self.places().behind = Some(behind.count);
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
        metric::EMBEDDING_TENANTS_BEHIND.of_configured(model).set(behind.count as f64);
        // A short list was the last one: the next look begins anew.
        if i64::try_from(behind.owners.len()) == Ok(TENANTS) {
            self.places().after = behind.owners.last().map(ToString::to_string).unwrap_or_default();
        }
        // One tenant's trouble is no other's.
        let mut moved = Ok(false);
        for owner in &behind.owners {
            if !self.duty.is_on() || !self.server.works {
                break;
            }
            match self.owner(owner).await {
                Ok(one) => moved = moved.map(|any| any || one),
                Err(error) => moved = Err(error),
            }
        }
        moved
    }

    /// One step of one tenant, or of the shared nodes.
    async fn owner(&self, owner: &Owner) -> Result<bool, StoreError> {
        let model = self.server.model.as_str();
        let mut work = self.parts.work::<Write>(WHY, owner.clone())?;
        let now = work.now();
        let Some(found) = embedding::take(&mut work.tx(), model).await? else {
            work.commit(Vec::new()).await?;
            self.places().nodes.remove(owner);
            return Ok(false);
        };
        let mut entries = Vec::new();
        let begins = found.towards.as_deref() != Some(model);
        if begins {
            embedding::begin_move(&mut work.tx(), model).await?;
            entries.push(entry(EventType::EmbeddingChangeBegun, json!({ "from": found.from, "to": model })));
        }
        let mut place = self.places().nodes.get(owner).copied().unwrap_or_default();
        let (mut moved, mut revived) = (begins, found.revived && !begins);
        if !revived {
            let (count, ended) = embedding::revive(&mut work.tx(), now, (NODES, WAITING)).await?;
            moved |= count > 0;
            revived = ended;
        }
        if !place.whole {
            let queued = embedding::queue_missing(&mut work.tx(), model, place.after, (NODES, WAITING), now).await?;
            metric::EMBEDDING_REQUEUED_NODES.of([]).increment(queued.count.unsigned_abs());
            moved |= queued.count > 0 || !queued.ended && queued.last.is_some();
            let missing = place.missing || queued.missing;
            place = if queued.ended {
                Place { whole: !missing, ..Place::default() }
            } else {
                Place { after: queued.last.or(place.after), missing, whole: false }
            };
        }
        // Nothing goes, and nothing ends, before everything that was given up has had its chance.
        if place.whole && revived {
            // Until nothing is left to remove; then whatever was made since is looked at.
            place.whole = self.remove(&mut work, &mut entries).await?;
            moved |= place.whole;
        }
        work.commit(entries).await?;
        if place == Place::default() {
            self.places().nodes.remove(owner);
        } else {
            self.places().nodes.insert(owner.clone(), place);
        }
        Ok(moved)
    }

    /// Removes what nobody searches any more. Returns whether there may be more.
    async fn remove(&self, work: &mut SystemWork<Write>, entries: &mut Vec<Entry>) -> Result<bool, StoreError> {
        let model = self.server.model.as_str();
        let servers = embedding::servers(&mut work.tx(), self.since(ALIVE)).await?;
        let searched: Vec<String> = servers.into_iter().map(|server| server.model).filter(|searched| searched != model).collect();
        let removed = embedding::remove_old(&mut work.tx(), model, &searched, REMOVED).await?;
        metric::EMBEDDING_VECTORS_REMOVED.of([]).increment(removed as u64);
        // A server of another model may be keeping a vector just now: the end waits until none lives.
        if searched.is_empty() && embedding::end_move(&mut work.tx(), model).await? {
            entries.push(entry(EventType::EmbeddingChanged, json!({ "to": model })));
            return Ok(false);
        }
        Ok(removed > 0)
    }

    fn since(&self, age: Duration) -> Timestamp {
        self.parts.clock.now().saturating_sub(age).unwrap_or(Timestamp::MIN)
    }

    fn places(&self) -> std::sync::MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for `pause`, or until `stop` says true; returns whether it does.
async fn rest(pause: Duration, stop: &mut watch::Receiver<bool>) -> bool {
    tokio::select! {
        () = tokio::time::sleep(pause) => false,
        _ = stop.wait_for(|stop| *stop) => true,
    }
}

const fn entry(event_type: EventType, payload: serde_json::Value) -> Entry {
    Entry { event_type, subject: None, outcome: Outcome::Success, payload }
}
