//! An organization is handed over.

use wardgraph_kernel::{OrganizationRole, UserId, Write};
use wardgraph_store::Tx;

use super::{HandedOver, change, find, owners::hand_over};
use crate::{
    Desk, Giver, OrganizationError,
    organization::{self, Organization},
    sets,
};

/// Hands an organization over from one of its owners to another member, who is an owner from then on; who did stays an admin. The organization before and
/// after.
///
/// # Errors
/// [`OrganizationError::Beyond`] for whoever is no owner, or to whom something is denied; [`OrganizationError::InTheWay`] for handing it to oneself, to an
/// account that may do nothing, and to somebody to whom something is denied.
pub async fn transfer(
    tx: &mut Tx<'_, Write>,
    desk: &Desk,
    by: &Giver,
    (from, to): (UserId, UserId),
) -> Result<(Organization, Organization), OrganizationError> {
    let id = desk.organization.as_str();
    let before = organization::find(tx, id, Some(from)).await?;
    if before.role.as_deref() != Some(OrganizationRole::Owner.word()) {
        return Err(OrganizationError::Beyond(vec!["an organization is its owners' to hand over".into()]));
    }
    if from == to {
        return Err(OrganizationError::InTheWay("the organization is yours already".into()));
    }
    if find(tx, &desk.organization, to).await?.disabled {
        return Err(OrganizationError::InTheWay("the account may do nothing: nobody would own the organization".into()));
    }
    for (user, role) in [(to, OrganizationRole::Owner), (from, OrganizationRole::Admin)] {
        change::judge(tx, desk, by, user, Some(role)).await?;
        change::put(tx, desk, user, Some(role)).await?;
    }
    // Else what is denied to them would be nobody's any more.
    if !sets::keepers(tx, &desk.organization, &desk.book, desk.now, usize::MAX).await?.contains(&to) {
        let told = "something of what an owner may do is denied to them: take that back first";
        return Err(OrganizationError::InTheWay(told.into()));
    }
    hand_over(tx, desk, HandedOver { from: before.owner, to }).await?;
    let after = organization::find(tx, id, Some(from)).await?;
    Ok((before, after))
}
