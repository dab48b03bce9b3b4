//! The matchers in use, and what they are remembered by.

use std::{
    collections::BTreeSet,
    hash::{BuildHasher, Hash, Hasher, RandomState},
    sync::{Arc, LazyLock},
    time::Duration,
};

use wardgraph_kernel::{GlobalRole, TenantId};
use wardgraph_shares::{Kept, Room, Shared};

use crate::{AccessError, Matcher, RoleName, Rulebook};

/// How many roles somebody may have in an organization.
pub(crate) const HELD: usize = 128;
/// How long a matcher is kept that nobody asks: a version that passed is asked no more.
const IDLE: Duration = Duration::from_hours(1);

static SECRET: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// A set of roles that somebody has: in an organization, and on the whole server. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held(Arc<Set>);

#[derive(Debug, PartialEq, Eq)]
struct Set {
    /// Of the rest, under a secret of this process: computed once, since it is looked up at every call.
    hash: u64,
    roles: BTreeSet<RoleName>,
    global: Option<GlobalRole>,
}

impl Held {
    /// These roles, each once, in no order.
    ///
    /// # Errors
    /// [`AccessError::TooMany`].
    pub fn new(roles: impl IntoIterator<Item = RoleName>, global: Option<GlobalRole>) -> Result<Self, AccessError> {
        let roles: BTreeSet<RoleName> = roles.into_iter().collect();
        if roles.len() > HELD {
            return Err(AccessError::TooMany { what: "roles that somebody has", most: HELD });
        }
        Ok(Self::set(roles, global))
    }

    /// What of it is held in the organization alone: what somebody is on the whole server is no organization's to give, and nothing to a key or a client.
    #[must_use]
    pub fn here(&self) -> Self {
        if self.0.global.is_none() { self.clone() } else { Self::set(self.0.roles.clone(), None) }
    }

    fn set(roles: BTreeSet<RoleName>, global: Option<GlobalRole>) -> Self {
        let hash = SECRET.hash_one((&roles, global));
        Self(Arc::new(Set { hash, roles, global }))
    }

    /// Those in the organization, by name.
    pub fn roles(&self) -> impl Iterator<Item = &RoleName> {
        self.0.roles.iter()
    }

    /// That on the whole server.
    pub fn global(&self) -> Option<GlobalRole> {
        self.0.global
    }
}

impl Hash for Held {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.hash);
    }
}

/// Matchers by organization, version of its roles, and set of roles.
///
/// A change of roles raises the organization's version in the transaction that makes it; so what was compiled of an earlier one is found by nobody
/// who knows the new one. Bounded by bytes, in all and for each organization. Cheap to clone, and the same then.
#[derive(Debug, Clone)]
pub struct Matchers(Shared<Key, Matcher, TenantId>);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    tenant: TenantId,
    version: u64,
    held: Held,
}

impl Matchers {
    /// Room for matchers of so many bytes together, whosever they are.
    pub fn new(bytes: u64) -> Self {
        Self::shared(bytes, bytes)
    }

    /// Room for matchers of so many bytes together, and for so many of each organization.
    pub fn shared(all: u64, each: u64) -> Self {
        let weigh = |matcher: &Matcher| u32::try_from(matcher.weight()).unwrap_or(u32::MAX);
        Self(Shared::new(Room { all, each, kept: Kept::Idle(IDLE) }, |key, _| key.tenant.clone(), weigh))
    }

    /// What a set of roles comes to, if it is known.
    pub fn find(&self, tenant: &TenantId, version: u64, held: &Held) -> Option<Arc<Matcher>> {
        self.0.get(&Key { tenant: tenant.clone(), version, held: held.clone() })
    }

