//! What sets of roles come to, in memory that is bounded whoever fills it.
//!
//! **Invariant:** of one organization one set is compiled at a time, and of all together no more than there is room for; the roles of an
//! organization are read once, however many ask for them at once (`many_sets_of_one_organization_are_compiled_one_after_the_other`).

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use moka::{policy::EvictionPolicy, sync::Cache};
use tokio::sync::{Mutex, OwnedMutexGuard, Semaphore};
use wardgraph_access::{AccessError, Held, Matcher, Matchers, Rulebook};
use wardgraph_kernel::{OrganizationRole, Read, TenantId};
use wardgraph_organizations::{OrganizationError, held};
use wardgraph_store::{Plan, Role, Scope, Store, StoreError};

/// For how long the roles of an organization are remembered.
const REMEMBERED_FOR: Duration = Duration::from_mins(10);
/// How much memory compiled roles may take, those of each organization, and the built-in ones by themselves: no organization has those forgotten
/// that everybody has, or another one's.
const MATCHERS_BYTES: u64 = 64 << 20;
const OF_EACH_BYTES: u64 = 16 << 20;
const BUILT_IN_BYTES: u64 = 16 << 20;
/// How much memory the roles may take of organizations whose members are compiled just now.
const BOOKS_BYTES: u64 = 64 << 20;
/// How much is read or compiled where it is asked for, and not on a thread that may be busy for a while: about a millisecond's worth.
const AT_ONCE: usize = 2_000;
/// How many organizations have larger sets compiled at once.
const TOGETHER: usize = 2;
/// How many organizations may stand in line, each by itself, and for how long somebody waits for their turn, and then for room.
const LINES: u64 = 16_384;
const PATIENCE: Duration = Duration::from_secs(5);
/// The version of the built-in roles, which is no organization's.
const BUILT_IN: u64 = 0;

/// Whose the built-in roles are: compiled once for everybody. No organization that has this name is served differently by it.
static BUILT_IN_HOME: LazyLock<Option<TenantId>> = LazyLock::new(|| TenantId::parse("built-in").ok());
static BUILT_IN_ROLES: LazyLock<Result<Rulebook, AccessError>> = LazyLock::new(|| Rulebook::new([]));

/// What was compiled, and what it was compiled from.
#[derive(Debug)]
pub(crate) struct Compiled {
    books: Cache<TenantId, Arc<Book>>,
    matchers: Matchers,
    built_in: Matchers,
    lines: Cache<TenantId, Arc<Mutex<()>>>,
    room: Arc<Semaphore>,
}

/// A set of roles in an organization, as they stood at a version.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Set<'a> {
    tenant: &'a TenantId,
    version: i64,
    held: &'a Held,
    /// Whether the organization made one of the roles.
    of_its_own: bool,
}

/// The roles of an organization, of one version.
#[derive(Debug)]
struct Book {
    version: i64,
    roles: Rulebook,
}

impl<'a> Set<'a> {
    pub(crate) const fn new(tenant: &'a TenantId, version: i64, held: &'a Held, of_its_own: bool) -> Self {
        Self { tenant, version, held, of_its_own }
    }

    /// Whose the roles are, and of which version.
    fn home(&self) -> (&'a TenantId, u64) {
        match &*BUILT_IN_HOME {
            Some(home) if !self.of_its_own => (home, BUILT_IN),
            _ => (self.tenant, u64::try_from(self.version).unwrap_or(BUILT_IN)),
        }
    }
}

/// Whether an organization made one of the roles.
pub(crate) fn is_of_its_own(held: &Held) -> bool {
    held.roles().any(|role| OrganizationRole::of(role.as_str()).is_none())
}

impl Compiled {
    pub(crate) fn new() -> Self {
        let weigh = |_: &TenantId, book: &Arc<Book>| u32::try_from(book.roles.weight()).unwrap_or(u32::MAX);
        let books = Cache::builder().max_capacity(BOOKS_BYTES).weigher(weigh).time_to_live(REMEMBERED_FOR);
        Self {
            books: books.eviction_policy(EvictionPolicy::lru()).build(),
            matchers: Matchers::shared(MATCHERS_BYTES, OF_EACH_BYTES),
            built_in: Matchers::new(BUILT_IN_BYTES),
            lines: Cache::builder().max_capacity(LINES).eviction_policy(EvictionPolicy::lru()).build(),
            room: Arc::new(Semaphore::new(TOGETHER)),
        }
    }

