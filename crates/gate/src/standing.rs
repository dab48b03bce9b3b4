//! What callers hold in their tenants, as it is known: in memory, but for the first call of each.
//!
//! **Invariant:** what somebody holds is a second old at most, whoever gave or took it and on whichever server
//! (`whoever_is_demoted_is_it_within_a_second_on_every_server`); and where that cannot be known, nobody is let in by it
//! (`what_cannot_be_known_lets_nobody_in`).

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use wardgraph_access::{AccessError, Bound, Held, RoleName};
use wardgraph_api::Problem;
use wardgraph_kernel::{ChangeKind, Holder, Permission, Read, TenantId, Timestamp};
use wardgraph_organizations::{OrganizationError, held};
use wardgraph_shares::{Kept, Room, Shared};
use wardgraph_store::{Plan, Role, Scope};
use wardgraph_tokens::Claims;

use crate::{
    Authority, Gate,
    authority::{Roles, Whose},
    compiled::{Compiled, Set, is_of_its_own},
};

/// How many holders are remembered, of each organization and of all, and for how long. What changed is announced for longer than that.
const OF_EACH: u64 = 32_768;
const REMEMBERED: u64 = 131_072;
const REMEMBERED_FOR: Duration = Duration::from_mins(10);
/// How often what somebody holds is read again because roles were changed meanwhile.
const TRIES: usize = 3;
/// A place for each permission, and one for what asks none.
const PLACES: usize = Permission::ALL.len() + 1;

/// What is known of who holds what.
#[derive(Debug)]
pub(crate) struct Standings {
    known: Shared<Key, Known, TenantId>,
    pub(crate) compiled: Compiled,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    tenant: TenantId,
    holder: Holder,
    global: bool,
}

/// What somebody holds in a tenant, as it was looked up.
#[derive(Debug)]
pub(crate) struct Known {
    key: Key,
    held: Held,
    /// Whether the organization made one of the roles.
    of_its_own: bool,
    roles_version: i64,
    grants_version: i64,
    generation: i64,
    /// What a change of it is announced by, and what a change of the holder.
    subject: String,
    id: String,
    /// From when on it is to be looked up anew.
    until: Option<Timestamp>,
    /// In which minute each permission was used last, and something that asks none.
    used: [AtomicI64; PLACES],
}

impl Standings {
    pub(crate) fn new() -> Self {
        let room = Room { all: REMEMBERED, each: OF_EACH, kept: Kept::For(REMEMBERED_FOR) };
        Self { known: Shared::new(room, |key, _| key.tenant.clone(), |_| 1), compiled: Compiled::new() }
    }
}

impl Known {
    fn of(key: Key, standing: held::Standing) -> Self {
        // A role on the whole server counts for nothing where it is no person's session that asks.
        let held = if key.global { standing.held } else { standing.held.here() };
        let of_its_own = is_of_its_own(&held);
        Self {
            held,
            of_its_own,
            roles_version: standing.roles_version,
            grants_version: standing.grants_version,
            generation: standing.generation,
            subject: key.holder.subject(&key.tenant),
            id: match &key.holder {
                Holder::User(id) => id.to_string(),
                Holder::Client(id) => id.to_string(),
            },
            until: standing.until,
            used: std::array::from_fn(|_| AtomicI64::new(i64::MIN)),
            key,
        }
    }

    const fn set(&self) -> Set<'_> {
        Set::new(&self.key.tenant, self.roles_version, &self.held, self.of_its_own)
    }

    pub(crate) const fn holder(&self) -> &Holder {
        &self.key.holder
    }

    pub(crate) const fn tenant(&self) -> &TenantId {
        &self.key.tenant
    }

    /// The roles that are held.
    pub(crate) fn roles(&self) -> impl Iterator<Item = &RoleName> {
        self.held.roles()
    }

    /// Notes that a permission was used, or something that asks none. True for the first time in a minute.
    pub(crate) fn is_used(&self, permission: Option<Permission>, now: Timestamp) -> bool {
        let place = permission.map_or(PLACES - 1, |permission| usize::from(permission as u8));
        let minute = now.as_second().div_euclid(60);
        self.used
            .get(place)
            .is_some_and(|used| used.load(Ordering::Relaxed) != minute && used.swap(minute, Ordering::Relaxed) != minute)
    }
}

