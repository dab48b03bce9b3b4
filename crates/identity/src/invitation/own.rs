//! Invitations, seen by the organization that they are of, and by who is invited.

use uuid::Uuid;
use wardgraph_kernel::{Cursor, InvitationId, Page, PageSize, Read, Timestamp, UserId, Write};
use wardgraph_store::{Role, Row, Statement, StoreError, Tx};

use super::Ended;
use crate::IdentityError;

const APP: &[Role] = &[Role::App];

pub(super) const LIST: Statement<Read> = Statement::reading(
    "identity.invitation.list",
    APP,
    "select invitation_id, email, role, inviter_id, created_at, expires_at, used_at, withdrawn_at from invitations
     where organization_id = $1 and invitation_id < $2 order by invitation_id desc limit $3",
);
pub(super) const WITHDRAW: Statement<Write> = Statement::writing(
    "identity.invitation.withdraw",
    APP,
    "update invitations set withdrawn_at = $3 where organization_id = $1 and invitation_id = $2 and used_at is null and withdrawn_at is null and expires_at > $3
     returning invitation_id, role, inviter_id, expires_at",
);
/// What an invitation to the own address says.
pub(super) const SHOWN: Statement<Read> = Statement::reading(
    "identity.own.invitation",
    APP,
    "select i.organization_name, i.role from invitations i join users u on u.email = i.email
     where i.invitation_id = $1 and u.user_id = $2 and i.used_at is null and i.withdrawn_at is null and i.expires_at > $3",
);
/// Where somebody is a member.
pub(super) const MEMBERSHIPS: Statement<Read> = Statement::reading(
    "identity.own.memberships",
    APP,
    "select m.organization_id, o.name, m.role from memberships m join organizations o using (organization_id)
     where m.user_id = $1 order by m.created_at, m.organization_id limit 1000",
);

/// How it stands with an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It can be followed.
    Open,
    /// It was.
    Used,
    /// It was withdrawn, or another one took its place.
    Withdrawn,
    /// It is too old.
    Expired,
}

/// An invitation, as its organization sees it.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// Who is invited.
    pub email: String,
    /// To be what.
    pub role: String,
    /// By whom.
    pub inviter: UserId,
    /// When.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
    /// How it stands with it.
    pub state: State,
}

/// What an invitation says to who is invited.
#[derive(Debug, Clone)]
pub struct Shown {
    /// What the organization was called.
    pub organization: String,
    /// In which role.
    pub role: String,
}

/// Where somebody is a member.
#[derive(Debug, Clone)]
pub struct Membership {
    /// The organization's id.
    pub organization: String,
    /// What it is called.
    pub name: String,
    /// As what, if they have a role there.
    pub role: Option<String>,
}

/// The invitations of the organization that the caller works in, the newest first; those that are past for a while, too.
pub async fn list(
    tx: &mut Tx<'_, Read>,
    after: Option<Cursor>,
    size: PageSize,
    now: Timestamp,
) -> Result<Page<Invitation>, StoreError> {
    let (tenant, after) = (tx.tenant(), after.map_or_else(Uuid::max, Cursor::id));
    let rows = tx.query(&LIST, &[&tenant, &after, &size.probe()]).await?;
    let found = rows.iter().map(|row| read(row, now)).collect::<Result<_, _>>()?;
    Ok(Page::cut(found, size, |invitation: &Invitation| invitation.id.uuid()))
}

/// Withdraws an invitation: whether it is somebody's to take is for the caller to judge.
///
/// # Errors
/// [`IdentityError::NoInvitation`] if the organization has no such one that is open.
pub async fn withdraw(tx: &mut Tx<'_, Write>, id: InvitationId, now: Timestamp) -> Result<Ended, IdentityError> {
    let tenant = tx.tenant();
    let rows = tx.write(&WITHDRAW, &[&tenant, &id.uuid(), &now]).await?;
    Ok(Ended::read(rows.first().ok_or(IdentityError::NoInvitation)?)?)
}

/// What an open invitation to the address of `user` says.
pub async fn shown(tx: &mut Tx<'_, Read>, id: InvitationId, user: UserId, now: Timestamp) -> Result<Option<Shown>, StoreError> {
    let row = tx.find(&SHOWN, &[&id.uuid(), &user.uuid(), &now]).await?;
    row.map(|row| Ok(Shown { organization: row.try_get(0)?, role: row.try_get(1)? })).transpose()
}

/// Where somebody is a member, the first one first.
pub async fn memberships(tx: &mut Tx<'_, Read>, user: UserId) -> Result<Vec<Membership>, StoreError> {
    let read = |row: &Row| Ok(Membership { organization: row.try_get(0)?, name: row.try_get(1)?, role: row.try_get(2)? });
    tx.query(&MEMBERSHIPS, &[&user.uuid()]).await?.iter().map(read).collect()
}

fn read(row: &Row, now: Timestamp) -> Result<Invitation, StoreError> {
    let expires_at: Timestamp = row.try_get(5)?;
    let (used, withdrawn): (Option<Timestamp>, Option<Timestamp>) = (row.try_get(6)?, row.try_get(7)?);
    let state = match (used, withdrawn) {
        (Some(_), _) => State::Used,
        (None, Some(_)) => State::Withdrawn,
        (None, None) if expires_at <= now => State::Expired,
        (None, None) => State::Open,
    };
    Ok(Invitation {
        id: row.try_get::<Uuid>(0)?.into(),
        email: row.try_get(1)?,
        role: row.try_get(2)?,
        inviter: row.try_get::<Uuid>(3)?.into(),
        created_at: row.try_get(4)?,
        expires_at,
        state,
    })
}
