//! Roles: what some may do and what they may not, and whose rules they take over.

use std::{collections::BTreeSet, fmt, sync::Arc};

use wardgraph_kernel::{GlobalRole, OrganizationRole, Permissions};

use crate::{AccessError, Rule, pattern::SHARED};

/// How many rules a role may state, allowing and denying.
pub(crate) const RULES: usize = 256;
/// From how many roles a role may inherit.
pub(crate) const PARENTS: usize = 16;

/// The name of a role: 1 to 63 of `a-z 0-9 _ -`, a letter first.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleName(Arc<str>);

/// A role of an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    name: RoleName,
    allows: BTreeSet<Rule>,
    denies: BTreeSet<Rule>,
    inherits: BTreeSet<RoleName>,
    acts: usize,
}

impl RoleName {
    /// Reads a name exactly as it stands.
    ///
    /// # Errors
    /// [`AccessError::RoleName`] for what is none.
    pub fn read(text: &str) -> Result<Self, AccessError> {
        let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
        match text.as_bytes() {
            [first, rest @ ..] if first.is_ascii_lowercase() && rest.len() < 63 && rest.iter().all(|b| letter(*b)) => {
                Ok(Self(text.into()))
            }
            _ => Err(AccessError::RoleName),
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<OrganizationRole> for RoleName {
    fn from(role: OrganizationRole) -> Self {
        Self(role.word().into())
    }
}

impl From<GlobalRole> for RoleName {
    fn from(role: GlobalRole) -> Self {
        Self(role.word().into())
    }
}

impl Role {
    /// A role that an organization made: what it allows and denies, and whose rules it takes over.
    ///
    /// # Errors
    /// For a name that a built-in role has, for a rule that speaks of the whole server, and for too much of something.
    pub fn new(
        name: RoleName,
        allows: impl IntoIterator<Item = Rule>,
        denies: impl IntoIterator<Item = Rule>,
        inherits: impl IntoIterator<Item = RoleName>,
    ) -> Result<Self, AccessError> {
        if OrganizationRole::of(name.as_str()).is_some() || GlobalRole::of(name.as_str()).is_some() {
            return Err(AccessError::BuiltIn(name.to_string()));
        }
        let (allows, denies): (BTreeSet<Rule>, BTreeSet<Rule>) = (allows.into_iter().collect(), denies.into_iter().collect());
        let gives: usize = allows.iter().map(|rule| rule.allowed(ceiling()).count()).sum();
        let takes: usize = denies.iter().map(|rule| rule.denied(ceiling()).count()).sum();
        let role = Self { name, allows, denies, inherits: inherits.into_iter().collect(), acts: gives + takes };
        if role.rules() > RULES {
            return Err(AccessError::TooMany { what: "rules of a role", most: RULES });
        }
        if role.inherits.len() > PARENTS {
            return Err(AccessError::TooMany { what: "roles that a role inherits from", most: PARENTS });
        }
        match role.allows.iter().chain(&role.denies).find(|rule| !rule.is_within(ceiling())) {
            Some(beyond) => Err(AccessError::Beyond(beyond.to_string())),
            None => Ok(role),
        }
    }

    /// A built-in role, as a rule for each of its permissions.
    pub(crate) fn built_in(role: OrganizationRole) -> Self {
        let allows: BTreeSet<Rule> = role.permissions().iter().map(Rule::of).collect();
        Self { name: role.into(), acts: allows.len(), allows, denies: BTreeSet::new(), inherits: BTreeSet::new() }
    }

    /// The name.
    pub const fn name(&self) -> &RoleName {
        &self.name
    }

    /// What it allows by itself.
    pub fn allows(&self) -> impl Iterator<Item = &Rule> {
        self.allows.iter()
    }

    /// What it denies by itself.
    pub fn denies(&self) -> impl Iterator<Item = &Rule> {
        self.denies.iter()
    }

    /// Whose rules it takes over.
    pub fn inherits(&self) -> impl Iterator<Item = &RoleName> {
        self.inherits.iter()
    }

    /// About how many bytes it takes, and its texts.
    pub(crate) fn weight(&self) -> usize {
        let rules: usize = self.allows.iter().chain(&self.denies).map(Rule::weight).sum();
        let names = self.inherits.len() * size_of::<RoleName>();
        size_of::<Self>() + SHARED + self.name.as_str().len() + names + rules
    }

    pub(crate) fn rules(&self) -> usize {
        self.allows.len() + self.denies.len()
    }

    /// How many rules it states, each counted once for each permission that it is about.
    pub(crate) const fn acts(&self) -> usize {
        self.acts
    }

    /// How much it is to compile it by itself: its rules, each counted once for each permission that it is about, and those it inherits from.
    pub fn effort(&self) -> usize {
        1 + self.acts + self.inherits.len()
    }
}

/// What an organization can give at most: what its owners have. Its denies end there too, so that nobody keeps an administrator of the server from
/// administering it.
pub(crate) const fn ceiling() -> Permissions {
    OrganizationRole::Owner.permissions()
}

impl fmt::Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(name: &str, allows: &[&str]) -> Result<Role, AccessError> {
        Role::new(RoleName::read(name)?, allows.iter().map(|text| Rule::read(text).unwrap()), [], [])
    }

    #[test]
    fn a_role_is_named_as_no_other_could_be_mistaken_for() {
        for bad in ["", "1a", "-a", "Auditor", "\u{430}dmin", "a b", "a:b", "a\"b", "a');--", "a\u{200d}", &"a".repeat(64)] {
            assert_eq!(RoleName::read(bad), Err(AccessError::RoleName), "{bad:?}");
        }
        assert!(role(&"a".repeat(63), &[]).is_ok());
        for built_in in ["owner", "analyst", "super_admin", "viewer"] {
            assert_eq!(role(built_in, &[]), Err(AccessError::BuiltIn(built_in.to_owned())));
        }
    }

    #[test]
    fn no_role_of_an_organization_speaks_of_the_server() {
        for beyond in ["system:read", "shared:*", "users:write", "users:write:a*"] {
            assert_eq!(role("a", &["nodes:read", beyond]), Err(AccessError::Beyond(beyond.to_owned())));
        }
        assert!(role("a", &["*:*", "*:write", "users:*"]).is_ok());
    }

    #[test]
    fn a_role_has_no_more_rules_than_it_may() {
        let rules: Vec<String> = (0..=RULES).map(|number| format!("nodes:read:a-{number}")).collect();
        let texts: Vec<&str> = rules.iter().map(String::as_str).collect();
        assert!(role("a", &texts[1..]).is_ok());
        assert!(matches!(role("a", &texts), Err(AccessError::TooMany { most: RULES, .. })));
        let parents = (0..=PARENTS).map(|number| RoleName::read(&format!("r{number}")).unwrap());
        assert!(Role::new(RoleName::read("a").unwrap(), [], [], parents).is_err());
    }
}
