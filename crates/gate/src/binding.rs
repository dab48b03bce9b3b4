//! Which issuer a tenant belongs to, where configuration does not say: the one that was first to speak for it.
//!
//! **Invariant:** a tenant has one issuer, however many servers and issuers see it for the first time at once
//! (`of_two_issuers_that_name_a_new_tenant_at_once_one_has_it`).

use std::{sync::Arc, time::Duration};

use moka::{policy::EvictionPolicy, sync::Cache};
use wardgraph_audit::{APPEND, Batch, Circumstances, Entry};
use wardgraph_kernel::{Chance, EventType, Identity, Outcome, TenantId, Timestamp};
use wardgraph_store::{Plan, Role, Scope, Statement, StatementInfo, Store, StoreError};

/// Finds the tenant's issuer, or makes it this one's while the issuer's hour has room. No row: it has none, or another was faster.
const BIND: Statement<Identity> = Statement::identity(
    "gate.binding.bind",
    "with known as (select issuer from issuer_tenants where tenant_id = $1),
     counted as (
       insert into issuer_hours (issuer, hour, tenants) select $2, $3, 1 where not exists (select from known) and $4::int > 0
       on conflict (issuer) do update set hour = greatest(issuer_hours.hour, excluded.hour),
         tenants = case when excluded.hour > issuer_hours.hour then 1 else issuer_hours.tenants + 1 end
         where excluded.hour > issuer_hours.hour or issuer_hours.tenants < $4
       returning 1),
     bound as (
       insert into issuer_tenants (tenant_id, issuer, bound_at) select $1, $2, $5 where exists (select from counted)
       on conflict (tenant_id) do nothing returning issuer)
     select issuer, false from known union all select issuer, true from bound",
);

pub(crate) const STATEMENTS: &[&StatementInfo] = &[BIND.info()];

/// How many tenants' issuers are remembered, and how long: an administrator who gives a tenant to another issuer waits no longer.
const REMEMBERED: u64 = 131_072;
const REMEMBERED_FOR: Duration = Duration::from_mins(10);
const HOUR_S: i64 = 3_600;

/// The issuers of tenants, as far as they were met.
#[derive(Debug)]
pub(crate) struct Bindings(Cache<TenantId, Arc<str>>);

/// A tenant that an issuer's token names for the first time here.
#[derive(Debug)]
pub(crate) struct Claim<'a> {
    pub(crate) tenant: &'a TenantId,
    pub(crate) issuer: &'a Arc<str>,
    /// How many new tenants an hour the issuer may bring.
    pub(crate) per_hour: u32,
    pub(crate) now: Timestamp,
}

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bound {
    /// The tenant is the issuer's.
    Own,
    /// It is another's.
    Foreign,
    /// It is nobody's, and the issuer brought as many new ones this hour as it may.
    TooMany {
        /// How long the hour goes on.
        seconds: u64,
    },
}

impl Bindings {
    pub(crate) fn new() -> Self {
        let cache = Cache::builder().max_capacity(REMEMBERED).time_to_live(REMEMBERED_FOR);
        Self(cache.eviction_policy(EvictionPolicy::lru()).build())
    }

    /// What is remembered of the tenant: whether it is the issuer's.
    pub(crate) fn find(&self, claim: &Claim<'_>) -> Option<Bound> {
        self.0.get(claim.tenant).map(|owner| if owner == *claim.issuer { Bound::Own } else { Bound::Foreign })
    }

    /// Looks the tenant up, and gives it to the issuer if it is nobody's; that leaves an event.
    pub(crate) async fn settle(
        &self,
        claim: &Claim<'_>,
        store: &Store,
        circumstances: &Circumstances,
        chance: &dyn Chance,
    ) -> Result<Bound, StoreError> {
        // Whoever was overtaken by another issuer's first token finds it at the second look.
        for _ in 0..2 {
            if let Some(owner) = ask(claim, store, circumstances, chance).await? {
                self.0.insert(claim.tenant.clone(), owner.clone());
                return Ok(if owner == *claim.issuer { Bound::Own } else { Bound::Foreign });
            }
        }
        Ok(Bound::TooMany { seconds: u64::try_from(HOUR_S - claim.now.as_second().rem_euclid(HOUR_S)).unwrap_or(1) })
    }
}

async fn ask(
    claim: &Claim<'_>,
    store: &Store,
    circumstances: &Circumstances,
    chance: &dyn Chance,
) -> Result<Option<Arc<str>>, StoreError> {
    let mut unit = store.unit::<Identity>(Role::Identity, Scope::Tenant(claim.tenant.clone()), Plan::Generic)?;
    let hour = Timestamp::from_second(claim.now.as_second() - claim.now.as_second().rem_euclid(HOUR_S)).unwrap_or(claim.now);
    let per_hour = i32::try_from(claim.per_hour).unwrap_or(i32::MAX);
    let rows =
        unit.tx::<Identity>().run(&BIND, &[&claim.tenant.as_str(), &claim.issuer.as_ref(), &hour, &per_hour, &claim.now]).await?;
    let found: Option<(String, bool)> =
        rows.first().map(|row| Ok::<_, StoreError>((row.try_get(0)?, row.try_get(1)?))).transpose()?;
    // Undone by its end: whoever was overtaken must not have counted a tenant.
    let Some((owner, true)) = found else { return Ok(found.map(|(owner, _)| owner.into())) };
    let mut batch = Batch::new(claim.tenant.as_str().to_owned(), claim.now);
    let payload = serde_json::json!({ "issuer": owner });
    batch.push(
        circumstances,
        chance,
        Entry { event_type: EventType::TenantBound, subject: None, outcome: Outcome::Success, payload },
    );
    unit.commit(&[(&APPEND, &batch.params())]).await?;
    Ok(Some(owner.into()))
}
