//! All roles of an organization, known to hang together.

use std::collections::BTreeMap;

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
    /// How many generations stand above each.
    heights: BTreeMap<RoleName, usize>,
}

/// A role whose rules count for somebody.
#[derive(Debug)]
pub struct Lineage<'a> {
    /// The role.
    pub role: &'a Role,
    /// Those of the roles that are held which lead there, by name.
    pub through: Vec<&'a RoleName>,
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
        let mut book = Self { roles, heights: BTreeMap::new() };
        let mut heights = BTreeMap::new();
        for role in book.roles.values() {
            book.height(role, &mut Vec::new(), &mut heights)?;
        }
        book.heights = heights.into_iter().map(|(name, height)| (name.clone(), height)).collect();
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

    /// How much it is to compile all of it: what it is to compile each role.
    pub fn effort(&self) -> usize {
        self.roles.values().map(Role::effort).sum()
    }

    /// About how many bytes it takes, texts among them.
    pub fn weight(&self) -> usize {
        size_of::<Self>() + self.roles.values().map(|role| size_of::<RoleName>() + role.weight()).sum::<usize>()
    }

    /// How much it is to compile what somebody holds, what is taken over among it.
    ///
    /// # Errors
    /// Those of [`Self::compile`].
    pub fn effort_of(&self, held: &Held) -> Result<usize, AccessError> {
        Ok(self.lineage(held)?.iter().map(|counts| counts.role.effort()).sum())
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
        for Lineage { role, through } in self.lineage(held)? {
            let through = through.into_iter().cloned().collect();
            let of = Stated::maker(role.name().clone(), through, role::ceiling());
            stated.extend(role.allows().map(|rule| of(Effect::Allow, rule.clone())));
            stated.extend(role.denies().map(|rule| of(Effect::Deny, rule.clone())));
        }
        Ok(Matcher::new(stated))
    }

    /// Every role whose rules count for who holds this, by name.
    ///
    /// # Errors
    /// Those of [`Self::compile`].
    pub fn lineage<'a>(&'a self, held: &'a Held) -> Result<Vec<Lineage<'a>>, AccessError> {
        // A bit for each role that is held: there are no more than [`HELD`].
        let mut levels: Vec<BTreeMap<&RoleName, u128>> = vec![BTreeMap::new(); DEEPEST + 1];
        let reach = |name: &'a RoleName, by: u128, levels: &mut Vec<BTreeMap<&'a RoleName, u128>>| {
            let height = self.heights.get(name).ok_or_else(|| AccessError::NoRole(name.to_string()))?;
            if let Some(level) = levels.get_mut(*height) {
                *level.entry(name).or_default() |= by;
            }
            Ok::<_, AccessError>(())
        };
        for (bit, root) in held.roles().enumerate() {
            reach(root, 1_u128 << bit, &mut levels)?;
        }
        let mut counted = BTreeMap::new();
        // Who is inherited from stands lower than who inherits: whoever's turn it is, all that leads there is known.
        while let Some(level) = levels.pop() {
            for (name, by) in level {
                let role = self.roles.get(name).ok_or_else(|| AccessError::NoRole(name.to_string()))?;
                for parent in role.inherits() {
                    reach(parent, by, &mut levels)?;
                }
                counted.insert(name, (role, by));
            }
        }
        let through =
            |by: u128| held.roles().enumerate().filter(|(bit, _)| by & (1_u128 << bit) != 0).map(|(_, root)| root).collect();
        Ok(counted.into_values().map(|(role, by)| Lineage { role, through: through(by) }).collect())
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
        assert_eq!(book.effort_of(&held).unwrap(), 1 + 200 * each);
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

    #[test]
    fn what_counts_is_told_with_all_that_leads_there() {
        let book =
            Rulebook::new([role("a", &["b", "c"]), role("b", &["d"]), role("c", &["d", "analyst"]), role("d", &[])]).unwrap();
        let held = Held::new(["c", "b", "analyst"].map(|name| RoleName::read(name).unwrap()), None).unwrap();
        let lineage = book.lineage(&held).unwrap();
        let through = |one: &Lineage<'_>| one.through.iter().map(|name| name.as_str().to_owned()).collect::<Vec<_>>().join(" ");
        let told: Vec<_> = lineage.iter().map(|one| format!("{}: {}", one.role.name(), through(one))).collect();
        assert_eq!(told, ["analyst: analyst c", "b: b", "c: c", "d: b c"]);
        let gone = Held::new([RoleName::read("e").unwrap()], None).unwrap();
        assert_eq!(book.lineage(&gone).err(), Some(AccessError::NoRole("e".into())));
    }
}
