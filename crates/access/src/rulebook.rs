//! All roles of an organization, known to hang together.

use std::collections::{BTreeMap, BTreeSet};

use wardgraph_kernel::{OrganizationRole, Permissions};

use crate::{
    AccessError, Matcher, Role, RoleName, Rule,
    matcher::{Effect, Stated},
    matchers::Held,
    role,
};

/// How many roles an organization may make.
pub(crate) const ROLES: usize = 500;
/// How many rules they may state together.
pub(crate) const RULES: usize = 20_000;
/// How many these are, each counted once for each permission that it is about: `*:*:a-*` is about all that an organization can give.
pub(crate) const ACTS: usize = 60_000;
/// Over how many generations a role may inherit.
pub(crate) const DEEPEST: usize = 8;

/// The roles of an organization, the built-in ones among them.
///
/// **Invariant:** no name stands for two roles, whoever is inherited from is there, nobody inherits from itself, and none of it is without bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rulebook {
    roles: BTreeMap<RoleName, Role>,
}

impl Rulebook {
    /// The built-in roles, and those that the organization made.
    ///
    /// # Errors
    /// For roles that do not go together; the same error whatever their order.
    pub fn new(made: impl IntoIterator<Item = Role>) -> Result<Self, AccessError> {
        let built_in = OrganizationRole::ALL.iter().map(|role| Role::built_in(*role));
        let mut roles: BTreeMap<_, _> = built_in.map(|role| (role.name().clone(), role)).collect();
        let (most, mut stated, mut acts) = (roles.len() + ROLES, 0, 0);
        let mut made: Vec<Role> = made.into_iter().take(ROLES + 1).collect();
        made.sort_by(|one, other| one.name().cmp(other.name()));
        for role in made {
            stated += role.rules();
            acts += role.acts();
            if let Some(twice) = roles.insert(role.name().clone(), role) {
                return Err(AccessError::Twice(twice.name().to_string()));
            }
        }
        if roles.len() > most {
            return Err(AccessError::TooMany { what: "roles of an organization", most: ROLES });
        }
        if stated > RULES {
            return Err(AccessError::TooMany { what: "rules in the roles of an organization", most: RULES });
        }
        if acts > ACTS {
            let what = "permissions in the rules of an organization, counted for each rule";
            return Err(AccessError::TooMany { what, most: ACTS });
        }
        let book = Self { roles };
        let mut heights = BTreeMap::new();
        for role in book.roles.values() {
            book.height(role, &mut Vec::new(), &mut heights)?;
        }
        Ok(book)
    }

    /// A role by its name.
    pub fn find(&self, name: &RoleName) -> Option<&Role> {
        self.roles.get(name)
    }

    /// Every role, the built-in ones among them, by name.
    pub fn roles(&self) -> impl Iterator<Item = &Role> {
        self.roles.values()
    }

    /// How many rules all of them state together, each counted once for each permission that it is about.
    pub fn acts(&self) -> usize {
        self.roles.values().map(Role::acts).sum()
    }

    /// About how many bytes it takes, texts among them.
    pub fn weight(&self) -> usize {
        size_of::<Self>() + self.roles.values().map(|role| size_of::<RoleName>() + role.weight()).sum::<usize>()
    }

    /// How many rules count for who holds this, what is taken over among them; each once for each permission that it is about.
    ///
    /// # Errors
    /// Those of [`Self::compile`].
    pub fn counted(&self, held: &Held) -> Result<usize, AccessError> {
        Ok(self.lineage(held)?.into_iter().map(|(role, _)| role.acts()).sum())
    }

    /// What somebody's roles come to.
    ///
    /// # Errors
    /// [`AccessError::NoRole`] for a role that is not there: what it would have denied is not known.
    pub fn compile(&self, held: &Held) -> Result<Matcher, AccessError> {
        let mut stated = Vec::new();
        if let Some(role) = held.global() {
            let (name, through) = (RoleName::from(role), [RoleName::from(role)].into());
            let rules = role.permissions().iter().map(Rule::of);
            let of = Stated::maker(name, through, Permissions::all());
            stated.extend(rules.map(|rule| of(Effect::Allow, rule)));
        }
        for (role, through) in self.lineage(held)? {
            let through = through.into_iter().cloned().collect();
            let of = Stated::maker(role.name().clone(), through, role::ceiling());
            stated.extend(role.allows().map(|rule| of(Effect::Allow, rule.clone())));
            stated.extend(role.denies().map(|rule| of(Effect::Deny, rule.clone())));
        }
        Ok(Matcher::new(stated))
    }