    /// The same, compiled from the organization's roles at that version if it is not known. Of several at once, one compiles.
    ///
    /// # Errors
    /// Those of [`Rulebook::compile`]; they are not remembered.
    pub fn compile(&self, tenant: &TenantId, version: u64, held: &Held, roles: &Rulebook) -> Result<Arc<Matcher>, AccessError> {
        let key = Key { tenant: tenant.clone(), version, held: held.clone() };
        self.0.get_or_make(&key, || roles.compile(held)).map_err(|error| (*error).clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{On, Question, Role, Rule};
    use wardgraph_kernel::Permission;

    fn name(text: &str) -> RoleName {
        RoleName::read(text).unwrap()
    }

    fn book(rules: &[String]) -> Rulebook {
        let rules = rules.iter().map(|rule| Rule::read(rule).unwrap());
        Rulebook::new([Role::new(name("custom"), rules, [], []).unwrap()]).unwrap()
    }

    #[test]
    fn a_set_has_no_order() {
        let one = Held::new([name("a"), name("owner")], None).unwrap();
        assert_eq!(one, Held::new([name("owner"), name("a"), name("owner")], None).unwrap());
        let global = Held::new([name("owner"), name("a")], Some(GlobalRole::Viewer)).unwrap();
        assert_ne!(one, global);
        assert_eq!((&one, &one), (&global.here(), &one.here()));
        assert!(Held::new((0..=HELD).map(|n| name(&format!("r{n}"))), None).is_err());
    }

    #[test]
    fn what_was_compiled_is_found_by_its_organization_and_version_alone() {
        let (matchers, held) = (Matchers::new(1 << 20), Held::new([name("custom")], None).unwrap());
        let (here, there) = (TenantId::parse("here").unwrap(), TenantId::parse("there").unwrap());
        let question = Question { permission: Permission::NodesRead, on: On::All, user: None };
        assert!(matchers.find(&here, 1, &held).is_none());
        let may = matchers.compile(&here, 1, &held, &book(&["nodes:read".into()])).unwrap();
        assert!(may.allows(&question, &[]));
        assert_eq!(matchers.find(&here, 1, &held), Some(may));
        assert!(matchers.find(&here, 2, &held).is_none() && matchers.find(&there, 1, &held).is_none());
        assert!(!matchers.compile(&here, 2, &held, &book(&["edges:read".into()])).unwrap().allows(&question, &[]));
        let nobody = Held::new([name("gone")], None).unwrap();
        let gone = AccessError::NoRole("gone".into());
        assert_eq!(matchers.compile(&here, 2, &nobody, &book(&[])), Err(gone));
        assert!(matchers.find(&here, 2, &nobody).is_none());
    }

    #[test]
    fn what_is_kept_in_memory_counts_with_its_texts() {
        let rules =
            |length: usize| -> Vec<String> { (0..100).map(|n| format!("nodes:read:{n:03}{}", "a".repeat(length))).collect() };
        let held = Held::new([name("custom")], None).unwrap();
        let weights = |length: usize| {
            let book = book(&rules(length));
            (book.weight(), book.compile(&held).unwrap().weight())
        };
        let ((short_book, short), (long_book, long)) = (weights(1), weights(101));
        // Each of a hundred rules has its text, and its pattern has one too.
        assert_eq!((long_book - short_book, long - short), (20_000, 20_000));
        // All that a role states says once by whom it counts.
        assert!(short < 100 * 400, "{short}");
    }

    #[test]
    fn however_many_versions_there_are_the_memory_is_bounded() {
        let rules: Vec<String> = (0..100).map(|n| format!("nodes:read:a-{n}")).collect();
        let (book, held, here) = (book(&rules), Held::new([name("custom")], None).unwrap(), TenantId::parse("here").unwrap());
        let one = u64::try_from(book.compile(&held).unwrap().weight()).unwrap();
        let matchers = Matchers::new(10 * one);
        for version in 0..100 {
            matchers.compile(&here, version, &held, &book).unwrap();
        }
        assert!(matchers.0.count() <= 10, "{}", matchers.0.count());
    }

    #[test]
    fn however_many_sets_an_organization_has_others_are_remembered() {
        let rules: Vec<String> = (0..100).map(|n| format!("nodes:read:a-{n}")).collect();
        let (book, held) = (book(&rules), Held::new([name("custom")], None).unwrap());
        let [here, there] = ["here", "there"].map(|text| TenantId::parse(text).unwrap());
        let one = u64::try_from(book.compile(&held).unwrap().weight()).unwrap();
        let matchers = Matchers::shared(20 * one, 10 * one);
        for version in 0..5 {
            matchers.compile(&there, version, &held, &book).unwrap();
        }
        for version in 0..100 {
            matchers.compile(&here, version, &held, &book).unwrap();
        }
        assert_eq!(matchers.0.count(), 15);
        assert!((0..5).all(|version| matchers.find(&there, version, &held).is_some()));
        assert!(matchers.find(&here, 99, &held).is_some() && matchers.find(&here, 89, &held).is_none());
    }
}
