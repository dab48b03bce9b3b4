//! Giving nodes their vectors: claim, read the texts, embed, keep.
//!
//! The three steps are three transactions, so that no connection is held while the model works. A claim is a short lease, which is renewed while
//! it is worked (`lease.rs`): a worker that dies leaves jobs that fall due again, and one that stops gives them back.

mod lease;
mod sift;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::json;
use tokio::{
    sync::{oneshot, watch},
    time::Instant,
};
use wardgraph_audit::{Entry, Subject};
use wardgraph_embed::{EmbedError, Embedder, Lane};
use wardgraph_gate::{StoreError, SystemParts, SystemWork};
use wardgraph_graph::{
    embedding::{self, Claim, MOST_CLAIMS, MOST_FAULTS, MOST_MISSES, SUSPICIOUS},
    tiers,
};
use wardgraph_kernel::{EventType, NodeId, Outcome, Owner, Read, Timestamp, Write, metric};

use crate::Duty;

/// The actor of this work's events.
const WHY: &str = "embedding worker";
/// How often an empty turn looks further for tenants with due jobs before it rests.
const LOOKS: usize = 4;
/// How long the worker rests after a model could not work: doubled from the first to the second.
const REST: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));

/// How the worker works.
#[derive(Debug, Clone, Copy)]
pub struct WorkerOptions {
    /// How many jobs are claimed at once.
    pub batch: i64,
    /// How long a claim holds unless it is renewed: so long wait the jobs of a worker that was killed.
    pub lease: Duration,
    /// How long the model gets for all that was claimed at once.
    pub work: Duration,
    /// How long to wait when nothing is due.
    pub idle: Duration,
}

impl Default for WorkerOptions {
    fn default() -> Self {
        Self { batch: 256, lease: Duration::from_secs(30), work: Duration::from_secs(150), idle: Duration::from_millis(100) }
    }
}

/// Works the embedding queue. Any number of them may run, in any number of servers; clones share where they are and when they rest.
#[derive(Debug, Clone)]
pub struct EmbeddingWorker {
    parts: SystemParts,
    embedder: Arc<dyn Embedder>,
    options: WorkerOptions,
    duty: Duty,
    /// The tenant after which the next look begins.
    after: Arc<Mutex<String>>,
    /// How long to rest, while the model cannot work.
    rest: Arc<Mutex<Option<Duration>>>,
    /// How often a tenant's texts were tried in vain, one time after the other, since the model last gave anything to it.
    vain: Arc<Mutex<BTreeMap<Owner, u32>>>,
}

/// What became of some claims.
#[derive(Debug, Default)]
struct Outcomes {
    done: Vec<(Claim, Vec<f32>)>,
    /// Refused by the model, or missed while it had vectors for others.
    faulty: Vec<(Claim, EmbedError)>,
    /// Not tried, or tried in vain through no fault of theirs.
    back: Vec<Claim>,
    /// Among them is one that the model fails at: each is to be tried alone.
    doubted: Vec<Claim>,
}

/// What bounds one turn.
struct Turn<'s> {
    stop: &'s watch::Receiver<bool>,
    /// When what is left is given back.
    ends: Instant,
    /// Whether the model could not work: whatever is left is not even tried.
    in_vain: bool,
    /// Whether it gave a vector for a text that is nobody's.
    witnessed: bool,
}

impl Turn<'_> {
    fn is_over(&self) -> bool {
        self.in_vain || Instant::now() >= self.ends
    }
}

impl EmbeddingWorker {
    /// A worker that has not begun, and is always on duty.
    pub fn new(parts: SystemParts, embedder: Arc<dyn Embedder>, options: WorkerOptions) -> Self {
        Self {
            parts,
            embedder,
            options,
            duty: Duty::default(),
            after: Arc::default(),
            rest: Arc::default(),
            vain: Arc::default(),
        }
    }

    /// The same worker, resting while it is not on `duty`.
    #[must_use]
    pub fn with_duty(self, duty: Duty) -> Self {
        Self { duty, ..self }
    }

