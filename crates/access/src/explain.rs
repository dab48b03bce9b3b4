//! Why something is allowed or not, and what it would take.

use std::sync::Arc;

use uuid::Uuid;
use wardgraph_kernel::UserId;

use crate::{
    Bound, Matcher, On, Question, RoleName, Rule,
    matcher::{Act, Effect, Stated},
    pattern::Pattern,
    rule,
};

/// How many rules of each kind are named; who is denied by more has enough to do.
const SHOWN: usize = 20;

/// Why something is allowed or not. Sorted by role and rule: equal roles explain equally, whatever order they were read in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// Whether it is allowed: as [`Matcher::allows`] decides.
    pub allowed: bool,
    /// The rules that allow it, denied or not; 20 of them at most.
    pub allowed_by: Vec<Source>,
    /// The rules that deny it; 20 of them at most.
    pub denied_by: Vec<Source>,
    /// What would all be needed; nothing if it is allowed.
    pub needs: Vec<Need>,
    /// Whether there are more rules than are named.
    pub is_shortened: bool,
}

/// A rule of a role.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// The role that states it.
    pub role: RoleName,
    /// The roles that were given, by which that one counts: itself, or those that inherit from it.
    pub through: Arc<[RoleName]>,
    /// The rule.
    pub rule: Rule,
}

/// What is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// A role that allows it: by this rule, or one that says more.
    Rule(String),
    /// That the rules which deny it are gone.
    NoDeny,
    /// A bound that leaves room for it.
    Scope {
        /// Which of the bounds, counted from 0 as they were handed in.
        bound: usize,
        /// By this scope, or one that says more.
        word: String,
    },
}

impl Matcher {
    /// Why the roles and bounds allow something or not. Reads every rule: for people who ask, not for every call.
    pub fn explain(&self, question: &Question<'_>, bounds: &[&Bound]) -> Explanation {
        let mut buffer = Uuid::encode_buffer();
        let id = question.user.map(|user| &*user.uuid().hyphenated().encode_lower(&mut buffer));
        let about =
            |effect: Effect| self.stated().iter().filter(move |one| one.effect == effect && one.is_about(question.permission));
        let allowing: Vec<&Stated> = about(Effect::Allow).filter(|one| allows(one.rule.pattern(), question.on, id)).collect();
        let reached = Reached::of(&allowing);
        let denying: Vec<&Stated> =
            about(Effect::Deny).filter(|one| denies(one.rule.pattern(), question.on, id, &reached)).collect();
        let is_denied = match question.on {
            On::All | On::Named(_) => !denying.is_empty(),
            On::Any => self.act(question.permission).is_some_and(|act| nothing_left(act, &allowing, question.user)),
        };

        let wanted = wanted(question);
        let rule = allowing.is_empty().then(|| Need::Rule(wanted.clone()));
        let deny = is_denied.then_some(Need::NoDeny);
        let narrow = bounds.iter().enumerate().filter(|(_, bound)| !bound.allows(question));
        let scopes = narrow.map(|(bound, _)| Need::Scope { bound, word: wanted.clone() });
        let needs = rule.into_iter().chain(deny).chain(scopes).collect();
        Explanation {
            allowed: self.allows(question, bounds),
            is_shortened: allowing.len().max(denying.len()) > SHOWN,
            allowed_by: sources(allowing),
            denied_by: sources(denying),
            needs,
        }
    }
}

/// The least that a rule or a scope must say.
fn wanted(question: &Question<'_>) -> String {
    match question.on {
        On::Named(name) => format!("{}:{}", question.permission, name.as_str()),
        On::All | On::Any => rule::shown(question.permission.word(), &Pattern::everything()),
    }
}

fn allows(pattern: &Pattern, on: On<'_>, id: Option<&str>) -> bool {
    match on {
        On::All => pattern.is_everything(),
        On::Named(name) => pattern.resolved(id).is_some_and(|pattern| pattern.matches(name.as_str())),
        On::Any => id.is_some() || !pattern.is_personal(),
    }
}

fn denies(pattern: &Pattern, on: On<'_>, id: Option<&str>, reached: &Reached<'_>) -> bool {
    let Some(resolved) = pattern.resolved(id) else { return true };
    match on {
        On::All => true,
        On::Named(name) => resolved.matches(name.as_str()),
        On::Any => reached.is_cut_by(pattern),
    }
}

fn nothing_left(act: &Act, allowing: &[&Stated], user: Option<UserId>) -> bool {
    act.denied.lacks(user) || (!allowing.is_empty() && allowing.iter().all(|one| act.denied.covers(one.rule.pattern())))
}

/// What is allowed, sorted: a rule that takes some of it back begins with what it covers.
struct Reached<'a>(Vec<&'a Pattern>);

impl<'a> Reached<'a> {
    fn of(allowing: &[&'a Stated]) -> Self {
        let mut patterns: Vec<_> = allowing.iter().map(|one| one.rule.pattern()).collect();
        patterns.sort();
        Self(patterns)
    }

    fn is_cut_by(&self, pattern: &Pattern) -> bool {
        let from = self.0.partition_point(|one| one.literal() < pattern.literal());
        self.0.get(from).is_some_and(|one| pattern.covers(one))
    }
}

fn sources(stated: Vec<&Stated>) -> Vec<Source> {
    let source = |one: &Stated| Source { role: one.role.clone(), through: one.through.clone(), rule: one.rule.clone() };
    let mut sources: Vec<Source> = stated.into_iter().map(source).collect();
    sources.sort();
    sources.truncate(SHOWN);
    sources
}
