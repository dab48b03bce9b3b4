//! An organization is handed over.

use wardgraph_kernel::{Holder, OrganizationRole, Permission, Timestamp, UserId, Write};
use wardgraph_store::Tx;

use super::{By, HAND_OVER, announce, change::SET_ROLE, find, reach::Reach};
use crate::{
    KeepingError, Session,
    organization::{self, Organization},
    sets,
};

/// Hands an organization over to another member, who is an owner from then on; who did stays an admin. The organization before and after.
///
/// # Errors
/// [`KeepingError::Above`] for whoever is no owner; [`KeepingError::InTheWay`] for handing it to oneself, or to an account that may do nothing.
pub async fn transfer(
    tx: &mut Tx<'_, Write>,
    organization: &str,
    by: Session,
    to: UserId,
    now: Timestamp,
) -> Result<(Organization, Organization), KeepingError> {
    let from = by.user;
    let before = organization::hold(tx, organization, Some(from)).await?;
    if before.role.as_deref() != Some(OrganizationRole::Owner.word()) {
        return Err(KeepingError::Above("an organization is its owners' to hand over"));
    }
    // What is denied to who hands it over would not be denied to who gets it.
    Reach::of(tx, &before.id, (By::Member(by), Permission::OrganizationsDelete), now)
        .await?
        .gives(Some(OrganizationRole::Owner))?;
    if from == to {
        return Err(KeepingError::InTheWay("the organization is yours already"));
    }
    if find(tx, &before.id, to).await?.disabled {
        return Err(KeepingError::InTheWay("the account may do nothing: nobody would own the organization"));
    }
    sets::has_room(tx, &Holder::User(to), OrganizationRole::Owner, now).await?;
    let id = before.id.as_str();
    for (user, role) in [(to, OrganizationRole::Owner), (from, OrganizationRole::Admin)] {
        tx.write(&SET_ROLE, &[&id, &user.uuid(), &Some(role.word())]).await?;
        announce(tx, &before.id, user, now).await?;
    }
    tx.write(&HAND_OVER, &[&id, &to.uuid(), &before.owner.uuid()]).await?;
    let after = organization::find(tx, organization, Some(from)).await?;
    Ok((before, after))
}
