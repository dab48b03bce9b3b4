//! Erasing organizations whose grace is over: one after another, table by table, in bounded batches, each a transaction of its own; last of all the
//! organization itself. Whoever is interrupted goes on where it was.

use std::time::Duration;

use serde_json::json;
use wardgraph_audit::Entry;
use wardgraph_gate::SystemParts;
use wardgraph_kernel::{EventType, TenantId};
use wardgraph_organizations::{
    OrganizationError,
    organization::{self, PURGED},
};

/// The actor of this work's events.
const WHY: &str = "keeper of organizations";
/// How often it looks.
const EVERY: Duration = Duration::from_mins(10);

/// Erases what is left of organizations that were deleted. Any number of them may run.
#[derive(Debug, Clone)]
pub struct OrganizationKeeper {
    parts: SystemParts,
}

impl OrganizationKeeper {
    /// A keeper that has not begun.
    pub const fn new(parts: SystemParts) -> Self {
        Self { parts }
    }

    /// Works until the task is dropped.
    pub async fn run(self) {
        let mut often = tokio::time::interval(EVERY);
        often.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            often.tick().await;
            if let Err(error) = self.turn().await {
                tracing::warn!(%error, "organizations that were deleted could not be erased; trying again");
            }
        }
    }

    /// Erases those that are due. Tells how many.
    pub async fn turn(&self) -> Result<usize, OrganizationError> {
        let mut erased = 0;
        loop {
            let mut work = self.parts.people(WHY)?;
            let now = work.now();
            let due = organization::due(&mut work.tx(), now).await?;
            work.commit(Vec::new()).await?;
            if due.is_empty() {
                return Ok(erased);
            }
            for organization in due {
                erased += usize::from(self.erase(&organization).await?);
            }
        }
    }

    async fn erase(&self, tenant: &TenantId) -> Result<bool, OrganizationError> {
        for place in 0..PURGED.len() {
            let mut more = true;
            while more {
                let mut work = self.parts.people(WHY)?;
                more = organization::purge(&mut work.tx(), tenant, place).await?;
                work.commit(Vec::new()).await?;
            }
        }
        let mut work = self.parts.people(WHY)?;
        let now = work.now();
        let Some(name) = organization::dissolve(&mut work.tx(), tenant, now).await? else { return Ok(false) };
        let payload = json!({ "before": { "name": name }, "after": null });
        let entry = || Entry::done(EventType::OrganizationPurged, tenant.into()).with(payload.clone());
        work.changed_in(tenant, entry());
        work.commit(vec![entry()]).await?;
        Ok(true)
    }
}
