//! Inviting.

use std::time::Duration;

use wardgraph_kernel::{Chance, InvitationId, Timestamp, UserId, Write};
use wardgraph_store::{Role, Statement, StoreError, Tx};

use super::Ended;
use crate::{Address, IdentityError};

const APP: &[Role] = &[Role::App];
/// How many invitations an organization makes in a day.
const MOST_IN_A_DAY: i64 = 100;
const DAY: Duration = Duration::from_hours(24);

/// Who invites, as whoever is invited is told.
pub(super) const INVITER: Statement<Write> = Statement::writing(
    "identity.invitation.inviter",
    APP,
    "select o.name, case when u.verified_at is null then '' else u.email end
     from organizations o join memberships m using (organization_id) join users u using (user_id)
     where o.organization_id = $1 and m.user_id = $2",
);
/// How many there were since, withdrawn ones included, and when the first of them was.
pub(super) const COUNT: Statement<Write> = Statement::writing(
    "identity.invitation.count",
    APP,
    "select count(*), min(created_at) from invitations where organization_id = $1 and created_at > $2",
);
/// The last one to an address is the one that counts. One that is past is past, and not withdrawn.
pub(super) const REPLACE: Statement<Write> = Statement::writing(
    "identity.invitation.replace",
    APP,
    "update invitations set withdrawn_at = $3 where organization_id = $1 and email = $2 and used_at is null and withdrawn_at is null and expires_at > $3
     returning invitation_id, role, inviter_id, expires_at",
);
pub(super) const MAKE: Statement<Write> = Statement::writing(
    "identity.invitation.make",
    APP,
    "insert into invitations (invitation_id, organization_id, email, role, inviter_id, organization_name, created_at, expires_at) values ($1, $2, $3, $4, $5, $6, $7, $8)",
);

/// Who invites.
#[derive(Debug, Clone)]
pub struct Inviter {
    /// The account.
    pub user: UserId,
    /// What the organization is called that they work in.
    pub organization: String,
    /// Their address, if it was shown to be theirs; else empty.
    pub email: String,
}

/// What is asked for.
#[derive(Debug)]
pub struct NewInvitation<'a> {
    /// Who is invited.
    pub email: &'a Address,
    /// To be what: a role of the organization.
    pub role: &'a str,
    /// Until when.
    pub expires_at: Timestamp,
}

/// What was done.
#[derive(Debug)]
pub struct Made {
    /// The invitation.
    pub id: InvitationId,
    /// Those to the same address, which are good no more.
    pub replaced: Vec<Ended>,
}

/// Who invites.
///
/// # Errors
/// [`IdentityError::Missing`] for whoever is no member any more.
pub async fn inviter(tx: &mut Tx<'_, Write>, user: UserId) -> Result<Inviter, IdentityError> {
    let tenant = tx.tenant();
    let rows = tx.write(&INVITER, &[&tenant, &user.uuid()]).await?;
    let row = rows.first().ok_or(IdentityError::Missing("organization"))?;
    Ok(Inviter { user, organization: row.try_get(0)?, email: row.try_get(1)? })
}

/// Whether the organization, which is held so that invitations which are made at once are counted one after another, may invite once more at `now`;
/// else when it may.
pub async fn room(tx: &mut Tx<'_, Write>, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
    let (tenant, since) = (tx.tenant(), now.saturating_sub(DAY).unwrap_or(Timestamp::MIN));
    let rows = tx.write(&COUNT, &[&tenant, &since]).await?;
    let row = rows.first().ok_or(StoreError::Ended)?;
    let first: Option<Timestamp> = row.try_get(1)?;
    let is_full = row.try_get::<i64>(0)? >= MOST_IN_A_DAY;
    Ok(first.filter(|_| is_full).map(|first| first.saturating_add(DAY).unwrap_or(Timestamp::MAX)))
}

/// Makes an invitation, which takes the place of those to the same address: whether these are its inviter's to take is for the caller to judge.
pub async fn make(
    tx: &mut Tx<'_, Write>,
    by: &Inviter,
    new: &NewInvitation<'_>,
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<Made, StoreError> {
    let (tenant, id, email) = (tx.tenant(), InvitationId::new(now, chance), new.email.as_str());
    let rows = tx.write(&REPLACE, &[&tenant, &email, &now]).await?;
    let replaced = rows.iter().map(Ended::read).collect::<Result<_, _>>()?;
    let inviter = by.user.uuid();
    tx.write(&MAKE, &[&id.uuid(), &tenant, &email, &new.role, &inviter, &by.organization, &now, &new.expires_at]).await?;
    Ok(Made { id, replaced })
}
