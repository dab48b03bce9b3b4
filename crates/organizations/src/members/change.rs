//! A member has another role, or none.

use wardgraph_kernel::{Holder, OrganizationRole, UserId, Write};
use wardgraph_store::{Statement, Tx};

use super::{APP, HandedOver, Member, find, without};
use crate::{
    Desk, Giver, OrganizationError,
    sets::{self, Holding},
};

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
    /// Whose the organization is from now on, where it was this member's.
    pub handed_over: Option<HandedOver>,
}

/// Gives a member another role, or none, and tells every server.
///
/// # Errors
/// [`OrganizationError::Beyond`] for more than who gives it holds, or for as long, and for somebody who holds more; [`OrganizationError::LastOwner`];
/// [`OrganizationError::InTheWay`] for more roles than somebody may hold; [`OrganizationError::Missing`] for who is no member.
pub async fn set_role(
    tx: &mut Tx<'_, Write>,
    desk: &Desk,
    by: &Giver,
    user: UserId,
    role: Option<OrganizationRole>,
) -> Result<RoleChanged, OrganizationError> {
    let member = find(tx, &desk.organization, user).await?;
    judge(tx, desk, by, user, role).await?;
    let stays = role == Some(OrganizationRole::Owner);
    let handed_over = if stays { None } else { without(tx, desk, user, member.role.as_deref()).await? };
    put(tx, desk, user, role).await?;
    let before = member.role.clone();
    Ok(RoleChanged { before, after: Member { role: role.map(|role| role.word().to_owned()), ..member }, handed_over })
}

/// Whether somebody may have a member hold another role of the membership, or none.
///
/// # Errors
/// Those of [`set_role`].
pub(super) async fn judge(
    tx: &mut Tx<'_, Write>,
    desk: &Desk,
    by: &Giver,
    user: UserId,
    role: Option<OrganizationRole>,
) -> Result<(), OrganizationError> {
    // Who may do nothing for now is judged by what waits for them.
    let before = sets::held_by(tx, &Holder::User(user), desk.now).await?.unwrap_or_default();
    let left: Vec<Holding> = before.iter().filter(|holding| holding.grant.is_some()).cloned().collect();
    if let Some(role) = role {
        desk.may_promise(by, role).await?;
        sets::fit(left.iter().map(|holding| holding.role.clone()).chain([role.into()]))?;
    }
    // What goes is taken by who may take it now; what comes is given for as long as it is held.
    sets::judge(desk, by, &before, &left).await?;
    let given = role.map(|role| Holding { role: role.into(), grant: None, until: None });
    let after: Vec<Holding> = left.iter().cloned().chain(given).collect();
    sets::judge(desk, by, &left, &after).await
}

/// Writes a member's role down, and tells every server.
pub(crate) async fn put(
    tx: &mut Tx<'_, Write>,
    desk: &Desk,
    user: UserId,
    role: Option<OrganizationRole>,
) -> Result<(), OrganizationError> {
    let word = role.map(OrganizationRole::word);
    tx.write(&SET_ROLE, &[&desk.organization.as_str(), &user.uuid(), &word]).await?;
    desk.grants_changed(tx, &Holder::User(user)).await
}
