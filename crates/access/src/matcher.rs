//! What a set of roles comes to.

use std::sync::Arc;

use wardgraph_kernel::{Permission, Permissions, UserId};

use crate::{RoleName, Rule, names::Names, pattern::Pattern};

/// What a set of roles comes to: made by [`crate::Rulebook::compile`], asked by [`Matcher::allows`].
///
/// Follows from the rules alone, never from their order: equal sets of rules make equal matchers.
#[derive(Debug, PartialEq, Eq)]
pub struct Matcher {
    /// By permission, in the list's order.
    acts: Box<[Act]>,
    /// Every rule that counts, for [`Matcher::explain`].
    stated: Box<[Stated]>,
}

/// What is said of one permission.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Act {
    pub(crate) allowed: Names,
    pub(crate) denied: Names,
    /// Whether something is allowed that no single rule takes back: to anybody, and to a person.
    leaves: bool,
    leaves_own: bool,
}

/// A rule, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stated {
    pub(crate) role: RoleName,
    /// The roles that somebody has, by which this one counts.
    pub(crate) through: Arc<[RoleName]>,
    pub(crate) effect: Effect,
    pub(crate) rule: Rule,
    /// What it allows or denies, all in all: a set that says nothing of what implies what.
    about: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Effect {
    Allow,
    Deny,
}

impl Act {
    fn of(allowed: Vec<Pattern>, denied: Vec<Pattern>) -> Self {
        let (allowed, denied) = (Names::of(allowed), Names::of(denied));
        let left = |personal: bool| allowed.patterns().any(|one| one.is_personal() == personal && !denied.covers(&one));
        let (leaves, leaves_own) = (left(false), left(true));
        Self { allowed, denied, leaves, leaves_own }
    }

    /// Whether nothing is left of what is allowed, as far as single rules take it back.
    pub(crate) const fn is_taken_back(&self, user: Option<UserId>) -> bool {
        !(self.leaves || (self.leaves_own && user.is_some()))
    }
}

impl Stated {
    /// Makes what a role states, by effect and rule.
    pub(crate) fn maker(role: RoleName, through: Arc<[RoleName]>, ceiling: Permissions) -> impl Fn(Effect, Rule) -> Self {
        move |effect, rule| {
            let about = match effect {
                Effect::Allow => rule.allowed(ceiling).fold(0, |all, one| all | bit(one)),
                Effect::Deny => rule.denied(ceiling).fold(0, |all, one| all | bit(one)),
            };
            Self { role: role.clone(), through: through.clone(), effect, rule, about }
        }
    }

    /// About how many bytes it takes besides what it shares with the one before: all that a role states shares by whom it counts.
    fn weight(&self, before: Option<&Self>) -> usize {
        let through = match before {
            Some(before) if Arc::ptr_eq(&before.through, &self.through) => 0,
            _ => {
                self.role.as_str().len() + self.through.iter().map(|name| size_of_val(name) + name.as_str().len()).sum::<usize>()
            }
        };
        size_of::<Self>() - size_of::<Rule>() + self.rule.weight() + through
    }

    pub(crate) fn is_about(&self, permission: Permission) -> bool {
        self.about & bit(permission) != 0
    }
}

impl Matcher {
    pub(crate) fn new(mut stated: Vec<Stated>) -> Self {
        stated.sort();
        stated.dedup();
        // Sorted once, and not for each permission.
        let mut sorted: Vec<&Stated> = stated.iter().collect();
        sorted.sort_by(|one, other| one.rule.pattern().place().cmp(&other.rule.pattern().place()));
        let said = |permission: Permission, effect: Effect| -> Vec<Pattern> {
            let counts = sorted.iter().filter(|one| one.effect == effect && one.is_about(permission));
            counts.map(|one| one.rule.pattern().clone()).collect()
        };
        let act = |permission: &Permission| Act::of(said(*permission, Effect::Allow), said(*permission, Effect::Deny));
        let acts = Permission::ALL.iter().map(act).collect();
        Self { acts, stated: stated.into() }
    }

    pub(crate) fn act(&self, permission: Permission) -> Option<&Act> {
        self.acts.get(usize::from(permission as u8))
    }

    pub(crate) fn stated(&self) -> &[Stated] {
        &self.stated
    }

    /// About how many bytes it takes, with all that it keeps from being let go of: the texts of rules, though the roles have them too.
    pub(crate) fn weight(&self) -> usize {
        let acts: usize = self.acts.iter().map(|act| act.allowed.weight() + act.denied.weight()).sum();
        let before = std::iter::once(None).chain(self.stated.iter().map(Some));
        let stated: usize = self.stated.iter().zip(before).map(|(one, before)| one.weight(before)).sum();
        size_of::<Self>() + acts + stated
    }
}

const fn bit(permission: Permission) -> u64 {
    1 << (permission as u8)
}
