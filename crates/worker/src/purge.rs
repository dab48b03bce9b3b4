//! Erasing nodes whose grace period is over: tenant by tenant, in bounded batches, each batch one transaction with its events.

use std::time::Duration;

use wardgraph_audit::{Entry, Subject};
use wardgraph_gate::{StoreError, SystemParts};
use wardgraph_graph::purge::{self, Claim};
use wardgraph_kernel::{EventType, Read, Write};

/// The actor of this work's events.
const WHY: &str = "purge";
/// How many tenants are claimed at once.
const TENANTS: i64 = 16;
/// How many nodes are erased in one transaction at most.
const NODES: i64 = 200;
/// How many batches a tenant gets before it is the next one's turn.
const BATCHES: usize = 20;
/// How long a claim holds: longer than its batches can take.
const LEASE: Duration = Duration::from_mins(5);
/// How long to wait when nothing is due.
const IDLE: Duration = Duration::from_secs(10);

/// Erases what is past its grace period. Any number of them may run, in any number of servers.
#[derive(Debug, Clone)]
pub struct PurgeWorker {
    parts: SystemParts,
}

impl PurgeWorker {
    /// A worker that has not begun.
    pub const fn new(parts: SystemParts) -> Self {
        Self { parts }
    }

    /// Works until the task is dropped. What is not finished by then falls due again.
    pub async fn run(self) {
        loop {
            match self.turn().await {
                Ok(0) => tokio::time::sleep(IDLE).await,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "deleted nodes could not be erased; trying again");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }

    /// Works the tenants that are due. Returns how many there were.
    pub async fn turn(&self) -> Result<usize, StoreError> {
        let mut queue = self.parts.queue()?;
        let claims = purge::claim(&mut queue.tx::<Write>(), TENANTS, self.parts.clock.now(), LEASE).await?;
        queue.commit(&[]).await?;
        // One tenant's trouble is no other's: its purge falls due again with the lease.
        let mut trouble = Ok(claims.len());
        for claim in claims {
            if let Err(error) = self.tenant(&claim).await {
                trouble = Err(error);
            }
        }
        trouble
    }

    /// Counts the tenants whose purge is overdue, for metrics.
    pub async fn measure(&self) -> Result<(), StoreError> {
        let mut queue = self.parts.queue()?;
        let due = purge::depth(&mut queue.tx::<Read>(), self.parts.clock.now()).await?;
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; 2^52 tenants are not met")]
        metrics::gauge!("wardgraph_purges_due").set(due as f64);
        queue.commit(&[]).await
    }

    async fn tenant(&self, claim: &Claim) -> Result<(), StoreError> {
        for _ in 0..BATCHES {
            let mut work = self.parts.work::<Write>(WHY, claim.tenant.clone())?;
            let now = work.now();
            let erased = purge::purge(&mut work.tx(), NODES, now).await?;
            let done = erased.is_empty();
            if done {
                purge::next(&mut work.tx(), claim).await?;
            }
            metrics::counter!("wardgraph_nodes_purged_total").increment(erased.len() as u64);
            work.commit(erased.into_iter().map(|node| Entry::done(EventType::NodePurged, Subject::from(node))).collect()).await?;
            if done {
                return Ok(());
            }
        }
        let mut work = self.parts.work::<Write>(WHY, claim.tenant.clone())?;
        purge::next(&mut work.tx(), claim).await?;
        work.commit(Vec::new()).await
    }
}