    /// What a set comes to, if it is known.
    pub(crate) fn find(&self, set: Set<'_>) -> Option<Arc<Matcher>> {
        let (home, version) = set.home();
        let matchers = if set.of_its_own { &self.matchers } else { &self.built_in };
        matchers.find(home, version, set.held)
    }

    /// The same, compiled if it is not known.
    ///
    /// # Errors
    /// Those of the database, [`AccessError::NoRole`] for a role that is gone meanwhile, and whoever waited too long for their turn.
    pub(crate) async fn compile(&self, store: &Store, set: Set<'_>) -> Result<Arc<Matcher>, OrganizationError> {
        if let Some(matcher) = self.find(set) {
            return Ok(matcher);
        }
        if !set.of_its_own {
            let (home, version) = set.home();
            let roles = BUILT_IN_ROLES.as_ref().map_err(Clone::clone)?;
            return Ok(self.built_in.compile(home, version, set.held, roles)?);
        }
        let turn = self.turn(set.tenant).await?;
        if let Some(matcher) = self.find(set) {
            return Ok(matcher);
        }
        let book = self.book(store, set.tenant, set.version).await?;
        self.compile_of(turn, set, book).await
    }

    /// Has something worked out of what a set comes to, and of the roles that it is of, as they stand now or stood when it was compiled.
    ///
    /// # Errors
    /// Those of [`Self::compile`].
    pub(crate) async fn work_out<T: Send + 'static>(
        &self,
        store: &Store,
        set: Set<'_>,
        work: impl FnOnce(&Rulebook, &Matcher) -> T + Send + 'static,
    ) -> Result<T, OrganizationError> {
        let matcher = self.compile(store, set).await?;
        if !set.of_its_own {
            return Ok(work(BUILT_IN_ROLES.as_ref().map_err(Clone::clone)?, &matcher));
        }
        let turn = self.turn(set.tenant).await?;
        let book = self.book(store, set.tenant, set.version).await?;
        let effort = book.roles.effort();
        let work = move || {
            let _turn = turn;
            work(&book.roles, &matcher)
        };
        Ok(self.apart(effort, work).await?)
    }

    async fn compile_of(
        &self,
        turn: OwnedMutexGuard<()>,
        set: Set<'_>,
        book: Arc<Book>,
    ) -> Result<Arc<Matcher>, OrganizationError> {
        let (home, version) = set.home();
        let (matchers, home, held) = (self.matchers.clone(), home.clone(), set.held.clone());
        let effort = book.roles.effort();
        let work = move || {
            // Held until it is done, even if nobody waits for it any more.
            let _turn = turn;
            matchers.compile(&home, version, &held, &book.roles)
        };
        Ok(self.apart(effort, work).await??)
    }

    /// Works something out; what is much, on a thread of its own once there is room.
    async fn apart<T: Send + 'static>(&self, effort: usize, work: impl FnOnce() -> T + Send + 'static) -> Result<T, StoreError> {
        if effort <= AT_ONCE {
            return Ok(work());
        }
        let late = || StoreError::Unavailable("many roles are compiled just now".into());
        let room = tokio::time::timeout(PATIENCE, self.room.clone().acquire_owned()).await;
        let room = room.ok().and_then(Result::ok).ok_or_else(late)?;
        let worked = tokio::task::spawn_blocking(move || {
            let _room = room;
            work()
        });
        worked.await.map_err(|_| StoreError::Unavailable("roles could not be compiled".into()))
    }

    /// Reads the roles anew before something is compiled of them again.
    pub(crate) fn forget(&self, tenant: &TenantId) {
        self.books.invalidate(tenant);
    }

    /// The one turn of an organization.
    async fn turn(&self, tenant: &TenantId) -> Result<OwnedMutexGuard<()>, StoreError> {
        let line = self.lines.get_with_by_ref(tenant, Arc::default);
        let late = |_| StoreError::Unavailable("many roles of the organization are compiled just now".into());
        tokio::time::timeout(PATIENCE, line.lock_owned()).await.map_err(late)
    }

    /// The roles of an organization, of this version or a later one. Asked by whoever's turn it is.
    async fn book(&self, store: &Store, tenant: &TenantId, version: i64) -> Result<Arc<Book>, OrganizationError> {
        if let Some(book) = self.books.get(tenant).filter(|book| book.version >= version) {
            return Ok(book);
        }
        let mut unit = store.unit::<Read>(Role::Identity, Scope::System, Plan::Generic)?;
        unit.end_with_next();
        let stated = held::stated(&mut unit.tx::<Read>(), tenant).await?;
        drop(unit);
        let (version, roles) = self.apart(stated.effort()?, move || stated.book()).await??;
        let book = Arc::new(Book { version, roles });
        self.books.insert(tenant.clone(), book.clone());
        Ok(book)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;
    use wardgraph_access::{Role, RoleName, Rule};

    use super::*;

    const SHORTLY: Duration = Duration::from_millis(50);

    fn name(role: usize) -> RoleName {
        RoleName::read(&format!("r{role}")).unwrap()
    }

    /// Roles of 250 rules each.
    fn book(roles: usize) -> Arc<Book> {
        let allows = |role: usize| (0..250).map(move |n| Rule::read(&format!("nodes:read:a-{role}-{n}")).unwrap());
        let made = (0..roles).map(|role| Role::new(name(role), allows(role), [], []).unwrap());
        Arc::new(Book { version: 1, roles: Rulebook::new(made).unwrap() })
    }

    #[tokio::test]
    async fn many_sets_of_one_organization_are_compiled_one_after_the_other() {
        let (compiled, held) = (Compiled::new(), Held::new((0..2).map(name), None).unwrap());
        let (here, there) = (TenantId::parse("here").unwrap(), TenantId::parse("there").unwrap());
        let turn = compiled.turn(&here).await.unwrap();
        assert!(timeout(SHORTLY, compiled.turn(&here)).await.is_err(), "two turns at once");
        let elsewhere = compiled.turn(&there).await.unwrap();
        // Where others compile what is large, one more waits, and what is small does not.
        let room = compiled.room.clone().acquire_many_owned(u32::try_from(TOGETHER).unwrap()).await.unwrap();
        let (large, small) = (Set::new(&here, 1, &held, true), Set::new(&there, 1, &held, true));
        assert!(timeout(SHORTLY, compiled.compile_of(turn, large, book(12))).await.is_err(), "no room");
        timeout(SHORTLY * 100, compiled.compile_of(elsewhere, small, book(2))).await.unwrap().unwrap();
        drop(room);
        // Who went away has left the line.
        let turn = compiled.turn(&here).await.unwrap();
        assert!(compiled.find(large).is_none());
        let made = compiled.compile_of(turn, large, book(12)).await.unwrap();
        assert_eq!(compiled.find(large), Some(made));
        timeout(SHORTLY * 100, compiled.turn(&here)).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn no_organization_has_built_in_roles_forgotten() {
        let (compiled, here) = (Compiled::new(), TenantId::parse("here").unwrap());
        let everybodys = Held::new([RoleName::from(OrganizationRole::Analyst)], None).unwrap();
        let of_all = Set::new(&here, 1, &everybodys, false);
        let (home, version) = of_all.home();
        compiled.built_in.compile(home, version, &everybodys, BUILT_IN_ROLES.as_ref().unwrap()).unwrap();
        let (held, book) = (Held::new([name(0)], None).unwrap(), book(1));
        let set = Set::new(&here, 1, &held, true);
        compiled.compile_of(compiled.turn(&here).await.unwrap(), set, book).await.unwrap();
        // Each is where the other is not, so neither makes room for the other.
        assert!(compiled.find(set).is_some() && compiled.built_in.find(&here, 1, &held).is_none());
        assert!(compiled.find(of_all).is_some() && compiled.matchers.find(home, version, &everybodys).is_none());
    }
}
