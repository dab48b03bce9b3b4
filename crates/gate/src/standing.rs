//! What callers hold in their tenants, as it is known: in memory, but for the first call of each.
//!
//! **Invariant:** what somebody holds is a second old at most, whoever gave or took it and on whichever server
//! (`whoever_is_demoted_is_it_within_a_second_on_every_server`); and where that cannot be known, nobody is let in by it
//! (`what_cannot_be_known_lets_nobody_in`).

use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use moka::{policy::EvictionPolicy, sync::Cache};
use wardgraph_access::{AccessError, Bound, Held, Matcher, Matchers, RoleName, Rulebook};
use wardgraph_api::Problem;
use wardgraph_kernel::{ChangeKind, Holder, OrganizationRole, Permission, Read, TenantId, Timestamp};
use wardgraph_organizations::{OrganizationError, held};
use wardgraph_store::{Plan, Role, Scope};
use wardgraph_tokens::Claims;

use crate::{
    Authority, Gate,
    authority::{Roles, Whose},
};

/// How many holders are remembered, and for how long. What changed is announced for longer than that.
const REMEMBERED: u64 = 131_072;
const REMEMBERED_FOR: Duration = Duration::from_mins(10);
/// How much memory compiled roles may take.
const MATCHERS_BYTES: u64 = 64 << 20;
/// How many rules are remembered of organizations whose members are compiled just now.
const RULES: u64 = 200_000;
/// How often what somebody holds is read again because roles were changed meanwhile.
const TRIES: usize = 3;
/// The version of the built-in roles, which is no organization's.
const BUILT_IN: u64 = 0;
/// A place for each permission, and one for what asks none.
const PLACES: usize = Permission::ALL.len() + 1;

/// Whose the built-in roles are: compiled once for everybody. No organization that has this name is served differently by it.
static BUILT_IN_HOME: LazyLock<Option<TenantId>> = LazyLock::new(|| TenantId::parse("built-in").ok());
static BUILT_IN_ROLES: LazyLock<Result<Rulebook, AccessError>> = LazyLock::new(|| Rulebook::new([]));

/// What is known of who holds what.
#[derive(Debug)]
pub(crate) struct Standings {
    known: Cache<Key, Arc<Known>>,
    books: Cache<TenantId, Arc<Book>>,
    matchers: Matchers,
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

/// The roles of an organization, of one version.
#[derive(Debug)]
struct Book {
    version: i64,
    roles: Rulebook,
}

impl Standings {
    pub(crate) fn new() -> Self {
        let known = Cache::builder().max_capacity(REMEMBERED).time_to_live(REMEMBERED_FOR);
        let weigh = |_: &TenantId, book: &Arc<Book>| {
            let rules: usize = book.roles.roles().map(|role| 1 + role.allows().count() + role.denies().count()).sum();
            u32::try_from(rules).unwrap_or(u32::MAX)
        };
        let books = Cache::builder().max_capacity(RULES).weigher(weigh).time_to_live(REMEMBERED_FOR);
        Self {
            known: known.eviction_policy(EvictionPolicy::lru()).build(),
            books: books.eviction_policy(EvictionPolicy::lru()).build(),
            matchers: Matchers::new(MATCHERS_BYTES),
        }
    }
}

impl Known {
    fn of(key: Key, standing: held::Standing) -> Result<Self, AccessError> {
        // A role on the whole server counts for nothing where it is no person's session that asks.
        let held = if key.global { standing.held } else { Held::new(standing.held.roles().cloned(), None)? };
        let of_its_own = held.roles().any(|role| OrganizationRole::of(role.as_str()).is_none());
        Ok(Self {
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
        })
    }

    /// Whose the roles are, and of which version.
    fn home(&self) -> (&TenantId, u64) {
        match &*BUILT_IN_HOME {
            Some(home) if !self.of_its_own => (home, BUILT_IN),
            _ => (&self.key.tenant, u64::try_from(self.roles_version).unwrap_or(BUILT_IN)),
        }
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
        {
            let (home, version) = known.home();
            if let Some(matcher) = self.standings.matchers.find(home, version, &known.held) {
                return Ok(Some(Roles { known, matcher }));
            }
        }
        // On the heap, as what rarely happens takes no room in every request's future.
        Box::pin(self.look_up(key, now)).await.map_err(|error| match error {
            OrganizationError::Store(error) => {
                Problem::unavailable("what the caller may do cannot be looked up now").retry_after(2).inside(&error)
            }
            // What a role that cannot be read would have denied is not known.
            error => Problem::internal("what the caller may do cannot be read").inside(&error),
        })
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
            let mut unit = self.parts.store.unit::<Read>(Role::Identity, Scope::System, Plan::Auto)?;
            unit.end_with_next();
            let standing = held::standing(&mut unit.tx::<Read>(), &key.tenant, &key.holder, now).await?;
            // It is not remembered who holds nothing: nobody announces that they do again.
            let Some(standing) = standing else { return Ok(None) };
            let known = Arc::new(Known::of(key.clone(), standing)?);
            tries += 1;
            match self.compile(&known).await {
                // A role is gone that was held: whoever took it away took it from its holders before.
                Err(OrganizationError::Access(AccessError::NoRole(_))) if tries < TRIES => {
                    self.standings.books.invalidate(&key.tenant);
                }
                compiled => {
                    let matcher = compiled?;
                    self.standings.known.insert(key, known.clone());
                    return Ok(Some(Roles { known, matcher }));
                }
            }
        }
    }

    async fn compile(&self, known: &Known) -> Result<Arc<Matcher>, OrganizationError> {
        let matchers = &self.standings.matchers;
        let (home, version) = known.home();
        if let Some(matcher) = matchers.find(home, version, &known.held) {
            return Ok(matcher);
        }
        if !known.of_its_own {
            let roles = BUILT_IN_ROLES.as_ref().map_err(Clone::clone)?;
            return Ok(matchers.compile(home, version, &known.held, roles)?);
        }
        let book = self.book(home, known.roles_version).await?;
        Ok(matchers.compile(home, version, &known.held, &book.roles)?)
    }

    /// The roles of an organization, of this version or a later one.
    async fn book(&self, tenant: &TenantId, version: i64) -> Result<Arc<Book>, OrganizationError> {
        if let Some(book) = self.standings.books.get(tenant).filter(|book| book.version >= version) {
            return Ok(book);
        }
        let mut unit = self.parts.store.unit::<Read>(Role::Identity, Scope::System, Plan::Auto)?;
        unit.end_with_next();
        let (version, roles) = held::versioned(&mut unit.tx::<Read>(), tenant).await?;
        let book = Arc::new(Book { version, roles });
        self.standings.books.insert(tenant.clone(), book.clone());
        Ok(book)
    }
}
