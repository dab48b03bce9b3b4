//! Whose place somebody may touch, and with what: nobody gives or takes what they do not hold themselves.

use wardgraph_access::{Held, Matcher, On, Question, RoleName, Rulebook};
use wardgraph_kernel::{Holder, OrganizationRole, Permission, TenantId, Timestamp, UserId, Write};
use wardgraph_store::Tx;

use super::Member;
use crate::{KeepingError, Session, held, sets};

/// At whose word something is done.
#[derive(Debug, Clone, Copy)]
pub enum By {
    /// A member's, who reaches as far as their roles do.
    Member(Session),
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

/// What somebody holds, and what of it for good.
#[derive(Debug)]
struct Own {
    user: UserId,
    now: Matcher,
    lasting: Matcher,
}

/// How far somebody reaches in an organization that is held.
#[derive(Debug)]
pub(super) struct Reach {
    roles: Rulebook,
    own: Option<Own>,
}

impl Reach {
    /// How far it is now, whatever a token says.
    ///
    /// # Errors
    /// Those of a session that has ended; [`KeepingError::Outside`] for somebody who is no member any more; [`KeepingError::Above`] for one who may not do this any more.
    pub(super) async fn of(
        tx: &mut Tx<'_, Write>,
        organization: &TenantId,
        (by, permission): (By, Permission),
        now: Timestamp,
    ) -> Result<Self, KeepingError> {
        let roles = held::rulebook(tx, organization).await?;
        let own = match by {
            By::Operator => None,
            By::Member(session) => {
                let user = session.user;
                session.lives(tx, organization).await?;
                let standing = held::standing(tx, organization, &Holder::User(user), now).await?;
                let standing = standing.ok_or(KeepingError::Outside)?;
                let own = Own { user, now: roles.compile(&standing.held)?, lasting: roles.compile(&standing.lasting)? };
                if !own.now.allows(&Question { permission, on: On::All, user: Some(user) }, &[]) {
                    return Err(KeepingError::Above("your roles do not let you do this any more"));
                }
                Some(own)
            }
        };
        Ok(Self { roles, own })
    }

    /// Refuses to give a role that is more than the giver has, or has for as long: a place has no end.
    pub(super) fn gives(&self, role: Option<OrganizationRole>) -> Result<(), KeepingError> {
        let told = "nobody gives a role above what they hold: ask an owner";
        let role = role.map(RoleName::from);
        self.covers(|own| &own.now, role.clone(), told)?;
        self.covers(|own| &own.lasting, role, "nobody gives for good what they hold for a while: ask an owner")
    }

    /// Refuses to touch the place of somebody who holds more.
    pub(super) async fn touches(&self, tx: &mut Tx<'_, Write>, member: &Member, now: Timestamp) -> Result<(), KeepingError> {
        let told = "nobody touches the place of somebody who may do more: ask an owner";
        // Who may do nothing for now is judged by what waits for them.
        let held = sets::held_by(tx, &Holder::User(member.user), now).await?.unwrap_or_default();
        let roles: Vec<RoleName> = held.into_iter().map(|holding| holding.role).collect();
        // Where they are more than somebody may hold, each is judged by itself: a deny among them excuses none.
        let at_once = if sets::fit(roles.iter().cloned()).is_ok() { roles.len().max(1) } else { 1 };
        roles.chunks(at_once).try_for_each(|roles| self.covers(|own| &own.now, roles.iter().cloned(), told))
    }

    fn covers(
        &self,
        held: impl Fn(&Own) -> &Matcher,
        roles: impl IntoIterator<Item = RoleName>,
        told: &'static str,
    ) -> Result<(), KeepingError> {
        let Some(own) = &self.own else { return Ok(()) };
        let given = self.roles.compile(&Held::new(roles, None)?)?;
        if held(own).beyond(Some(own.user), &[], &given).is_empty() { Ok(()) } else { Err(KeepingError::Above(told)) }
    }
}
