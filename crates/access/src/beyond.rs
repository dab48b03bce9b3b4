//! Nobody can hand out what they do not hold.
//!
//! Rules are compared, not tried: each rule that would be handed out must lie within one rule of each kind that holds its giver (the roles, and every
//! bound), and what is denied to the giver within it must be denied along with it. That is exact as far as single rules go; where it cannot be
//! told, because two rules cover together what none covers alone, or because a rule speaks of whoever will ask, the answer is no.

use std::borrow::Cow;

use uuid::Uuid;
use wardgraph_kernel::{Permission, UserId};

use crate::{Bound, Matcher, matcher::Act, names::Names, pattern::Pattern, rule};

/// How much is named of what somebody does not hold.
const SHOWN: usize = 100;

/// Something that would be handed out without being held, and why it is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Beyond {
    /// No rule of the giver's roles allows as much.
    NotAllowed(String),
    /// Some of it is denied to the giver, and would not be denied along with it.
    Denied(String),
    /// A bound of the giver's credential, counted from 0 as they were handed in, does not leave as much.
    OutOfBounds(usize, String),
}

/// What the giver holds of one permission, as rules that speak of nobody.
struct Hold<'a> {
    allowed: Cow<'a, Names>,
    denied: Cow<'a, Names>,
    /// What of it would not be denied along with what is given: looked up once, since a thousand rules may each speak of all of it.
    lost: Names,
    bounds: Vec<Names>,
}

impl Matcher {
    /// What `given` would allow to anybody that these roles do not allow to `user` within the bounds; nothing if it may be handed out. At most 100.
    ///
    /// Sound: where it answers nothing, whoever gets `given`, and nothing else, can do nothing that the giver could not do with this credential
    /// (`who_gets_what_may_be_given_can_do_no_more_than_who_gave_it`).
    pub fn beyond(&self, user: Option<UserId>, bounds: &[&Bound], given: &Self) -> Vec<Beyond> {
        let mut buffer = Uuid::encode_buffer();
        let id = user.map(|user| &*user.uuid().hyphenated().encode_lower(&mut buffer));
        let mut beyond = Vec::new();
        for permission in Permission::ALL {
            let (Some(own), Some(given)) = (self.act(*permission), given.act(*permission)) else { continue };
            if given.allowed.is_nothing() {
                continue;
            }
            let bounds = bounds.iter().map(|bound| bound.patterns(*permission));
            let hold = Hold::of(own, user, id, &given.denied, bounds);
            for pattern in given.allowed.patterns() {
                hold.beyond(&pattern, &given.denied, || rule::shown(permission.word(), &pattern), &mut beyond);
                if beyond.len() >= SHOWN {
                    beyond.truncate(SHOWN);
                    return beyond;
                }
            }
        }
        beyond
    }
}

impl<'a> Hold<'a> {
    fn of(
        own: &'a Act,
        user: Option<UserId>,
        id: Option<&str>,
        denied_along: &Names,
        bounds: impl Iterator<Item = Vec<Pattern>>,
    ) -> Self {
        let denied =
            if own.denied.lacks(user) { Cow::Owned(Names::of([Pattern::everything()])) } else { own.denied.resolved(id) };
        Self {
            allowed: own.allowed.resolved(id),
            lost: Names::of(denied.patterns().filter(|pattern| !denied_along.covers(pattern))),
            denied,
            bounds: bounds.map(|patterns| Names::of(patterns.iter().filter_map(|one| one.resolved(id)))).collect(),
        }
    }

