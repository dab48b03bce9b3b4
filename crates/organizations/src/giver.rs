//! Nobody hands out what they do not hold, and nobody takes it from others.
//!
//! What is given is judged by `access`, as it would stand ([`Matcher::beyond`]); what is taken by the same, the other way round: else whoever may make
//! roles could deny everything to the owners.

use std::collections::BTreeSet;

use wardgraph_access::{Beyond, Bound, Matcher, On, Question};
use wardgraph_kernel::{Permission, UserId};

use crate::OrganizationError;

/// How many differences `access` names at most: of so many it does not say whether they are all.
const NAMED: usize = 100;

/// Who gives and takes.
#[derive(Debug)]
pub struct Giver(Who);

#[derive(Debug)]
enum Who {
    /// Whoever runs the server, at its command line.
    Operator,
    /// A member, with what they hold and what their credential leaves of it.
    Person { user: UserId, holds: Box<Matcher>, bounds: Vec<Bound> },
}

impl Giver {
    /// Whoever runs the server: holds everything that an organization can give.
    pub const fn operator() -> Self {
        Self(Who::Operator)
    }

    /// A member who holds this, within these bounds.
    pub fn person(user: UserId, holds: Matcher, bounds: Vec<Bound>) -> Self {
        Self(Who::Person { user, holds: Box::new(holds), bounds })
    }

    /// Who it is, as grants say it.
    pub fn shown(&self) -> String {
        match &self.0 {
            Who::Operator => "operator".to_owned(),
            Who::Person { user, .. } => format!("user/{user}"),
        }
    }

    /// Whether all of it may be given to anybody.
    ///
    /// # Errors
    /// [`OrganizationError::Beyond`].
    pub fn may_give(&self, given: &Matcher) -> Result<(), OrganizationError> {
        refused(self.beyond(given).iter().map(told))
    }

    /// Whether all of it is held but for what is denied: what a credential of the own may be asked for, since the deny holds for it too.
    pub(crate) fn holds(&self, asked: &Matcher) -> bool {
        self.beyond(asked).iter().all(|beyond| matches!(beyond, Beyond::Denied(_)))
    }

    /// Whether they may do something to all that it is about.
    pub fn may(&self, permission: Permission) -> bool {
        match &self.0 {
            Who::Operator => true,
            Who::Person { user, holds, bounds } => {
                let question = Question { permission, on: On::All, user: Some(*user) };
                holds.allows(&question, &bounds.iter().collect::<Vec<_>>())
            }
        }
    }

    /// Whether somebody may have `after` who had `before`: what they gain must be held; and where they lose anything, all that they had: nobody takes from
    /// who stands above them.
    ///
    /// # Errors
    /// [`OrganizationError::Beyond`].
    pub fn may_change(&self, before: &Matcher, after: &Matcher) -> Result<(), OrganizationError> {
        if before == after {
            return Ok(());
        }
        let gained = before.beyond(None, &[], after);
        let above = among(&gained, self.beyond(after));
        let lost = after.beyond(None, &[], before);
        let mut taken = if lost.is_empty() || self.is(before) { Vec::new() } else { self.beyond(before) };
        // Some of it may be denied to whoever takes it: they would not have it, and neither will whom they take it from.
        taken.retain(|beyond| !matches!(beyond, Beyond::Denied(_)));
        refused(above.iter().map(told).chain(taken.iter().map(told_of_taking)))
    }

    /// Whether it is all that they hold themselves: what is one's own one may give up.
    fn is(&self, held: &Matcher) -> bool {
        matches!(&self.0, Who::Person { holds, bounds, .. } if bounds.is_empty() && **holds == *held)
    }

    fn beyond(&self, given: &Matcher) -> Vec<Beyond> {
        match &self.0 {
            Who::Operator => Vec::new(),
            Who::Person { user, holds, bounds } => holds.beyond(Some(*user), &bounds.iter().collect::<Vec<_>>(), given),
        }
    }
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
        giver(own).may_change(&roles(before), &roles(after)).is_ok()
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
    fn more_than_is_named_is_all_of_it() {
        let many: Vec<String> = (0..150).map(|number| format!("nodes:read:n{number:03}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(!changes(&["edges:read"], &[], &many));
        let with: Vec<&str> = many.iter().copied().chain(["edges:read"]).collect();
        assert!(!changes(&["edges:read"], &many, &with), "a hundred others stand before it");
        assert!(changes(&["nodes:read", "edges:read"], &many, &with));
        assert!(Giver::operator().may_change(&roles(&[]), &roles(&many)).is_ok());
    }
}
