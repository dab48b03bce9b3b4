//! Rules: `resource:action[:pattern]`.

use std::{fmt, sync::Arc};

use wardgraph_kernel::{Permission, Permissions};

use crate::{
    AccessError,
    pattern::{Pattern, SHARED},
    role::ceiling,
};

/// How long a rule's text may be, in bytes.
const LONGEST: usize = 256;

/// What is allowed or denied: some permissions, on what a pattern matches.
///
/// `*` may stand for a whole resource or a whole action, and means those that there are: `nodes:*`, `*:read`, `*:*`. A word that means no permission is
/// refused, since a deny that never matches protects nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rule {
    /// As it is shown: one text for each meaning.
    text: Arc<str>,
    named: Arc<[Permission]>,
    pattern: Pattern,
}

impl Rule {
    /// Reads a rule exactly as it stands.
    ///
    /// # Errors
    /// [`AccessError::Rule`], [`AccessError::Pattern`] or [`AccessError::Unknown`].
    pub fn read(text: &str) -> Result<Self, AccessError> {
        let mut parts = text.splitn(3, ':');
        let (Some(resource), Some(action)) = (parts.next(), parts.next()) else { return Err(AccessError::Rule) };
        let word = |part: &str| part == "*" || (!part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
        if text.len() > LONGEST || !word(resource) || !word(action) {
            return Err(AccessError::Rule);
        }
        let pattern = parts.next().map_or_else(|| Ok(Pattern::everything()), Pattern::read)?;
        let meant = |part: &str, word: &str| part == "*" || part == word;
        let named: Arc<[Permission]> = Permission::ALL
            .iter()
            .copied()
            .filter(|permission| {
                permission.word().split_once(':').is_some_and(|(one, other)| meant(resource, one) && meant(action, other))
            })
            .collect();
        if named.is_empty() {
            return Err(AccessError::Unknown(format!("{resource}:{action}")));
        }
        Ok(Self { text: shown(&format!("{resource}:{action}"), &pattern).into(), named, pattern })
    }

    /// The rule that speaks of all that a permission is about.
    pub fn of(permission: Permission) -> Self {
        Self { text: permission.word().into(), named: [permission].into(), pattern: Pattern::everything() }
    }

    /// The rule as text: `nodes:read:*` is `nodes:read`.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// About how many bytes it takes, and its texts.
    pub(crate) fn weight(&self) -> usize {
        let named = SHARED + self.named.len() * size_of::<Permission>();
        size_of::<Self>() + SHARED + self.text.len() + named + self.pattern.weight()
    }

    /// Which names it speaks of.
    pub const fn pattern(&self) -> &Pattern {
        &self.pattern
    }

    /// What it allows of what an organization can give, whichever names it speaks of.
    pub fn permissions(&self) -> Permissions {
        self.allowed(ceiling()).collect()
    }

    /// Whether it speaks of anything below a ceiling.
    pub(crate) fn is_within(&self, ceiling: Permissions) -> bool {
        self.named.iter().any(|permission| ceiling.allows(*permission))
    }

    /// What it allows below a ceiling: what it names, and what that implies.
    pub(crate) fn allowed(&self, ceiling: Permissions) -> impl Iterator<Item = Permission> {
        self.named.iter().copied().filter(|named| ceiling.allows(*named)).collect::<Permissions>().iter()
    }

    /// What it denies below a ceiling: what it names, and what cannot be done without that. Whoever may not read nodes may not search them
    /// either, since a search shows them.
    pub(crate) fn denied(&self, ceiling: Permissions) -> impl Iterator<Item = Permission> {
        let denies = |permission: Permission| {
            self.named.contains(&permission) || self.named.iter().any(|named| permission.implied().contains(named))
        };
        Permission::ALL.iter().copied().filter(move |permission| ceiling.allows(*permission) && denies(*permission))
    }
}

/// A permission on what a pattern matches, as rules are written.
pub(crate) fn shown(word: &str, pattern: &Pattern) -> String {
    if pattern.is_everything() { word.to_owned() } else { format!("{word}:{pattern}") }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardgraph_kernel::OrganizationRole;

    fn words(permissions: impl Iterator<Item = Permission>) -> String {
        permissions.map(Permission::word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_rule_is_read_in_one_way_or_not_at_all() {
        for (text, shown) in [
            ("nodes:read", "nodes:read"),
            ("nodes:read:*", "nodes:read"),
            ("nodes:*:production-*", "nodes:*:production-*"),
            ("*:*", "*:*"),
            ("*:read:user-${user_id}-*", "*:read:user-${user_id}-*"),
        ] {
            assert_eq!(Rule::read(text).unwrap().text(), shown);
        }
        let bad = [
            "",
            ":",
            "nodes",
            "nodes:",
            ":read",
            "nodes:read:",
            "nodes:read:a:b",
            "nodes::read",
            "Nodes:read",
            "nodes:READ",
            "nodes:re*",
            "node*:read",
            "nodes :read",
            " nodes:read",
            "nodes:read ",
            "n\u{43e}des:read",
            "nodes\u{ff1a}read",
            "nodes\u{2236}read",
            "nodes;read",
            "nodes.read",
            "nodes:**",
            "nodes:read,nodes:write",
            "nodes:read:A",
            "!nodes:read",
            "nodes:read\n",
            "nodes:\u{200b}read",
            &format!("nodes:read:{}", "a".repeat(300)),
        ];
        for bad in bad {
            assert!(matches!(Rule::read(bad), Err(AccessError::Rule | AccessError::Pattern)), "{bad:?}");
        }
        for unknown in ["nodes:delete", "indexes:read", "kg:read", "super_admin:*", "*:grant"] {
            assert_eq!(Rule::read(unknown), Err(AccessError::Unknown(unknown.to_owned())));
        }
    }

    #[test]
    fn an_organizations_wildcards_end_where_it_ends() {
        let ceiling = OrganizationRole::Owner.permissions();
        let all = Rule::read("*:*").unwrap();
        assert_eq!(all.allowed(ceiling).collect::<Permissions>(), ceiling);
        assert_eq!(all.denied(ceiling).collect::<Permissions>(), ceiling);
        for servers in ["shared:write", "users:write", "system:read", "system:*", "shared:*"] {
            assert!(!Rule::read(servers).unwrap().is_within(ceiling), "{servers}");
        }
        assert!(Rule::read("users:*").unwrap().is_within(ceiling));
    }

    #[test]
    fn what_is_allowed_brings_along_what_it_implies_and_what_is_denied_what_needs_it() {
        let ceiling = OrganizationRole::Owner.permissions();
        let (read, write) = (Rule::read("nodes:read").unwrap(), Rule::read("nodes:write").unwrap());
        assert_eq!(words(write.allowed(ceiling)), "nodes:read nodes:write");
        assert_eq!(words(write.denied(ceiling)), "nodes:write");
        assert_eq!(words(read.allowed(ceiling)), "nodes:read");
        assert_eq!(Rule::read("nodes:write:a-*").unwrap().permissions(), write.permissions());
        let writes = "nodes:read nodes:write edges:read edges:write triggers:read triggers:write members:write clients:read \
                      clients:write organizations:write roles:read roles:write reviews:read reviews:write indices:read \
                      indices:write";
        assert_eq!(words(Rule::read("*:write").unwrap().allowed(ceiling)), writes, "not what the server's `users:write` implies");
        assert_eq!(words(read.denied(ceiling)), "nodes:read nodes:write search:read");
    }
}
