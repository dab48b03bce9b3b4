//! System work: what the server does by itself, one tenant at a time or with the shared rows, with a reason, on record.

use std::{fmt, sync::Arc};

use wardgraph_audit::{APPEND, Batch, Circumstances, Entry};
use wardgraph_kernel::{Actor, Chance, Clock, Mode, Owner, Timestamp, Write};
use wardgraph_store::{Plan, Role, Scope, Store, StoreError, Tx, Unit};

/// What system work is made of.
#[derive(Debug, Clone)]
pub struct SystemParts {
    /// The database.
    pub store: Store,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub chance: Arc<dyn Chance>,
}

/// A unit of the server's own work: in one tenant under the worker's role, or with the shared rows under the administrator's.
#[must_use = "work that is not committed is rolled back"]
pub struct SystemWork<M> {
    unit: Unit,
    owner: Owner,
    why: &'static str,
    chance: Arc<dyn Chance>,
    now: Timestamp,
    mode: std::marker::PhantomData<fn() -> M>,
}

impl SystemParts {
    /// Begins work on the rows of `owner`; `why` stands as the actor in its events.
    pub fn work<M: Mode>(&self, why: &'static str, owner: impl Into<Owner>) -> Result<SystemWork<M>, StoreError> {
        let owner = owner.into();
        let role = match &owner {
            Owner::Tenant(_) => Role::Worker,
            Owner::Shared => Role::Admin,
        };
        let unit = self.store.unit::<M>(role, Scope::from(owner.clone()), Plan::Auto)?;
        Ok(SystemWork { unit, owner, why, chance: self.chance.clone(), now: self.clock.now(), mode: std::marker::PhantomData })
    }

    /// Begins work on the queue, which is no tenant's: it sees jobs and no rows of any tenant.
    pub fn queue(&self) -> Result<Unit, StoreError> {
        self.store.unit::<Write>(Role::Worker, Scope::Nobody, Plan::Auto)
    }
}

impl<M: Mode> SystemWork<M> {
    /// Lends the transaction.
    pub fn tx(&mut self) -> Tx<'_, M> {
        self.unit.tx()
    }

    /// The time of the work.
    pub const fn now(&self) -> Timestamp {
        self.now
    }
}

impl SystemWork<Write> {
    /// Commits with its events.
    pub async fn commit(self, entries: Vec<Entry>) -> Result<(), StoreError> {
        let circumstances = Circumstances { actor: Actor::system(self.why), request_id: None, ip: None };
        // What happens to the shared rows by itself is no tenant's event.
        let log = match &self.owner {
            Owner::Tenant(tenant) => tenant.as_str(),
            Owner::Shared => Scope::System.tenant(),
        };
        let mut batch = Batch::new(log.to_owned(), self.now);
        for entry in entries {
            batch.push(&circumstances, &*self.chance, entry);
        }
        self.unit.commit(&[(&APPEND, &batch.params())]).await
    }
}

impl<M> fmt::Debug for SystemWork<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SystemWork").field("why", &self.why).field("owner", &self.owner).finish_non_exhaustive()
    }
}
