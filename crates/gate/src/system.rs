//! System work: what the server does by itself, one tenant at a time or with the shared rows, with a reason, on record.

use std::{fmt, sync::Arc};

use wardgraph_audit::{Circumstances, Entry, Logs, appends};
use wardgraph_kernel::{Actor, Chance, Clock, Identity, Mode, Opens, Owner, TenantId, Timestamp, Write};
use wardgraph_store::{Plan, Role, Scope, Store, StoreError, Tx, Unit, changes};

use crate::idempotency::Erased;

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

/// A unit of the server's own work: in one tenant or on its own keys under the worker's role, or with the shared rows under the administrator's.
#[must_use = "work that is not committed is rolled back"]
pub struct SystemWork<M> {
    unit: Unit,
    scope: Scope,
    why: &'static str,
    /// Whether the schedule has it done, and not the server by itself.
    is_due: bool,
    chance: Arc<dyn Chance>,
    now: Timestamp,
    clock: Arc<dyn Clock>,
    elsewhere: Vec<(TenantId, Entry)>,
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
        self.begin(why, role, owner.into())
    }

    /// Begins work on what is the server's own and no tenant's: its keys. `why` stands as the actor in its events.
    pub fn own<M: Mode>(&self, why: &'static str) -> Result<SystemWork<M>, StoreError> {
        self.begin(why, Role::Worker, Scope::System)
    }

    /// Begins work on accounts, at the word of whoever runs the server. `why` stands as the actor in its events.
    pub fn accounts(&self, why: &'static str) -> Result<SystemWork<Identity>, StoreError> {
        self.begin(why, Role::Identity, Scope::System)
    }

    /// Begins work on an organization and its members, at the word of whoever runs the server. `why` stands as the actor in its events.
    pub fn organization<M: Mode>(&self, why: &'static str, tenant: TenantId) -> Result<SystemWork<M>, StoreError> {
        self.begin(why, Role::App, Scope::Organization(tenant, None))
    }

    /// Begins work on everybody's accounts and their organizations. `why` stands as the actor in its events.
    pub fn people(&self, why: &'static str) -> Result<SystemWork<Write>, StoreError> {
        self.begin(why, Role::Admin, Scope::System)
    }

    fn begin<M: Opens>(&self, why: &'static str, role: Role, scope: Scope) -> Result<SystemWork<M>, StoreError> {
        let unit = self.store.unit::<M>(role, scope.clone(), Plan::Generic)?;
        Ok(SystemWork {
            unit,
            scope,
            why,
            is_due: false,
            chance: self.chance.clone(),
            now: self.clock.now(),
            clock: self.clock.clone(),
            elsewhere: Vec::new(),
            mode: std::marker::PhantomData,
        })
    }

    /// Forgets changes that nobody needs to hear of any more.
    pub async fn forget_changes(&self) -> Result<(), StoreError> {
        let mut more = true;
        while more {
            let mut unit = self.store.unit::<Write>(Role::Worker, Scope::Nobody, Plan::Generic)?;
            more = changes::forget(&mut unit.tx(), self.clock.now()).await?;
            unit.commit(&[]).await?;
        }
        Ok(())
    }

    /// Begins work on what is an organization's own, its members, roles and grants, as its endpoints do: because it fell due. `job` stands as the actor in
    /// its events.
    pub fn due_in(&self, job: &'static str, organization: TenantId) -> Result<SystemWork<Write>, StoreError> {
        let mut work = self.begin(job, Role::App, Scope::Organization(organization, None))?;
        work.is_due = true;
        Ok(work)
    }

    /// Begins work on the queue, which is no tenant's: it sees jobs and no rows of any tenant.
    pub fn queue(&self) -> Result<Unit, StoreError> {
        self.store.unit::<Write>(Role::Worker, Scope::Nobody, Plan::Generic)
    }
}

impl<M: Opens> SystemWork<M> {
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
    /// Has something on record in another tenant's log, with the commit: for work under the administrator's role.
    pub fn changed_in(&mut self, tenant: &TenantId, entry: Entry) {
        self.elsewhere.push((tenant.clone(), entry));
    }

    /// Commits with its events.
    pub async fn commit(self, entries: Vec<Entry>) -> Result<(), StoreError> {
        self.close(entries).await
    }
}

impl SystemWork<Identity> {
    /// Commits with its events.
    pub async fn commit(self, entries: Vec<Entry>) -> Result<(), StoreError> {
        self.close(entries).await
    }
}

impl<M> SystemWork<M> {
    async fn close(self, entries: Vec<Entry>) -> Result<(), StoreError> {
        let actor = if self.is_due { Actor::scheduler(self.why) } else { Actor::system(self.why) };
        let circumstances = Circumstances { actor, request_id: None, ip: None };
        // What happens to the shared rows by itself is no tenant's event.
        let log = if self.scope == Scope::Shared { Scope::System.tenant() } else { self.scope.tenant() };
        let mut logs = Logs::new(self.clock.now());
        let erased = Erased::of(log, &entries.iter())?;
        for entry in entries {
            logs.push(log, &circumstances, &*self.chance, entry);
        }
        for (tenant, entry) in self.elsewhere {
            logs.push(tenant.as_str(), &circumstances, &*self.chance, entry);
        }
        let events = logs.params();
        let withheld = erased.as_ref().map(|erased| (erased.of_the_tenant(), erased.of_all()));
        let withheld = erased.iter().zip(&withheld).flat_map(|(erased, (own, all))| erased.withheld(own, all));
        let closing: Vec<_> = appends(&events).into_iter().chain(withheld).collect();
        self.unit.commit(&closing).await
    }
}

impl<M> fmt::Debug for SystemWork<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SystemWork").field("why", &self.why).field("scope", &self.scope).finish_non_exhaustive()
    }
}
