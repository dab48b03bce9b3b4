//! A member has another role, or none.

use wardgraph_kernel::{Holder, OrganizationRole, Permission, Timestamp, UserId, Write};
use wardgraph_store::{Statement, Tx};

use super::{APP, By, Member, announce, find, reach::Reach, without};
use crate::{KeepingError, organization, sets};

pub(super) const SET_ROLE: Statement<Write> = Statement::writing(
    "organizations.members.set_role",
    APP,
    "update memberships set role = $3 where organization_id = $1 and user_id = $2 returning user_id",
);

/// A member before and after.
#[derive(Debug, Clone)]
pub struct RoleChanged {
    /// Before.
    pub before: Option<String>,
    /// After.
    pub after: Member,
    /// Who owns the organization by the record from now on, where that was this member until now.
    pub heir: Option<UserId>,
}

/// Gives a member another role, or none, and tells every server.
///
/// # Errors
/// [`KeepingError::Above`] for more than who gives it has, or somebody who has more; [`KeepingError::InTheWay`] for the last owner.
pub async fn set_role(
    tx: &mut Tx<'_, Write>,
    organization: &str,
    user: UserId,
    role: Option<OrganizationRole>,
    by: By,
    now: Timestamp,
) -> Result<RoleChanged, KeepingError> {
    let organization = organization::hold(tx, organization, None).await?.id;
    let reach = Reach::of(tx, &organization, (by, Permission::MembersWrite), now).await?;
    let member = find(tx, &organization, user).await?;
    reach.touches(tx, &member, now).await?;
    reach.gives(role)?;
    if let Some(role) = role {
        sets::has_room(tx, &Holder::User(user), role, now).await?;
    }
    let word = role.map(OrganizationRole::word);
    let heir = if role == Some(OrganizationRole::Owner) { None } else { without_owner(tx, &organization, &member, now).await? };
    tx.write(&SET_ROLE, &[&organization.as_str(), &user.uuid(), &word]).await?;
    announce(tx, &organization, user, now).await?;
    let before = member.role.clone();
    Ok(RoleChanged { before, after: Member { role: word.map(str::to_owned), ..member }, heir })
}

/// An owner is one no longer; nothing happens for anybody else.
async fn without_owner(
    tx: &mut Tx<'_, Write>,
    organization: &wardgraph_kernel::TenantId,
    member: &Member,
    now: Timestamp,
) -> Result<Option<UserId>, KeepingError> {
    if member.role.as_deref() == Some(OrganizationRole::Owner.word()) {
        without(tx, organization, member, now).await
    } else {
        Ok(None)
    }
}