impl Gate {
    /// What a caller may do. Waits for nobody if they were met lately. `None` for somebody who holds nothing in the tenant any more.
    ///
    /// # Errors
    /// 503 while it cannot be known.
    pub(crate) async fn authority(
        &self,
        claims: &Claims,
        in_browser: bool,
        key: Option<Arc<Bound>>,
        now: Timestamp,
    ) -> Result<Option<Authority>, Problem> {
        match Whose::of(claims, in_browser, key) {
            Whose::Nobodys(bound) => Ok(Some(Authority::of_scopes(bound))),
            Whose::Holder { holder, global, generation, bound } => {
                let roles = self.roles(&claims.tenant, (holder, generation), global, now).await?;
                Ok(roles.map(|roles| Authority::of_roles(roles, bound)))
            }
        }
    }

    /// What a member holds, or a client, of this generation or a later one, and what it comes to.
    pub(crate) async fn roles(
        &self,
        tenant: &TenantId,
        (holder, generation): (Holder, i64),
        global: bool,
        now: Timestamp,
    ) -> Result<Option<Roles>, Problem> {
        self.fresh().await?;
        let key = Key { tenant: tenant.clone(), holder, global };
        if let Some(known) =
            self.standings.known.get(&key).filter(|known| known.generation >= generation && !self.is_past(known, now))
            && let Some(matcher) = self.standings.compiled.find(known.set())
        {
            return Ok(Some(Roles { known, matcher }));
        }
        // On the heap, as what rarely happens takes no room in every request's future.
        Box::pin(self.look_up(key, now)).await.map_err(unknown)
    }

    /// Whether something was changed since it was looked up, or ended by the clock.
    fn is_past(&self, known: &Known, now: Timestamp) -> bool {
        let tenant = known.key.tenant.as_str();
        let of_holder = match &known.key.holder {
            Holder::User(_) => ChangeKind::UserGeneration,
            Holder::Client(_) => ChangeKind::ClientChanged,
        };
        known.until.is_some_and(|until| now >= until)
            || self.is_revoked(ChangeKind::GrantsChanged, &known.subject, known.grants_version)
            || (known.of_its_own && self.is_revoked(ChangeKind::RolesChanged, tenant, known.roles_version))
            || self.is_revoked(of_holder, &known.id, known.generation)
            || self.is_revoked(ChangeKind::OrganizationEnded, tenant, 0)
    }

    async fn look_up(&self, key: Key, now: Timestamp) -> Result<Option<Roles>, OrganizationError> {
        let mut tries = 0;
        loop {
            let mut unit = self.parts.store.unit::<Read>(Role::Identity, Scope::System, Plan::Generic)?;
            unit.end_with_next();
            let standing = held::standing(&mut unit.tx::<Read>(), &key.tenant, &key.holder, now).await?;
            // It is not remembered who holds nothing: nobody announces that they do again.
            let Some(standing) = standing else { return Ok(None) };
            let known = Arc::new(Known::of(key.clone(), standing));
            tries += 1;
            match self.standings.compiled.compile(&self.parts.store, known.set()).await {
                // A role is gone that was held: whoever took it away took it from its holders before.
                Err(OrganizationError::Access(AccessError::NoRole(_))) if tries < TRIES => {
                    self.standings.compiled.forget(&key.tenant);
                }
                compiled => {
                    let matcher = compiled?;
                    self.standings.known.insert(key, known.clone());
                    return Ok(Some(Roles { known, matcher }));
                }
            }
        }
    }
}

/// What is said where it cannot be told what somebody may do.
pub(crate) fn unknown(error: OrganizationError) -> Problem {
    match error {
        OrganizationError::Store(error) => {
            Problem::unavailable("what the caller may do cannot be looked up now").retry_after(2).inside(&error)
        }
        // What a role that cannot be read would have denied is not known.
        error => Problem::internal("what the caller may do cannot be read").inside(&error),
    }
}
