//! Whether an organization works, and from where: in memory, but for the first call.
//!
//! **Invariant:** what is remembered of an organization that is changed is a second old at most
//! (`an_organization_that_is_deleted_works_nowhere_within_a_second_and_restored_it_does`).

use std::{net::IpAddr, sync::Arc, time::Duration};

use moka::{policy::EvictionPolicy, sync::Cache};
use wardgraph_access::On;
use wardgraph_api::{Problem, table::organizations::ChangeOrganization};
use wardgraph_kernel::{Access, ChangeKind, Endpoint, Identity, Permission, Read, TenantId};
use wardgraph_organizations::{
    OrganizationError,
    organization::{self, Premises},
};
use wardgraph_store::{Plan, Role, Scope, Store};

use crate::{
    Gate, Permit,
    admit::{Admission, Refused},
    caller::Caller,
};

/// How many organizations are remembered, and for how long.
const REMEMBERED: u64 = 131_072;
const REMEMBERED_FOR: Duration = Duration::from_mins(10);
/// How the id of every organization begins that was made here: nothing is set of a tenant that an outside issuer speaks for.
const MADE_HERE: &str = "org_";

/// What is known of organizations.
#[derive(Debug)]
pub(crate) struct PremisesRing(Cache<TenantId, Arc<Premises>>);

impl PremisesRing {
    pub(crate) fn new() -> Self {
        let cache = Cache::builder().max_capacity(REMEMBERED).time_to_live(REMEMBERED_FOR);
        Self(cache.eviction_policy(EvictionPolicy::lru()).build())
    }
}

impl Gate {
    /// Whether an organization works, and from where. Waits for nobody if it was met lately; `None` for a tenant that was not made here.
    ///
    /// # Errors
    /// 503 while that cannot be known.
    pub(crate) async fn premises(&self, tenant: &TenantId) -> Result<Option<Arc<Premises>>, Problem> {
        if !tenant.as_str().starts_with(MADE_HERE) {
            return Ok(None);
        }
        self.fresh().await?;
        let current = |known: &Arc<Premises>| !self.is_revoked(ChangeKind::OrganizationChanged, tenant.as_str(), known.version);
        if let Some(known) = self.premises.0.get(tenant).filter(current) {
            return Ok(Some(known));
        }
        let found = Box::pin(look_up(&self.parts.store, tenant)).await;
        let found =
            found.map_err(|error| Problem::unavailable("organizations cannot be looked up now").retry_after(2).inside(&error))?;
        let found = Arc::new(found);
        self.premises.0.insert(tenant.clone(), found.clone());
        Ok(Some(found))
    }

    /// Whether nothing works any more in the organization that somebody's client or token is of.
    ///
    /// # Errors
    /// 503 while that cannot be known.
    pub(crate) async fn is_deleted(&self, tenant: &TenantId) -> Result<bool, Problem> {
        Ok(self.premises(tenant).await?.is_some_and(|premises| premises.is_deleted))
    }
}

async fn look_up(store: &Store, tenant: &TenantId) -> Result<Premises, OrganizationError> {
    let mut unit = store.unit::<Read>(Role::Identity, Scope::System, Plan::Generic)?;
    unit.end_with_next();
    unit.tx::<Identity>().ask(organization::premises(tenant)).await
}

impl Admission {
    /// Refuses whoever calls from where their organization does not let them, or where nothing works any more. Wherever they are and whatever became of
    /// the organization, a person sees to their own account: they leave it, restore it, or go elsewhere. Whoever may delete it changes from where one may
    /// call, so that nobody below them shuts them out.
    pub(crate) async fn on_premises(&self, caller: &Caller) -> Result<(), Refused> {
        let is_account = caller.account().is_some();
        if is_account && matches!(self.spec.access, Access::Own(_)) {
            return Ok(());
        }
        let found = self.gate.premises(&caller.claims.tenant).await.map_err(|problem| Box::new((problem, None)))?;
        let Some(premises) = found else { return Ok(()) };
        let opens = is_account
            && self.spec.id == ChangeOrganization::SPEC.id
            && caller.authority.allows(Permission::OrganizationsDelete, On::All);
        if !premises.admits(self.ip) && !opens {
            let problem = Problem::forbidden("the organization does not let anybody call from this address");
            return Err(self.refuse(Some(caller), "another_network", problem, None));
        }
        if premises.is_deleted {
            let problem = Problem::forbidden("the organization was deleted: for a while an owner can restore it");
            return Err(self.refuse(Some(caller), "organization_deleted", problem, None));
        }
        Ok(())
    }
}

impl<E: Endpoint> Permit<E> {
    /// How long the caller's tenant keeps what is past: as long as it says itself, else as long as the server says.
    ///
    /// # Errors
    /// 503 while that cannot be known.
    pub async fn retention(&self, servers: Duration) -> Result<Duration, Problem> {
        let premises = self.admission().gate.premises(self.tenant()).await?;
        Ok(premises.and_then(|premises| premises.retention).unwrap_or(servers))
    }

    /// Where the request came from.
    pub const fn ip(&self) -> IpAddr {
        self.admission().ip
    }
}
