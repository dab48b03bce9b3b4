//! Nobody hands out what they do not hold, and nobody takes it from others.
//!
//! What is given is judged by `access`, as it would stand ([`Matcher::beyond`]); what is taken by the same, the other way round: else whoever may make
//! roles could deny everything to the owners.

use std::collections::BTreeSet;

use wardgraph_access::{Beyond, Bound, Matcher, On, Question};
use wardgraph_kernel::{Permission, Timestamp, UserId};

use crate::OrganizationError;

/// How many differences `access` names at most: of so many it does not say whether they are all.
const NAMED: usize = 100;

/// Who gives and takes.
///
/// **Invariant:** what is written without an end, or with a late one, is judged by what its giver holds until then
/// (`what_is_held_for_a_while_is_given_for_no_longer`).
#[derive(Debug)]
pub struct Giver(Who);

#[derive(Debug)]
enum Who {
    /// Whoever runs the server, at its command line.
    Operator,
    /// A member, with what they hold, what is left of it at each moment when something of it ends, and what their credential leaves of it.
    Person { user: UserId, holds: Box<Matcher>, later: Vec<(Timestamp, Matcher)>, bounds: Vec<Bound> },
}

impl Giver {
    /// Whoever runs the server: holds everything that an organization can give.
    pub const fn operator() -> Self {
        Self(Who::Operator)
    }

    /// A member who holds this for good, within these bounds.
    pub fn person(user: UserId, holds: Matcher, bounds: Vec<Bound>) -> Self {
        Self::for_a_while(user, holds, Vec::new(), bounds)
    }

    /// A member who holds this, and from each of these moments on no more than what is said there; in order.
    pub(crate) fn for_a_while(user: UserId, holds: Matcher, later: Vec<(Timestamp, Matcher)>, bounds: Vec<Bound>) -> Self {
        Self(Who::Person { user, holds: Box::new(holds), later, bounds })
    }

    /// The moments at which something of what they hold ends.
    pub(crate) fn ends(&self) -> impl Iterator<Item = Timestamp> {
        let later = match &self.0 {
            Who::Operator => &[],
            Who::Person { later, .. } => later.as_slice(),
        };
        later.iter().map(|(at, _)| *at)
    }

    /// The account; none of whoever runs the server.
    pub(crate) const fn user(&self) -> Option<UserId> {
        match &self.0 {
            Who::Operator => None,
            Who::Person { user, .. } => Some(*user),
        }
    }

    /// Who it is, as grants say it.
    pub fn shown(&self) -> String {
        match &self.0 {
            Who::Operator => "operator".to_owned(),
            Who::Person { user, .. } => format!("user/{user}"),
        }
    }

    /// Whether all of it may be given to anybody for good.
    ///
    /// # Errors
    /// [`OrganizationError::Beyond`].
    pub fn may_give(&self, given: &Matcher) -> Result<(), OrganizationError> {
        self.may_give_until(given, None)
    }

    /// Whether all of it may be given to anybody until then.
    ///
    /// # Errors
    /// [`OrganizationError::Beyond`].
    pub fn may_give_until(&self, given: &Matcher, until: Option<Timestamp>) -> Result<(), OrganizationError> {
        refused(self.beyond(given, None).iter().map(told))?;
        // They only lose roles: what is denied at some moment is denied now, and what is allowed at the last one is allowed until then.
        let told = |beyond: &Beyond| format!("{}: you hold it for a while", told(beyond));
        match self.ends().filter(|at| until.is_none_or(|until| *at < until)).last() {
            Some(last) => refused(self.beyond(given, Some(last)).iter().map(told)),
            None => Ok(()),
        }
    }

    /// Whether all of it is held but for what is denied: what a credential of the own may be asked for, since the deny holds for it too.
    pub(crate) fn holds(&self, asked: &Matcher) -> bool {
        self.beyond(asked, None).iter().all(|beyond| matches!(beyond, Beyond::Denied(_)))
    }

    /// Whether they may do something to all that it is about.
    pub fn may(&self, permission: Permission) -> bool {
        match &self.0 {
            Who::Operator => true,
            Who::Person { user, holds, bounds, .. } => {
                let question = Question { permission, on: On::All, user: Some(*user) };
                holds.allows(&question, &bounds.iter().collect::<Vec<_>>())
            }
        }
    }