    fn beyond(&self, pattern: &Pattern, denied_along: &Names, shown: impl Fn() -> String, beyond: &mut Vec<Beyond>) {
        if !self.allowed.covers(pattern) {
            beyond.push(Beyond::NotAllowed(shown()));
        }
        // Whoever asks is not known: what speaks of them is taken for all that it could mean.
        let widened = pattern.widened();
        let keeps = if self.denied.covers(&widened) { denied_along.covers(&widened) } else { !self.lost.meets(&widened) };
        if !keeps {
            beyond.push(Beyond::Denied(shown()));
        }
        let narrow = self.bounds.iter().enumerate().filter(|(_, bound)| !bound.covers(pattern));
        beyond.extend(narrow.map(|(at, _)| Beyond::OutOfBounds(at, shown())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Held, Role, RoleName, Rule, Rulebook};

    fn role(rules: &[&str]) -> Matcher {
        let read = |denies: bool| -> Vec<Rule> {
            let meant = rules.iter().filter(|rule| rule.starts_with("not ") == denies);
            meant.map(|rule| Rule::read(rule.trim_start_matches("not ")).unwrap()).collect()
        };
        let name = RoleName::read("custom").unwrap();
        let book = Rulebook::new([Role::new(name.clone(), read(false), read(true), []).unwrap()]).unwrap();
        book.compile(&Held::new([name], None).unwrap()).unwrap()
    }

    fn check(own: &[&str], scopes: &[&str], given: &[&str], expected: &[Beyond]) {
        let user = Some(UserId::from(Uuid::from_u128(1)));
        let bound = Bound::of_scopes(scopes.iter().copied());
        assert_eq!(role(own).beyond(user, &[&bound], &role(given)), expected, "{own:?} within {scopes:?} gives {given:?}");
    }

    const KG: &[&str] = &["kg:read", "kg:write"];

    #[test]
    fn what_is_held_may_be_given_and_nothing_wider() {
        let not_allowed = |text: &str| Beyond::NotAllowed(text.to_owned());
        for part in ["nodes:read:a-*", "nodes:read:a-1", "nodes:read:a-1*", "nodes:read:a-${user_id}", "nodes:write:a-*"] {
            check(&["nodes:write:a-*"], KG, &[part], &[]);
        }
        for (wider, shown) in [
            ("nodes:read:a*", "nodes:read:a*"),
            ("nodes:read", "nodes:read"),
            ("nodes:read:*", "nodes:read"),
            ("edges:read:a-1", "edges:read:a-1"),
        ] {
            check(&["nodes:write:a-*"], KG, &[wider], &[not_allowed(shown)]);
        }
        check(&["nodes:read"], KG, &["nodes:write"], &[not_allowed("nodes:write")]);
        check(&["nodes:read", "edges:read", "triggers:read"], KG, &["nodes:*"], &[not_allowed("nodes:write")]);
        // Together they hold every name that begins with `a`; neither does alone.
        check(&["nodes:read:a", "nodes:read:a-*"], KG, &["nodes:read:a*"], &[not_allowed("nodes:read:a*")]);
    }

    #[test]
    fn a_deny_is_handed_on_or_nothing_is() {
        let own = &["nodes:read", "not nodes:read:secret-*"];
        let denied = |text: &str| [Beyond::Denied(text.to_owned())];
        check(own, KG, &["nodes:read"], &denied("nodes:read"));
        check(own, KG, &["nodes:read:s*"], &denied("nodes:read:s*"));
        check(own, KG, &["nodes:read:secret-1"], &denied("nodes:read:secret-1"));
        check(own, KG, &["nodes:read", "not nodes:read:secret-1*"], &denied("nodes:read"));
        check(own, KG, &["nodes:read", "not nodes:read:secret-*"], &[]);
        check(own, KG, &["nodes:read", "not nodes:read:s*"], &[]);
        check(own, KG, &["nodes:read:public-*"], &[]);
        check(own, KG, &["nodes:read:secret-1", "not nodes:read"], &[]);
    }

    #[test]
    fn whoever_speaks_of_much_many_times_is_answered_before_long() {
        let denies: Vec<String> = (0..100).map(|n| format!("not nodes:read:a-{n:02}")).collect();
        let own: Vec<String> = (0..100).map(|n| format!("nodes:read:a${{user_id}}{n:02}*")).collect();
        let all: Vec<&str> = own.iter().chain(&denies).map(String::as_str).collect();
        let whole: Vec<&str> = ["nodes:read"].into_iter().chain(denies.iter().map(String::as_str)).collect();
        check(&whole, KG, &all, &[]);
        // One deny less is told of each of them: all of them could mean the name.
        let expected: Vec<Beyond> = own.iter().map(|rule| Beyond::Denied(rule.clone())).collect();
        check(&whole, KG, &all[..199], &expected);
    }

    #[test]
    fn what_is_ones_own_is_nobody_elses() {
        let own = &["nodes:read:user-${user_id}-*"];
        let another = Beyond::NotAllowed("nodes:read:user-${user_id}-*".to_owned());
        check(own, KG, own, &[another]);
        let id = Uuid::from_u128(1);
        check(own, KG, &[&format!("nodes:read:user-{id}-*")], &[]);
        check(&["nodes:read:user-*"], KG, own, &[]);
        // Not even by somebody who denies it: whose it is that will be denied is not known.
        let all = &["nodes:read", "not nodes:read:user-${user_id}-*"];
        check(all, KG, all, &[Beyond::Denied("nodes:read".to_owned())]);
    }

    #[test]
    fn a_narrow_credential_hands_out_no_more_than_it_may_do() {
        let out = |text: &str| [Beyond::OutOfBounds(0, text.to_owned())];
        check(&["nodes:write"], &["nodes:read"], &["nodes:read"], &[]);
        check(&["nodes:write"], &["nodes:read"], &["nodes:write:a"], &out("nodes:write:a"));
        check(&["nodes:write"], &["nodes:write:a-*"], &["nodes:read:a-1"], &[]);
        check(&["nodes:read"], &["nodes:write:a-*"], &["nodes:read"], &out("nodes:read"));
        check(&["nodes:read"], &[], &["nodes:read:a"], &out("nodes:read:a"));
        check(&["nodes:read"], &[], &["not nodes:read"], &[]);
    }
}
