//! Whose place somebody may touch, and with what: nobody gives or takes what they do not hold themselves.

use wardgraph_access::{Held, Matcher, On, Question, RoleName, Rulebook};
use wardgraph_kernel::{Holder, OrganizationRole, Permission, TenantId, Timestamp, UserId, Write};
use wardgraph_store::Tx;

use super::Member;
use crate::{KeepingError, held};

/// At whose word something is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// A member's, who reaches as far as their roles do.
    Member(UserId),
    /// That of whoever runs the server.
    Operator,
}

/// Refuses somebody whose roles let them do this no more: a token outlives by up to a second what is taken back, and this is not left to it.
///
/// # Errors
/// As it says.
pub async fn still(
    tx: &mut Tx<'_, Write>,
    organization: &TenantId,
    by: (By, Permission),
    now: Timestamp,
) -> Result<(), KeepingError> {
    Reach::of(tx, organization, by, now).await.map(drop)
}

/// How far somebody reaches in an organization that is held.
#[derive(Debug)]
pub(super) struct Reach {
    roles: Rulebook,
    own: Option<(UserId, Matcher)>,
}

impl Reach {
    /// How far it is now, whatever a token says.
    ///
    /// # Errors
    /// [`KeepingError::Outside`] for somebody who is no member any more; [`KeepingError::Above`] for one who may not do this any more.
    pub(super) async fn of(
        tx: &mut Tx<'_, Write>,
        organization: &TenantId,
        (by, permission): (By, Permission),
        now: Timestamp,
    ) -> Result<Self, KeepingError> {
        let roles = held::rulebook(tx, organization).await?;
        let own = match by {
            By::Operator => None,
            By::Member(user) => {
                let standing = held::standing(tx, organization, &Holder::User(user), now).await?;
                let held = standing.ok_or(KeepingError::Outside)?.held;
                let own = roles.compile(&held)?;
                if !own.allows(&Question { permission, on: On::All, user: Some(user) }, &[]) {
                    return Err(KeepingError::Above("your roles do not let you do this any more"));
                }
                Some((user, own))
            }
        };
        Ok(Self { roles, own })
    }

    /// Refuses to give a role that is more than the giver has.
    pub(super) fn gives(&self, role: Option<OrganizationRole>) -> Result<(), KeepingError> {
        self.covers(role.map(RoleName::from), "nobody gives a role above what they hold: ask an owner")
    }

    /// Refuses to touch the place of somebody who holds more.
    pub(super) async fn touches(
        &self,
        tx: &mut Tx<'_, Write>,
        organization: &TenantId,
        member: &Member,
        now: Timestamp,
    ) -> Result<(), KeepingError> {
        // Who may do nothing for now is judged by the role that waits for them.
        let standing = held::standing(tx, organization, &Holder::User(member.user), now).await?;
        let granted = standing.iter().flat_map(|standing| standing.held.roles().cloned());
        let role = member.role.as_deref().and_then(OrganizationRole::of).map(RoleName::from);
        self.covers(granted.chain(role), "nobody touches the place of somebody who may do more: ask an owner")
    }

    fn covers(&self, roles: impl IntoIterator<Item = RoleName>, told: &'static str) -> Result<(), KeepingError> {
        let Some((user, own)) = &self.own else { return Ok(()) };
        let given = self.roles.compile(&Held::new(roles, None)?)?;
        if own.beyond(Some(*user), &[], &given).is_empty() { Ok(()) } else { Err(KeepingError::Above(told)) }
    }
}