    /// Refuses who may not do something to all that it is about.
    ///
    /// # Errors
    /// [`OrganizationError::Beyond`].
    pub fn must(&self, permission: Permission) -> Result<(), OrganizationError> {
        if self.may(permission) {
            Ok(())
        } else {
            Err(OrganizationError::Beyond(vec![format!("`{permission}` is not yours any more")]))
        }
    }

    /// Whether somebody may have `after` from a moment on, who had `before`: what they gain must be held; and where they lose anything, all that they had: nobody takes from
    /// who stands above them.
    ///
    /// # Errors
    /// [`OrganizationError::Beyond`].
    pub(crate) fn may_change(&self, before: &Matcher, after: &Matcher, at: At) -> Result<(), OrganizationError> {
        if before == after {
            return Ok(());
        }
        let gained = before.beyond(None, &[], after);
        let above = among(&gained, self.beyond(after, at.given));
        let lost = after.beyond(None, &[], before);
        let mut taken = if lost.is_empty() || self.is(before, at.taken) { Vec::new() } else { self.beyond(before, at.taken) };
        // Some of it may be denied to whoever takes it: they would not have it, and neither will whom they take it from.
        taken.retain(|beyond| !matches!(beyond, Beyond::Denied(_)));
        refused(above.iter().map(told).chain(taken.iter().map(told_of_taking)))
    }

    /// Whether it is all that they hold themselves: what is one's own one may give up.
    fn is(&self, held: &Matcher, at: Option<Timestamp>) -> bool {
        matches!(&self.0, Who::Person { holds, later, bounds, .. } if bounds.is_empty() && standing(holds, later, at) == held)
    }

    /// What of it they do not hold at that moment; now, where none is named.
    fn beyond(&self, given: &Matcher, at: Option<Timestamp>) -> Vec<Beyond> {
        match &self.0 {
            Who::Operator => Vec::new(),
            Who::Person { user, holds, later, bounds } => {
                standing(holds, later, at).beyond(Some(*user), &bounds.iter().collect::<Vec<_>>(), given)
            }
        }
    }
}

/// By what they hold at which moments somebody is judged; now, where none is named.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct At {
    /// What they give.
    pub(crate) given: Option<Timestamp>,
    /// What they take.
    pub(crate) taken: Option<Timestamp>,
}

/// What is held at a moment.
fn standing<'a>(now: &'a Matcher, later: &'a [(Timestamp, Matcher)], at: Option<Timestamp>) -> &'a Matcher {
    let left = at.and_then(|at| later.iter().rev().find(|(from, _)| *from <= at));
    left.map_or(now, |(_, left)| left)
}

/// Those that speak of a difference: all of them, where not all differences or not all of them are named.
fn among(differences: &[Beyond], mut beyond: Vec<Beyond>) -> Vec<Beyond> {
    if differences.is_empty() {
        return Vec::new();
    }
    if differences.len() < NAMED && beyond.len() < NAMED {
        let different: BTreeSet<&str> = differences.iter().map(text).collect();
        beyond.retain(|one| different.contains(text(one)));
    }
    beyond
}

fn text(beyond: &Beyond) -> &str {
    match beyond {
        Beyond::NotAllowed(text) | Beyond::Denied(text) | Beyond::OutOfBounds(_, text) => text,
    }
}

fn told(beyond: &Beyond) -> String {
    match beyond {
        Beyond::NotAllowed(text) => format!("`{text}` is not yours to give"),
        Beyond::Denied(text) => format!("some of `{text}` is denied to you, and would not be denied along with it"),
        Beyond::OutOfBounds(_, text) => format!("`{text}` is beyond the scopes of your credential"),
    }
}

fn told_of_taking(beyond: &Beyond) -> String {
    format!("`{}` is not yours to take", text(beyond))
}

