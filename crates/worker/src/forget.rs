//! Forgetting: answers that were kept for idempotency keys go after a day.

use std::time::Duration;

use wardgraph_gate::{StoreError, SystemParts, idempotency};
use wardgraph_kernel::{TenantId, Timestamp, Write};

/// The actor of this work.
const WHY: &str = "forgetting worker";
/// How often it looks.
const EVERY: Duration = Duration::from_mins(1);
/// A tenant is looked at once in this time.
const AGAIN: Duration = Duration::from_hours(1);

/// Forgets what was kept long enough. Any number of them may run.
#[derive(Debug, Clone)]
pub struct ForgettingWorker {
    parts: SystemParts,
}

impl ForgettingWorker {
    /// A worker that has not begun.
    pub const fn new(parts: SystemParts) -> Self {
        Self { parts }
    }

    /// Works until the task is dropped.
    pub async fn run(self) {
        let mut minute = tokio::time::interval(EVERY);
        minute.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            minute.tick().await;
            if let Err(error) = self.turn().await {
                tracing::warn!(%error, "old answers could not be forgotten; trying again");
            }
        }
    }

    /// Forgets what is due now, of every tenant.
    pub async fn turn(&self) -> Result<(), StoreError> {
        let now = self.parts.clock.now();
        let again = now.saturating_add(AGAIN).unwrap_or(Timestamp::MAX);
        // One tenant's trouble is no other's: it is due again in an hour.
        let mut trouble = Ok(());
        loop {
            let mut queue = self.parts.queue()?;
            let tenants = idempotency::due(&mut queue, now, again).await?;
            queue.commit(&[]).await?;
            if tenants.is_empty() {
                return trouble;
            }
            for tenant in tenants {
                if let Err(error) = self.tenant(tenant).await {
                    trouble = Err(error);
                }
            }
        }
    }

    async fn tenant(&self, tenant: TenantId) -> Result<(), StoreError> {
        let mut more = true;
        while more {
            let mut work = self.parts.work::<Write>(WHY, tenant.clone())?;
            more = idempotency::forget(&mut work).await?;
            work.commit(Vec::new()).await?;
        }
        Ok(())
    }
}