    /// Works until `stop` says true; then what was claimed is given back.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let pause = match self.turn_until(&stop).await {
                Ok(0) => self.options.idle,
                Ok(_) => self.resting().unwrap_or_default(),
                Err(error) => {
                    tracing::warn!(%error, "the embedding queue could not be worked; trying again");
                    Duration::from_secs(1)
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
        }
    }

    /// Works one batch. Returns how many jobs were claimed.
    pub async fn turn(&self) -> Result<usize, StoreError> {
        let (_stop, never) = watch::channel(false);
        self.turn_until(&never).await
    }

    /// Works one batch, or gives back what `stop` interrupts.
    pub async fn turn_until(&self, stop: &watch::Receiver<bool>) -> Result<usize, StoreError> {
        // What waits for a service that is away is not even claimed.
        if !self.duty.is_on() || self.embedder.resting().is_some() {
            return Ok(0);
        }
        let turn = Turn { stop, ends: Instant::now() + self.options.work, in_vain: false, witnessed: false };
        let claims = self.claim().await?;
        if claims.is_empty() {
            return Ok(0);
        }
        let (at_work, over) = oneshot::channel::<()>();
        let renewing = self.renew(&claims, turn.ends, over);
        let working = async {
            // On the heap: what is joined moves, and this is large.
            let worked = Box::pin(self.work_all(claims.clone(), turn)).await;
            drop(at_work);
            worked
        };
        tokio::join!(working, renewing).0
    }

    /// Works what was claimed, tenant by tenant. Returns how many jobs it was.
    async fn work_all(&self, claims: Vec<Claim>, mut turn: Turn<'_>) -> Result<usize, StoreError> {
        let claimed = claims.len();
        let mut by_owner = BTreeMap::<Owner, Vec<Claim>>::new();
        for claim in claims {
            by_owner.entry(claim.owner.clone()).or_default().push(claim);
        }
        // One tenant's trouble is no other's: its claims fall due again with the lease.
        let mut trouble = Ok(claimed);
        let mut last = None;
        for (owner, claims) in by_owner {
            let worked = if turn.is_over() {
                // The next turn begins where this one ended.
                if let Some(last) = last.take() {
                    self.look_after(last);
                }
                self.keep(&owner, &[], Outcomes { back: claims, ..Outcomes::default() }).await
            } else {
                last = Some(owner.to_string());
                self.work(owner, claims, &mut turn).await
            };
            if let Err(error) = worked {
                trouble = Err(error);
            }
        }
        trouble
    }

    /// Counts what waits and what was given up, for metrics.
    pub async fn measure(&self) -> Result<(), StoreError> {
        let mut queue = self.parts.queue()?;
        let (waiting, dead) = embedding::depth(&mut queue.tx::<Read>()).await?;
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float, and the counts are bounded")]
        for (state, jobs) in [("waiting", waiting), ("dead", dead)] {
            metric::EMBEDDING_JOBS.of([state]).set(jobs as f64);
        }
        queue.commit(&[]).await
    }

    /// The next due jobs, in turns between the tenants that have any.
    async fn claim(&self) -> Result<Vec<Claim>, StoreError> {
        let mut from_the_start = false;
        for _ in 0..LOOKS {
            let after = std::mem::take(&mut *self.after.lock().unwrap_or_else(PoisonError::into_inner));
            from_the_start |= after.is_empty();
            let (now, chance) = (self.parts.clock.now(), &*self.parts.chance);
            let mut queue = self.parts.queue()?;
            let (most, lease) = (self.options.batch, self.options.lease);
            let found = embedding::claim(&mut queue.tx::<Write>(), &after, most, now, lease, chance).await?;
            queue.commit(&[]).await?;
            let ended = found.last.is_none();
            self.look_after(found.last.unwrap_or_default());
            if !found.jobs.is_empty() || ended && from_the_start {
                return Ok(found.jobs);
            }
        }
        Ok(Vec::new())
    }

    fn look_after(&self, tenant: String) {
        *self.after.lock().unwrap_or_else(PoisonError::into_inner) = tenant;
    }

    async fn work(&self, owner: Owner, claims: Vec<Claim>, turn: &mut Turn<'_>) -> Result<(), StoreError> {
        let claims = self.bring_back(&owner, claims).await?;
        let nodes: Vec<NodeId> = claims.iter().map(|claim| claim.node).collect();
        let mut reading = self.parts.work::<Read>(WHY, owner.clone())?;
        let texts: BTreeMap<NodeId, String> = embedding::texts(&mut reading.tx(), &nodes).await?.into_iter().collect();
        drop(reading);
        let (there, gone): (Vec<Claim>, Vec<Claim>) = claims.into_iter().partition(|claim| texts.contains_key(&claim.node));
        let (deadly, there): (Vec<Claim>, Vec<Claim>) = there.into_iter().partition(|claim| claim.attempt > MOST_CLAIMS);
        let (mut suspicious, there): (Vec<Claim>, Vec<Claim>) = there.into_iter().partition(|claim| claim.attempt > SUSPICIOUS);
        let (doubted, usual): (Vec<Claim>, Vec<Claim>) = there.into_iter().partition(|claim| claim.misses > 0);
        // One text may be all that it was in vain for. Asked first, so that a model that is away is asked once.
        if self.is_often_in_vain(&owner) {
            // Where there is none, the turn is over.
            drop(self.ask_for_a_witness(turn).await);
        }
        let mut outcomes = self.embed(&owner, usual, &texts, turn).await;
        let deadly = deadly.into_iter().map(|claim| (claim, EmbedError::model("claimed too often, and never finished")));
        outcomes.faulty.extend(deadly);
        self.keep(&owner, &gone, outcomes).await?;
        if !doubted.is_empty() {
            let outcomes = self.sift(doubted.into_iter().map(|claim| vec![claim]).collect(), &texts, turn).await;
            self.keep(&owner, &[], outcomes).await?;
        }
        // Each kept before the next: whichever ends the process takes no other along twice, as every second time they go backwards.
        if suspicious.first().is_some_and(|claim| claim.attempt % 2 == 0) {
            suspicious.reverse();
        }
        for claim in suspicious {
            let outcomes = self.embed(&owner, vec![claim], &texts, turn).await;
            self.keep(&owner, &[], outcomes).await?;
        }
        Ok(())
    }

    /// Gives nodes that were deleted and came back the vectors that they had. Returns the claims that are still to be worked.
    async fn bring_back(&self, owner: &Owner, claims: Vec<Claim>) -> Result<Vec<Claim>, StoreError> {
        if claims.iter().all(|claim| claim.reworded) {
            return Ok(claims);
        }
        let mut work = self.parts.work::<Write>(WHY, owner.clone())?;
        let model = self.embedder.model().as_str();
        let back = embedding::bring_back(&mut work.tx(), model, &claims).await?;
        let mut entries = Vec::new();
        if !back.is_empty() {
            // Only tenants' nodes are brought back.
            tiers::touch(&mut work.tx(), model, back.len()).await?;
            let payload = json!({ "model": model, "nodes": back, "brought_back": true });
            entries.push(Entry { event_type: EventType::NodesEmbedded, subject: None, outcome: Outcome::Success, payload });
        }
        work.commit(entries).await?;
        Ok(claims.into_iter().filter(|claim| !back.contains(&claim.node)).collect())
    }

    /// Embeds together, and one by one if the model refuses a text, so that one bad text does not hold up the others.
    async fn embed(&self, owner: &Owner, claims: Vec<Claim>, texts: &BTreeMap<NodeId, String>, turn: &mut Turn<'_>) -> Outcomes {
        let mut outcomes = Outcomes::default();
        if claims.is_empty() {
            return outcomes;
        }
        let embedded = self.vectors(&claims, texts, turn).await;
        self.note_vain(owner, &embedded);
        match embedded {
            Ok(vectors) => outcomes.done = claims.into_iter().zip(vectors).collect(),
            // The model had a vector for another text just now.
            Err(error) if error.may_be_about_one_text() && turn.witnessed => {
                turn.in_vain = false;
                return self.sift(sift::halves(claims), texts, turn).await;
            }
            Err(error) if !error.may_be_the_texts_fault() => outcomes.back = claims,
            Err(error) if claims.len() == 1 => outcomes.faulty = claims.into_iter().zip([error]).collect(),
            Err(_) => {
                for claim in claims {
                    match self.vectors(std::slice::from_ref(&claim), texts, turn).await {
                        Ok(vectors) => outcomes.done.extend(vectors.into_iter().next().map(|vector| (claim, vector))),
                        Err(error) if error.may_be_the_texts_fault() => outcomes.faulty.push((claim, error)),
                        Err(_) => outcomes.back.push(claim),
                    }
                }
            }
        }
        outcomes
    }

    /// The model's answer before the turn is over, unless the server stops.
    async fn vectors(
        &self,
        claims: &[Claim],
        texts: &BTreeMap<NodeId, String>,
        turn: &mut Turn<'_>,
    ) -> Result<Vec<Vec<f32>>, EmbedError> {
        let texts = claims.iter().map(|claim| texts.get(&claim.node).cloned().unwrap_or_default()).collect();
        self.ask(texts, turn).await
    }

    /// Asks the model. Notes how long to rest when it cannot work.
    async fn ask(&self, texts: Vec<String>, turn: &mut Turn<'_>) -> Result<Vec<Vec<f32>>, EmbedError> {
        if turn.is_over() {
            return Err(EmbedError::Stopped);
        }
        let mut stop = turn.stop.clone();
        let embedded = tokio::select! {
            embedded = tokio::time::timeout_at(turn.ends, self.embedder.embed(texts, Lane::Document)) =>
                embedded.unwrap_or(Err(EmbedError::Busy)),
            Ok(_) = stop.wait_for(|stop| *stop) => Err(EmbedError::Stopped),
        };
        turn.in_vain = matches!(&embedded, Err(error) if !error.may_be_the_texts_fault());
        let mut rest = self.rest.lock().unwrap_or_else(PoisonError::into_inner);
        *rest = match &embedded {
            Err(error) if turn.in_vain && !matches!(error, EmbedError::Stopped) => {
                let usual = rest.map_or(REST.0, |rest| (rest * 2).min(REST.1));
                tracing::warn!(%error, "the embedding model cannot work; its nodes wait");
                Some(match error {
                    EmbedError::Unavailable { retry_after: Some(wait), .. } => usual.max(*wait).min(REST.1),
                    _ => usual,
                })
            }
            _ => None,
        };
        embedded
    }

    fn resting(&self) -> Option<Duration> {
        *self.rest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn keep(&self, owner: &Owner, gone: &[Claim], outcomes: Outcomes) -> Result<(), StoreError> {
        let mut work = self.parts.work::<Write>(WHY, owner.clone())?;
        let (now, model, chance) = (work.now(), self.embedder.model().as_str(), &*self.parts.chance);
        let mut entries = Vec::new();
        let Outcomes { done, faulty, back, doubted } = outcomes;
        // A single statement holds the nodes by itself, or needs none.
        let rest = [back.is_empty(), doubted.is_empty(), gone.is_empty()].iter().filter(|empty| !**empty).count();
        if !faulty.is_empty() || rest > usize::from(done.is_empty()) {
            let done = done.iter().map(|(claim, _)| claim);
            let faulty = faulty.iter().map(|(claim, _)| claim);
            embedding::hold(&mut work.tx(), done.chain(faulty).chain(&back).chain(&doubted).chain(gone)).await?;
        }
        if !done.is_empty() {
            let ready = embedding::finish(&mut work.tx(), model, &done, now, chance).await?;
            // Shared rows are compared one by one in every search: they have no tier.
            if matches!(owner, Owner::Tenant(_)) {
                tiers::touch(&mut work.tx(), model, ready.len()).await?;
            }
            metric::EMBEDDINGS.of_configured(model).increment(ready.len() as u64);
            // Claims that were lost leave nothing, and no event of nothing.
            if !ready.is_empty() {
                let payload = json!({ "model": model, "nodes": ready });
                entries.push(Entry { event_type: EventType::NodesEmbedded, subject: None, outcome: Outcome::Success, payload });
            }
        }
        for (claim, error) in faulty {
            entries.extend(self.refused(&mut work, &claim, &error, now).await?);
        }
        if !back.is_empty() {
            embedding::release(&mut work.tx(), &back, now).await?;
        }
        if !doubted.is_empty() {
            embedding::doubt(&mut work.tx(), &doubted, now).await?;
        }
        if !gone.is_empty() {
            embedding::drop_jobs(&mut work.tx(), gone).await?;
        }
        work.commit(entries).await
    }

    /// Puts a job off whose text the model refused or missed, or gives up on it after the last time.
    async fn refused(
        &self,
        work: &mut SystemWork<Write>,
        claim: &Claim,
        error: &EmbedError,
        now: Timestamp,
    ) -> Result<Option<Entry>, StoreError> {
        let missed = error.may_be_about_one_text();
        let (faults, most) = if missed { (claim.misses.max(1), MOST_MISSES) } else { (claim.faults + 1, MOST_FAULTS) };
        let give_up = faults >= most || claim.attempt > MOST_CLAIMS;
        let due = now.saturating_add(embedding::back_off(faults)).unwrap_or(Timestamp::MAX);
        tracing::warn!(%error, node = %claim.node, faults, give_up, "a node could not be embedded");
        let (model, words) = (self.embedder.model().as_str(), error.to_string());
        let chance = &*self.parts.chance;
        let held = embedding::put_off(&mut work.tx(), claim, (model, &words), (now, due), (missed, give_up), chance).await?;
        Ok((held && give_up).then(|| Entry {
            event_type: EventType::EmbeddingFailed,
            subject: Some(Subject::from(claim.node)),
            outcome: Outcome::Failure,
            payload: json!({ "model": model, "attempts": faults }),
        }))
    }
}
