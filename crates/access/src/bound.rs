//! What scopes leave of what the roles allow.

use wardgraph_kernel::{Permission, Permissions};

use crate::{Question, names::Names, pattern::Pattern};

/// The most that a credential may do, whatever its owner may: a token's scopes, or an API key's.
///
/// Scopes are the words of permissions, with a pattern if they are meant for some names alone: `nodes:read:production-*`. A word that means nothing
/// here allows nothing; `*` in the place of a resource or an action is no scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound(Most);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Most {
    /// Words without a pattern: what nearly every token has.
    Words(Permissions),
    /// By permission, in the list's order.
    Names(Box<[Names]>),
}

impl From<Permissions> for Bound {
    fn from(most: Permissions) -> Self {
        Self(Most::Words(most))
    }
}

impl Bound {
    /// The bound of these scopes.
    pub fn of_scopes<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let read: Vec<(Permissions, Pattern)> = words.into_iter().filter_map(scope).collect();
        if read.iter().all(|(_, pattern)| pattern.is_everything()) {
            return Self(Most::Words(read.iter().fold(Permissions::NONE, |all, (some, _)| all.union(*some))));
        }
        let names = |permission: &Permission| {
            Names::of(read.iter().filter(|(some, _)| some.allows(*permission)).map(|(_, pattern)| pattern.clone()))
        };
        Self(Most::Names(Permission::ALL.iter().map(names).collect()))
    }

    /// Whether it leaves room for what is asked.
    pub fn allows(&self, question: &Question<'_>) -> bool {
        match &self.0 {
            Most::Words(words) => words.allows(question.permission),
            Most::Names(all) => {
                let names = all.get(usize::from(question.permission as u8));
                names.is_some_and(|names| names.allows(question.on, question.user))
            }
        }
    }

    /// The patterns within which a permission is left.
    pub(crate) fn patterns(&self, permission: Permission) -> Vec<Pattern> {
        match &self.0 {
            Most::Words(words) => words.allows(permission).then(Pattern::everything).into_iter().collect(),
            Most::Names(all) => {
                all.get(usize::from(permission as u8)).map(|names| names.patterns().collect()).unwrap_or_default()
            }
        }
    }
}

/// What a scope means, and for which names.
fn scope(word: &str) -> Option<(Permissions, Pattern)> {
    let (head, pattern) = match word.match_indices(':').nth(1) {
        Some((at, _)) => (word.get(..at)?, Pattern::read(word.get(at + 1..)?).ok()?),
        None => (word, Pattern::everything()),
    };
    Some((Permissions::from_scopes([head]), pattern)).filter(|(permissions, _)| *permissions != Permissions::NONE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Name, On};

    fn allows(scopes: &[&str], permission: Permission, name: Option<&str>) -> bool {
        let on = name.map_or(On::All, |name| On::Named(Name::read(name).unwrap()));
        Bound::of_scopes(scopes.iter().copied()).allows(&Question { permission, on, user: None })
    }

    #[test]
    fn a_scope_with_a_pattern_leaves_those_names() {
        let some = ["nodes:write:production-*", "edges:read", "kg:read:shared"];
        assert!(
            allows(&some, Permission::NodesRead, Some("production-1"))
                && allows(&some, Permission::NodesWrite, Some("production-1"))
        );
        assert!(!allows(&some, Permission::NodesRead, None) && !allows(&some, Permission::NodesRead, Some("staging-1")));
        assert!(allows(&some, Permission::EdgesRead, None) && allows(&some, Permission::NodesRead, Some("shared")));
        assert!(!allows(&some, Permission::EdgesWrite, Some("production-1")));
    }

    #[test]
    fn a_word_that_means_nothing_leaves_nothing() {
        for none in [
            "",
            "*",
            "*:*",
            "nodes:*",
            "*:read",
            "nodes:read:",
            "nodes:read:A",
            "NODES:READ",
            "nodes:read:a:b",
            "openid",
            "nodes:read:**",
        ] {
            assert!(
                !allows(&[none], Permission::NodesRead, Some("a")) && !allows(&[none], Permission::NodesRead, None),
                "{none:?}"
            );
        }
        assert_eq!(Bound::of_scopes(["nodes:write", "openid"]), Bound::from(Permissions::from_scopes(["nodes:write"])));
        assert_eq!(Bound::of_scopes(["nodes:read:*"]), Bound::of_scopes(["nodes:read"]));
    }
}
