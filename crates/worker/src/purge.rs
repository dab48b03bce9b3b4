//! Erasing nodes whose grace period is over: tenant by tenant, in bounded batches, each batch one transaction with its events.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use wardgraph_audit::{Entry, Subject};
use wardgraph_gate::{StoreError, SystemParts, Tx};
use wardgraph_graph::purge::{self, Claim};
use wardgraph_kernel::{EventType, Read, Timestamp, Write, metric};

use crate::due::{self, Due};

/// The actor of this work's events.
const WHY: &str = "purge";
/// How many nodes are erased in one transaction at most.
const NODES: i64 = 200;

/// Erases what is past its grace period. Any number of them may run, in any number of servers.
#[derive(Debug, Clone)]
pub struct PurgeWorker {
    parts: SystemParts,
    /// How many nodes the next transaction may erase: halved by one that took too long, doubled by one that did not.
    most: Arc<AtomicI64>,
}

impl PurgeWorker {
    /// A worker that has not begun.
    pub fn new(parts: SystemParts) -> Self {
        Self { parts, most: Arc::new(AtomicI64::new(NODES)) }
    }

    /// Works until the task is dropped. What is not finished by then falls due again.
    pub async fn run(self) {
        due::run(self).await;
    }

    /// Works the tenants that are due. Returns how many there were.
    pub async fn turn(&self) -> Result<usize, StoreError> {
        due::turn(self).await
    }

    /// Counts the tenants whose purge is overdue, for metrics.
    pub async fn measure(&self) -> Result<(), StoreError> {
        let mut queue = self.parts.queue()?;
        let due = purge::depth(&mut queue.tx::<Read>(), self.parts.clock.now()).await?;
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; 2^52 tenants are not met")]
        metric::PURGES_DUE.of([]).set(due as f64);
        queue.commit(&[]).await
    }

    /// Erases up to `most` nodes. True once nothing is left to do.
    async fn erase(&self, claim: &Claim, most: i64) -> Result<bool, StoreError> {
        let mut work = self.parts.work::<Write>(WHY, claim.tenant.clone())?;
        let now = work.now();
        let erased = purge::purge(&mut work.tx(), most, now).await?;
        let is_over = erased.is_nothing();
        if is_over {
            purge::next(&mut work.tx(), claim).await?;
        }
        let (nodes, untold) = (erased.nodes, erased.untold);
        metric::NODES_PURGED.of([]).increment(nodes.len() as u64);
        let edges = untold.into_iter().map(|edge| Entry::done(EventType::EdgeDeleted, Subject::from(edge)));
        let nodes = nodes.into_iter().map(|node| Entry::done(EventType::NodePurged, Subject::from(node)));
        work.commit(edges.chain(nodes).collect()).await?;
        Ok(is_over)
    }
}

impl Due for PurgeWorker {
    type Claim = Claim;
    type Error = StoreError;
    const BATCHES: usize = 20;
    const TROUBLE: &'static str = "deleted nodes could not be erased";

    fn parts(&self) -> &SystemParts {
        &self.parts
    }

    async fn claim(tx: &mut Tx<'_, Write>, most: i64, now: Timestamp, lease: Duration) -> Result<Vec<Claim>, StoreError> {
        purge::claim(tx, most, now, lease).await
    }

    async fn batch(&self, claim: &Claim) -> Result<bool, StoreError> {
        let most = self.most.load(Ordering::Relaxed);
        match self.erase(claim, most).await {
            Ok(is_over) => {
                self.most.store((most * 2).min(NODES), Ordering::Relaxed);
                Ok(is_over)
            }
            Err(StoreError::Timeout) if most > 1 => {
                self.most.store(most / 2, Ordering::Relaxed);
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    async fn rest(&self, claim: &Claim) -> Result<(), StoreError> {
        let mut work = self.parts.work::<Write>(WHY, claim.tenant.clone())?;
        purge::next(&mut work.tx(), claim).await?;
        work.commit(Vec::new()).await
    }
}
