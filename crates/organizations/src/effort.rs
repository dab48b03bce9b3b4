//! How much one change may have compiled: until it is judged, the organization is held.

use wardgraph_access::{Held, RoleName, Rulebook};

use crate::OrganizationError;

/// How many rules count in all sets together that one change is judged by, each counted once for each permission that it is about, and once for each
/// moment at which it is judged.
const MOST_RULES: usize = 2_000_000;

/// What is left of it.
#[derive(Debug)]
pub(crate) struct Effort(usize);

impl Default for Effort {
    fn default() -> Self {
        Self(MOST_RULES)
    }
}

impl Effort {
    /// Counts a set before it is compiled.
    ///
    /// # Errors
    /// [`OrganizationError::InTheWay`] if it is too much.
    pub(crate) fn spend(&mut self, book: &Rulebook, roles: &[RoleName]) -> Result<(), OrganizationError> {
        // More roles than somebody may hold are not compiled.
        let counted = Held::new(roles.iter().cloned(), None).map_or(Ok(0), |held| book.effort_of(&held))?;
        let too_much = || {
            let told = format!(
                "it would be judged by more than {MOST_RULES} rules, counted for each permission in each set of roles that is held or \
                 inherited, and whenever one of them ends: have fewer roles inherit from it, or fewer sets of roles be held, first"
            );
            OrganizationError::InTheWay(told)
        };
        self.0 = self.0.checked_sub(1 + counted).ok_or_else(too_much)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use wardgraph_access::{Role, Rule};

    use super::*;

    #[test]
    fn so_many_rules_are_judged_and_no_more() {
        let name = |role: usize| RoleName::read(&format!("r{role}")).unwrap();
        let rules = |role: usize| (0..249).map(move |n| Rule::read(&format!("nodes:read:a-{role}-{n}")).unwrap());
        let parents = |role: usize| (role > 0).then(|| name(0));
        let made = (0..40).map(|role| Role::new(name(role), rules(role), [], parents(role)).unwrap());
        let (book, mut effort) = (Rulebook::new(made).unwrap(), Effort::default());
        let each = 40 * 249 + 40 + 39 + 1;
        // What is inherited counts in each set, and in each set once.
        let all: Vec<RoleName> = (0..40).map(name).collect();
        for _ in 0..MOST_RULES / each {
            effort.spend(&book, &all).unwrap();
        }
        assert!(matches!(effort.spend(&book, &all), Err(OrganizationError::InTheWay(_))));
        let mut effort = Effort(2 * 249 + 2 + 1 + 1);
        effort.spend(&book, &[name(1)]).unwrap();
        assert!(effort.spend(&book, &[]).is_err());
    }
}
