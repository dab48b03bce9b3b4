//! An organization is handed over.

use serde_json::{Value, json};
use wardgraph_kernel::{EventType, OrganizationRole, UserId, Write};
use wardgraph_store::Tx;

use super::{HandedOver, change, find, owners::hand_over};
use crate::{
    Desk, Giver, OrganizationError,
    organization::{self, Organization},
    sets,
};

/// An organization that was handed over.
#[derive(Debug, Clone)]
pub struct Transferred {
    /// Before.
    pub before: Organization,
    /// After.
    pub after: Organization,
    /// The members who have another role than before.
    pub changed: Vec<Moved>,
}

/// A member who has another role than before.
#[derive(Debug, Clone)]
pub struct Moved {
    /// Who.
    pub user: UserId,
    /// The role before, if there was one.
    pub before: Option<String>,
    /// And after.
    pub after: OrganizationRole,
}

impl Moved {
    /// What the organization's log says of it.
    pub fn told(&self) -> (EventType, Value) {
        let payload = json!({ "before": { "role": self.before }, "after": { "role": self.after.word() } });
        (EventType::MemberRoleChanged, payload)
    }
}

/// Hands an organization over to another member, who is an owner from then on. Who hands it over stays an admin; at the word of whoever runs the server that is
/// whose it is by the record.
///
/// # Errors
/// [`OrganizationError::Beyond`] for whoever is no owner, or to whom something is denied; [`OrganizationError::InTheWay`] for whose it is already, for an account
/// that may do nothing, and for somebody to whom something is denied; [`OrganizationError::Missing`] for who is no member.
pub async fn transfer(tx: &mut Tx<'_, Write>, desk: &Desk, by: &Giver, to: UserId) -> Result<Transferred, OrganizationError> {
    let (id, in_the_way) = (desk.organization.as_str(), |why: &str| Err(OrganizationError::InTheWay(why.to_owned())));
    let from = match by.user() {
        Some(user) => user,
        None => organization::find(tx, id, None).await?.owner,
    };
    let before = organization::find(tx, id, Some(from)).await?;
    let owner = Some(OrganizationRole::Owner.word());
    if before.role.as_deref() != owner && by.user().is_some() {
        return Err(OrganizationError::Beyond(vec!["an organization is its owners' to hand over".into()]));
    }
    let heir = find(tx, &desk.organization, to).await?;
    if from == to && heir.role.as_deref() == owner {
        return in_the_way("the organization belongs to this account already");
    }
    if heir.disabled {
        return in_the_way("the account may do nothing: nobody would own the organization");
    }
    let raised = (heir.role.as_deref() != owner).then_some(Moved { user: to, before: heir.role, after: OrganizationRole::Owner });
    let stays = from == to || before.role.as_deref() != owner;
    let lowered = (!stays).then(|| Moved { user: from, before: before.role.clone(), after: OrganizationRole::Admin });
    let mut changed = Vec::new();
    for moved in raised.into_iter().chain(lowered) {
        change::judge(tx, desk, by, moved.user, Some(moved.after)).await?;
        change::put(tx, desk, moved.user, Some(moved.after)).await?;
        changed.push(moved);
    }
    // Else what is denied to them would be nobody's any more.
    if !sets::keepers(tx, &desk.organization, &desk.book, desk.now, usize::MAX).await?.contains(&to) {
        return in_the_way("something of what an owner may do is denied to this account: take that back first");
    }
    hand_over(tx, desk, HandedOver { from: before.owner, to }).await?;
    let after = organization::find(tx, id, Some(from)).await?;
    Ok(Transferred { before, after, changed })
}