    /// Every role whose rules count, with those of the held ones that lead there.
    fn lineage<'a>(&'a self, held: &'a Held) -> Result<Vec<(&'a Role, BTreeSet<&'a RoleName>)>, AccessError> {
        let mut counted: BTreeMap<&RoleName, BTreeSet<&RoleName>> = BTreeMap::new();
        for root in held.roles() {
            let mut waiting = vec![root];
            while let Some(name) = waiting.pop() {
                if counted.entry(name).or_default().insert(root) {
                    let role = self.roles.get(name).ok_or_else(|| AccessError::NoRole(name.to_string()))?;
                    waiting.extend(role.inherits());
                }
            }
        }
        let role = |(name, through): (&RoleName, _)| Some((self.roles.get(name)?, through));
        Ok(counted.into_iter().filter_map(role).collect())
    }

    /// How many generations stand above a role. `trail` are those below, from whom it was come to.
    fn height<'a>(
        &'a self,
        role: &'a Role,
        trail: &mut Vec<&'a RoleName>,
        known: &mut BTreeMap<&'a RoleName, usize>,
    ) -> Result<usize, AccessError> {
        if let Some(height) = known.get(role.name()) {
            return Ok(*height);
        }
        if trail.contains(&role.name()) {
            return Err(AccessError::Circle(role.name().to_string()));
        }
        trail.push(role.name());
        let mut height = 0;
        for name in role.inherits() {
            let missing = || AccessError::Parent(role.name().to_string(), name.to_string());
            let parent = self.roles.get(name).ok_or_else(missing)?;
            height = height.max(1 + self.height(parent, trail, known)?);
        }
        trail.pop();
        if height > DEEPEST {
            return Err(AccessError::TooDeep(role.name().to_string()));
        }
        known.insert(role.name(), height);
        Ok(height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(name: &str, inherits: &[&str]) -> Role {
        let parents = inherits.iter().map(|name| RoleName::read(name).unwrap());
        Role::new(RoleName::read(name).unwrap(), [], [], parents).unwrap()
    }

    fn refused(roles: Vec<Role>) -> AccessError {
        let mut reversed = roles.clone();
        reversed.reverse();
        let (error, other) = (Rulebook::new(roles).unwrap_err(), Rulebook::new(reversed).unwrap_err());
        assert_eq!(error, other, "order matters");
        error
    }

    #[test]
    fn nobody_inherits_from_itself_however_long_the_way() {
        assert_eq!(refused(vec![role("a", &["a"])]), AccessError::Circle("a".into()));
        assert_eq!(refused(vec![role("a", &["b"]), role("b", &["a"])]), AccessError::Circle("a".into()));
        let ring = |size: usize| (0..size).map(move |n| role(&format!("r{n:03}"), &[&format!("r{:03}", (n + 1) % size)]));
        for size in [3, 8, 9, 10, 400] {
            assert_eq!(refused(ring(size).collect()), AccessError::Circle("r000".into()), "{size}");
        }
    }

    #[test]
    fn who_is_inherited_from_is_a_role_of_the_organization() {
        for parent in ["nobody", "super_admin", "viewer"] {
            assert_eq!(refused(vec![role("a", &[parent])]), AccessError::Parent("a".into(), parent.into()));
        }
        assert_eq!(refused(vec![role("a", &[]), role("a", &["owner"])]), AccessError::Twice("a".into()));
        assert!(Rulebook::new([role("a", &["owner", "analyst"]), role("b", &["a"])]).is_ok());
    }

    #[test]
    fn a_rule_that_is_about_much_counts_as_much() {
        let wide = |count: usize| -> Vec<Role> {
            let rules = |role: usize| (0..count.saturating_sub(role * 200).min(200)).map(move |n| format!("*:*:r{role}-{n}"));
            let made = |role: usize| {
                let rules = rules(role).map(|text| Rule::read(&text).unwrap());
                Role::new(RoleName::read(&format!("r{role}")).unwrap(), rules, [], []).unwrap()
            };
            (0..count.div_ceil(200)).map(made).collect()
        };
        let each = role::ceiling().iter().count();
        let book = Rulebook::new(wide(ACTS / each)).unwrap();
        let held = Held::new([RoleName::read("r0").unwrap()], None).unwrap();
        assert_eq!(book.counted(&held).unwrap(), 200 * each);
        assert!(matches!(refused(wide(ACTS / each + 1)), AccessError::TooMany { most: ACTS, .. }));
    }

    #[test]
    fn inheritance_and_roles_have_bounds() {
        let chain = |length: usize| {
            (0..length).map(move |n| if n == 0 { role("c0", &[]) } else { role(&format!("c{n}"), &[&format!("c{}", n - 1)]) })
        };
        assert!(Rulebook::new(chain(DEEPEST + 1)).is_ok());
        assert!(matches!(refused(chain(DEEPEST + 2).collect()), AccessError::TooDeep(_)));
        let many = |count: usize| (0..count).map(|n| role(&format!("r{n}"), &[]));
        assert!(Rulebook::new(many(ROLES)).is_ok());
        assert!(matches!(Rulebook::new(many(ROLES + 1)), Err(AccessError::TooMany { most: ROLES, .. })));
        // Diamonds over diamonds: each role is looked at once.
        let layers = (0..DEEPEST).flat_map(|layer| {
            let above: Vec<String> =
                if layer == 0 { Vec::new() } else { (0..16).map(|n| format!("l{}-{n}", layer - 1)).collect() };
            (0..16).map(move |n| role(&format!("l{layer}-{n}"), &above.iter().map(String::as_str).collect::<Vec<_>>()))
        });
        assert!(Rulebook::new(layers).is_ok());
    }
}
