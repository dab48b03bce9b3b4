//! The bound of a tenant's queue: a tenant that writes faster than the model works is told to wait, and nothing is written. What queues nothing
//! does not wait: a change of metadata alone, or of a node without a text.
//!
//! Who is over the bound is looked up every few seconds and kept in memory, so that writing a node asks nothing of the queue. What a tenant
//! can write in between, within its limits, comes on top.

use std::{
    collections::BTreeSet,
    sync::{Arc, PoisonError, RwLock},
};

use wardgraph_kernel::{Owner, Read};
use wardgraph_store::{Role, Statement, StoreError, Tx};

use crate::GraphError;

/// Steps from tenant to tenant, and in each as far as the bound: no more than that of a queue is looked at.
pub(super) const FULL: Statement<Read> = Statement::reading(
    "graph.embedding.full",
    &[Role::Worker],
    "with recursive tenants (tenant_id, place) as (
       (select j.tenant_id, 1 from jobs j where j.kind = 'embed' and not j.dead and j.tenant_id > $1 order by j.tenant_id limit 1)
       union all
       select (select j.tenant_id from jobs j where j.kind = 'embed' and not j.dead and j.tenant_id > t.tenant_id order by j.tenant_id limit 1), t.place + 1
       from tenants t where t.tenant_id is not null and t.place < $3
     )
     select t.tenant_id, exists (
       select from jobs j where j.kind = 'embed' and not j.dead and j.tenant_id = t.tenant_id order by j.due_at offset $2::bigint - 1 limit 1
     ) from tenants t where t.tenant_id is not null order by t.tenant_id",
);

/// Tenants of one look.
const TENANTS_A_LOOK: i32 = 1_000;

/// Which tenants have as much in the queue as they may. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Backlog(Arc<RwLock<Round>>);

#[derive(Debug, Default)]
struct Round {
    /// Those that the last whole round found.
    full: BTreeSet<Owner>,
    /// Those that this round found so far.
    found: BTreeSet<Owner>,
}

impl Backlog {
    /// Lets what is queued for `owner` be, unless its queue is full.
    ///
    /// # Errors
    /// [`GraphError::QueueFull`].
    pub fn admit(&self, owner: &Owner) -> Result<(), GraphError> {
        let full = self.0.read().unwrap_or_else(PoisonError::into_inner).full.contains(owner);
        if full { Err(GraphError::QueueFull) } else { Ok(()) }
    }

    /// The same where something is `queued`; what queues nothing is let in.
    ///
    /// # Errors
    /// [`GraphError::QueueFull`].
    pub fn admit_if(&self, queued: bool, owner: &Owner) -> Result<(), GraphError> {
        if queued { self.admit(owner) } else { Ok(()) }
    }

    /// Looks at the next tenants after `after`, of which each may have `most` jobs waiting. Returns where the next look begins.
    pub async fn look(&self, tx: &mut Tx<'_, Read>, after: &str, most: i64) -> Result<String, StoreError> {
        let rows = tx.query(&FULL, &[&after, &most, &TENANTS_A_LOOK]).await?;
        let mut seen = Vec::new();
        for row in &rows {
            seen.push((row.try_get::<String>(0)?, row.try_get::<bool>(1)?));
        }
        // Fewer than were asked for: the last tenant that has any was among them.
        let ended = i32::try_from(seen.len()).is_ok_and(|seen| seen < TENANTS_A_LOOK);
        let last = if ended { String::new() } else { seen.last().map(|(tenant, _)| tenant.clone()).unwrap_or_default() };
        let over = seen.into_iter().filter(|(_, full)| *full).filter_map(|(tenant, _)| Owner::parse(&tenant).ok());
        let mut round = self.0.write().unwrap_or_else(PoisonError::into_inner);
        round.found.extend(over);
        if ended {
            round.full = std::mem::take(&mut round.found);
        }
        Ok(last)
    }
}
