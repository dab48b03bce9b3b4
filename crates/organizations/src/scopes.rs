//! Scopes that somebody wants for a key of theirs: the words of permissions, with a pattern if they are meant for some names alone.

use wardgraph_access::{Bound, Held, Matcher, Role, RoleName, Rule, Rulebook};
use wardgraph_kernel::{Mode, Permissions, TenantId, Timestamp, UserId};
use wardgraph_store::Tx;

use crate::{Giver, OrganizationError, bench::apart, held};

/// What is wrong with a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misfit {
    /// It means nothing.
    Unknown,
    /// It is more than its owner may in the organization.
    Beyond,
}

/// Those of the scopes that a key of `user` cannot have, with their places. What is denied to them is denied to the key, and in the way of none.
///
/// # Errors
/// [`OrganizationError::Beyond`] for who is no member any more.
pub async fn misfits<M: Mode>(
    tx: &mut Tx<'_, M>,
    organization: &TenantId,
    user: UserId,
    scopes: &[String],
    now: Timestamp,
) -> Result<Vec<(usize, Misfit)>, OrganizationError> {
    let standing = held::standing(tx, organization, &wardgraph_kernel::Holder::User(user), now).await?;
    let outside = || OrganizationError::Beyond(vec!["you are no member of the organization any more".into()]);
    let standing = standing.ok_or_else(outside)?;
    // A global role is a person's, and no key's.
    let held = standing.held.here();
    let book = held::rulebook(tx, organization).await?;
    apart(organization, book.effort(), || {
        let by = Giver::person(user, book.compile(&held)?, Vec::new());
        Ok(scopes.iter().enumerate().filter_map(|(place, scope)| Some((place, misfit(&by, scope)?))).collect())
    })
    .await?
}

fn misfit(by: &Giver, scope: &str) -> Option<Misfit> {
    if Bound::of_scopes([scope]) == Bound::of_scopes([]) {
        return Some(Misfit::Unknown);
    }
    match meant(scope) {
        // What concerns the whole server is nobody's in an organization.
        None => Some(Misfit::Beyond),
        Some(matcher) => (!by.holds(&matcher)).then_some(Misfit::Beyond),
    }
}

/// What a scope would allow, as a role.
fn meant(scope: &str) -> Option<Matcher> {
    let (head, pattern) = match scope.match_indices(':').nth(1) {
        Some((at, _)) => scope.split_at_checked(at)?,
        None => (scope, ""),
    };
    let rules: Result<Vec<Rule>, _> =
        Permissions::from_scopes([head]).iter().map(|permission| Rule::read(&format!("{permission}{pattern}"))).collect();
    let name = RoleName::read("scope").ok()?;
    let book = Rulebook::new([Role::new(name.clone(), rules.ok()?, [], []).ok()?]).ok()?;
    book.compile(&Held::new([name], None).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn judged(own: &[&str], scope: &str) -> Option<Misfit> {
        let read = |denies: bool| -> Vec<Rule> {
            let meant = own.iter().filter(|rule| rule.starts_with("not ") == denies);
            meant.map(|rule| Rule::read(rule.trim_start_matches("not ")).unwrap()).collect()
        };
        let name = RoleName::read("custom").unwrap();
        let book = Rulebook::new([Role::new(name.clone(), read(false), read(true), []).unwrap()]).unwrap();
        let holds = book.compile(&Held::new([name], None).unwrap()).unwrap();
        misfit(&Giver::person(Uuid::from_u128(1).into(), holds, Vec::new()), scope)
    }

    #[test]
    fn a_key_has_what_its_owner_has_or_less() {
        let own = &["nodes:write", "edges:read:a-*", "not nodes:read:secret-*"];
        for good in ["nodes:write", "nodes:read", "nodes:read:a-*", "nodes:write:secret-1", "edges:read:a-1", "edges:read:a-*"] {
            assert_eq!(judged(own, good), None, "{good}");
        }
        for beyond in ["edges:read", "edges:read:a*", "edges:write:a-1", "kg:read", "system:read", "users:write", "search:read"] {
            assert_eq!(judged(own, beyond), Some(Misfit::Beyond), "{beyond}");
        }
        for unknown in [
            "",
            "nodes",
            "nodes:paint",
            "nodes:*",
            "nodes:read:",
            "nodes:read:A",
            "nodes:read:a:b",
            "nodes:read:**",
            "n\u{43e}des:read",
        ] {
            assert_eq!(judged(own, unknown), Some(Misfit::Unknown), "{unknown}");
        }
    }
}
