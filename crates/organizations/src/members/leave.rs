//! A member goes, and what they had there ends: sessions, their own and those of clients, API keys, consents with what waits to be fetched by them,
//! invitations that they made, tokens by which programs register clients. What is granted to them goes with the membership.

use uuid::Uuid;
use wardgraph_identity::session::Why;
use wardgraph_kernel::{
    ApiKeyId, ChangeKind, InvitationId, OrganizationRole, Permission, SessionId, TenantId, Timestamp, UserId, Write,
};
use wardgraph_store::{Row, Statement, StoreError, Tx};

use super::{APP, By, Member, announce, find, reach::Reach, without};
use crate::{KeepingError, announce as tell, organization};

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
     returning invitation_id",
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
    pub invitations: Vec<InvitationId>,
    /// Who owns the organization by the record from now on, where that was this member until now.
    pub heir: Option<UserId>,
}

/// Puts a member out.
///
/// # Errors
/// [`KeepingError::Above`] for somebody who holds more; [`KeepingError::InTheWay`] for the last owner.
pub async fn remove(
    tx: &mut Tx<'_, Write>,
    organization: &str,
    user: UserId,
    by: By,
    now: Timestamp,
) -> Result<Taken, KeepingError> {
    let organization = organization::hold(tx, organization, None).await?.id;
    let reach = Reach::of(tx, &organization, (by, Permission::MembersWrite), now).await?;
    let member = find(tx, &organization, user).await?;
    reach.touches(tx, &member, now).await?;
    end(tx, &organization, member, now).await
}

/// Has a member leave.
///
/// # Errors
/// [`KeepingError::InTheWay`] for the last owner.
pub async fn leave(tx: &mut Tx<'_, Write>, organization: &str, user: UserId, now: Timestamp) -> Result<Taken, KeepingError> {
    let organization = organization::hold(tx, organization, None).await?.id;
    let member = find(tx, &organization, user).await?;
    end(tx, &organization, member, now).await
}

async fn end(tx: &mut Tx<'_, Write>, organization: &TenantId, member: Member, now: Timestamp) -> Result<Taken, KeepingError> {
    let (id, user) = (organization.as_str(), member.user.uuid());
    let owns = member.role.as_deref() == Some(OrganizationRole::Owner.word());
    let heir = if owns { without(tx, organization, &member, now).await? } else { None };
    // Whatever begins a session reads the membership: it is gone first.
    tx.write(&MEMBERSHIP, &[&id, &user]).await?;
    let sessions: Vec<SessionId> = ids(&tx.write(&SESSIONS, &[&id, &user, &now, &Why::Administrator.word()]).await?)?;
    let keys: Vec<ApiKeyId> = ids(&tx.write(&KEYS, &[&id, &user, &now]).await?)?;
    let invitations = ids(&tx.write(&INVITATIONS, &[&id, &user, &now]).await?)?;
    for statement in [&CONSENTS, &CODES, &DEVICES, &TOKENS] {
        tx.write(statement, &[&id, &user]).await?;
    }
    tell::taken(tx, ChangeKind::SessionEnded, sessions.iter().map(ToString::to_string), now).await?;
    tell::taken(tx, ChangeKind::ApiKeyRevoked, keys.iter().map(ToString::to_string), now).await?;
    announce(tx, organization, member.user, now).await?;
    Ok(Taken { member, sessions, keys, invitations, heir })
}

fn ids<T: From<Uuid>>(rows: &[Row]) -> Result<Vec<T>, StoreError> {
    rows.iter().map(|row| row.try_get::<Uuid>(0).map(T::from)).collect()
}