fn refused(mut why: impl Iterator<Item = String>) -> Result<(), OrganizationError> {
    let Some(first) = why.next() else { return Ok(()) };
    let mut all = vec![first];
    all.extend(why);
    all.dedup();
    Err(OrganizationError::Beyond(all))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;
    use wardgraph_access::{Held, Role, RoleName, Rule, Rulebook};

    fn roles(rules: &[&str]) -> Matcher {
        let read = |denies: bool| -> Vec<Rule> {
            let meant = rules.iter().filter(|rule| rule.starts_with("not ") == denies);
            meant.map(|rule| Rule::read(rule.trim_start_matches("not ")).unwrap()).collect()
        };
        let name = RoleName::read("custom").unwrap();
        let book = Rulebook::new([Role::new(name.clone(), read(false), read(true), []).unwrap()]).unwrap();
        book.compile(&Held::new([name], None).unwrap()).unwrap()
    }

    fn giver(rules: &[&str]) -> Giver {
        Giver::person(Uuid::from_u128(1).into(), roles(rules), Vec::new())
    }

    fn changes(own: &[&str], before: &[&str], after: &[&str]) -> bool {
        giver(own).may_change(&roles(before), &roles(after), At::default()).is_ok()
    }

    #[test]
    fn what_somebody_gains_is_what_the_giver_holds() {
        assert!(changes(&["nodes:read"], &[], &["nodes:read"]));
        assert!(!changes(&["nodes:read"], &[], &["nodes:write"]));
        // What they had is not given, whoever has it.
        assert!(changes(&["edges:read"], &["nodes:write"], &["nodes:write", "edges:read"]));
        assert!(!changes(&["edges:read"], &["nodes:write"], &["nodes:write", "edges:write"]));
    }

    #[test]
    fn a_deny_that_goes_is_given() {
        let (guarded, open) = (&["nodes:read", "not nodes:read:secret-*"], &["nodes:read"]);
        assert!(!changes(guarded, guarded, open), "to oneself");
        assert!(!changes(&["roles:write", "nodes:read:a-*"], guarded, open));
        assert!(changes(&["nodes:read"], guarded, open));
        assert!(changes(guarded, open, guarded));
    }

    #[test]
    fn what_somebody_loses_is_what_the_taker_holds() {
        assert!(!changes(
            &["nodes:write"],
            &["organizations:delete", "nodes:write"],
            &["organizations:delete", "nodes:write", "not *:*"]
        ));
        assert!(changes(&["nodes:write"], &["edges:read", "nodes:write"], &["edges:read", "nodes:write"]));
        assert!(changes(&["nodes:write", "not nodes:read:secret-*"], &["nodes:write"], &[]));
    }

    #[test]
    fn nobody_takes_anything_from_who_stands_above_them() {
        let above = &["organizations:delete", "nodes:write"];
        assert!(!changes(&["nodes:write"], above, &["organizations:delete"]));
        assert!(!changes(&["nodes:write"], above, &["organizations:delete", "nodes:write", "not nodes:write"]));
        assert!(changes(&["nodes:write", "edges:read"], above, &["organizations:delete", "nodes:write", "edges:read"]));
        // What is one's own one may give up, whoever it speaks of.
        let own = &["nodes:read:user-${user_id}-*", "edges:read"];
        assert!(changes(own, own, &["edges:read"]));
    }

    #[test]
    fn what_ends_is_given_until_then_and_a_refusal_says_why() {
        let end = Timestamp::from_second(60).unwrap();
        let by = Giver::for_a_while(Uuid::from_u128(1).into(), roles(&["nodes:read"]), vec![(end, roles(&[]))], Vec::new());
        assert!(by.may_give_until(&roles(&["nodes:read"]), Some(end)).is_ok());
        let refused = by.may_give(&roles(&["nodes:read"])).unwrap_err();
        let OrganizationError::Beyond(why) = refused else { panic!("{refused}") };
        assert_eq!(why, ["`nodes:read` is not yours to give: you hold it for a while"]);
    }

    #[test]
    fn more_than_is_named_is_all_of_it() {
        let many: Vec<String> = (0..150).map(|number| format!("nodes:read:n{number:03}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(!changes(&["edges:read"], &[], &many));
        let with: Vec<&str> = many.iter().copied().chain(["edges:read"]).collect();
        assert!(!changes(&["edges:read"], &many, &with), "a hundred others stand before it");
        assert!(changes(&["nodes:read", "edges:read"], &many, &with));
        assert!(Giver::operator().may_change(&roles(&[]), &roles(&many), At::default()).is_ok());
    }
}
