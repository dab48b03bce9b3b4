//! A member goes, and what they had there ends: sessions, their own and those of clients, API keys, consents with what waits to be fetched by them,
//! invitations that they made, tokens by which programs register clients. What is granted to them goes with the membership.

use uuid::Uuid;
use wardgraph_identity::{invitation::Ended, session::Why};
use wardgraph_kernel::{ApiKeyId, ChangeKind, Holder, SessionId, UserId, Write};
use wardgraph_store::{Row, Statement, StoreError, Tx};

use super::{APP, HandedOver, Member, find, without};
use crate::{Desk, Giver, OrganizationError, Session, announce, sets};

pub(super) const SESSIONS: Statement<Write> = Statement::writing(
    "organizations.members.end_sessions",
    APP,
    "update sessions set ended_at = $3, ended_by = $4 where organization_id = $1 and user_id = $2 and ended_at is null returning session_id",
);
pub(super) const KEYS: Statement<Write> = Statement::writing(
    "organizations.members.revoke_keys",
    APP,
    "update api_keys set revoked_at = $3 where organization_id = $1 and user_id = $2 and revoked_at is null returning key_id",
);
pub(super) const CONSENTS: Statement<Write> = Statement::writing(
    "organizations.members.take_consents",
    APP,
    "delete from consents where organization_id = $1 and user_id = $2",
);
pub(super) const CODES: Statement<Write> = Statement::writing(
    "organizations.members.take_codes",
    APP,
    "delete from authorization_codes where organization_id = $1 and user_id = $2 and used_at is null",
);
pub(super) const DEVICES: Statement<Write> = Statement::writing(
    "organizations.members.take_devices",
    APP,
    "delete from device_authorizations where organization_id = $1 and user_id = $2 and used_at is null",
);
pub(super) const INVITATIONS: Statement<Write> = Statement::writing(
    "organizations.members.withdraw_invitations",
    APP,
    "update invitations set withdrawn_at = $3 where organization_id = $1 and inviter_id = $2 and used_at is null and withdrawn_at is null and expires_at > $3
     returning invitation_id, role, inviter_id, expires_at",
);
pub(super) const TOKENS: Statement<Write> = Statement::writing(
    "organizations.members.take_initial_tokens",
    APP,
    "delete from initial_tokens where organization_id = $1 and maker_id = $2",
);
pub(super) const MEMBERSHIP: Statement<Write> = Statement::writing(
    "organizations.members.end",
    APP,
    "delete from memberships where organization_id = $1 and user_id = $2 returning user_id",
);

/// What somebody had in an organization, and has no more.
#[derive(Debug, Clone)]
pub struct Taken {
    /// Who they were there.
    pub member: Member,
    /// Sessions that ended.
    pub sessions: Vec<SessionId>,
    /// API keys that were revoked.
    pub keys: Vec<ApiKeyId>,
    /// Invitations that were withdrawn.
    pub invitations: Vec<Ended>,
    /// Whose the organization is from now on, where it was this member's.
    pub handed_over: Option<HandedOver>,
}

/// Puts a member out.
///
/// # Errors
/// [`OrganizationError::Beyond`] for somebody who holds more; [`OrganizationError::LastOwner`]; [`OrganizationError::Missing`].
pub async fn remove(tx: &mut Tx<'_, Write>, desk: &Desk, by: &Giver, user: UserId) -> Result<Taken, OrganizationError> {
    let member = find(tx, &desk.organization, user).await?;
    // Who may do nothing for now is judged by what waits for them.
    let held = sets::held_by(tx, &Holder::User(user), desk.now).await?.unwrap_or_default();
    sets::judge(desk, by, &held, &[]).await?;
    end(tx, desk, member).await
}

/// Has a member leave, whatever they hold.
///
/// # Errors
/// [`OrganizationError::SignedOut`]; [`OrganizationError::LastOwner`]; [`OrganizationError::Missing`].
pub async fn leave(tx: &mut Tx<'_, Write>, desk: &Desk, session: Session) -> Result<Taken, OrganizationError> {
    session.lives(tx, &desk.organization).await?;
    let member = find(tx, &desk.organization, session.user).await?;
    end(tx, desk, member).await
}

async fn end(tx: &mut Tx<'_, Write>, desk: &Desk, member: Member) -> Result<Taken, OrganizationError> {
    let (id, user, now) = (desk.organization.as_str(), member.user.uuid(), desk.now);
    let handed_over = without(tx, desk, member.user, member.role.as_deref()).await?;
    // Whatever begins a session reads the membership: it is gone first.
    tx.write(&MEMBERSHIP, &[&id, &user]).await?;
    let sessions: Vec<SessionId> = ids(&tx.write(&SESSIONS, &[&id, &user, &now, &Why::Administrator.word()]).await?)?;
    let keys: Vec<ApiKeyId> = ids(&tx.write(&KEYS, &[&id, &user, &now]).await?)?;
    let invitations = tx.write(&INVITATIONS, &[&id, &user, &now]).await?;
    let invitations = invitations.iter().map(Ended::read).collect::<Result<_, _>>()?;
    for statement in [&CONSENTS, &CODES, &DEVICES, &TOKENS] {
        tx.write(statement, &[&id, &user]).await?;
    }
    announce::taken(tx, ChangeKind::SessionEnded, sessions.iter().map(ToString::to_string), now).await?;
    announce::taken(tx, ChangeKind::ApiKeyRevoked, keys.iter().map(ToString::to_string), now).await?;
    desk.grants_changed(tx, &Holder::User(member.user)).await?;
    Ok(Taken { member, sessions, keys, invitations, handed_over })
}

fn ids<T: From<Uuid>>(rows: &[Row]) -> Result<Vec<T>, StoreError> {
    rows.iter().map(|row| row.try_get::<Uuid>(0).map(T::from)).collect()
}
