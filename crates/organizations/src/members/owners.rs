//! The owners of an organization: whoever ceases to be one leaves another behind, and it is theirs by the record from then on.
//!
//! It is asked wherever somebody ceases to be one: demoted, put out, leaving, handing over, losing the role by a review, deleting the account. An account that
//! is disabled keeps its places: an administrator stops a thief whatever the thief owns, and enabling the account brings its owner back.

use serde_json::{Value, json};
use uuid::Uuid;
use wardgraph_kernel::{EventType, OrganizationRole, TenantId, Timestamp, UserId, Write};
use wardgraph_store::{Role, Statement, Tx};

use super::APP;
use crate::{Desk, OrganizationError, held, sets};

/// An owner besides, whose account works: the one who was there first.
pub(super) const OTHER: Statement<Write> = Statement::writing(
    "organizations.members.other_owner",
    APP,
    "select m.user_id from memberships m join users u on u.user_id = m.user_id
     where m.organization_id = $1 and m.user_id <> $2 and m.role = 'owner' and u.disabled_at is null order by m.created_at, m.user_id limit 1",
);
/// Who owns it by the record is one of its owners.
pub(super) const HAND_OVER: Statement<Write> = Statement::writing(
    "organizations.members.hand_over",
    APP,
    "update organizations set owner_id = $2 where organization_id = $1 and owner_id = $3 returning organization_id",
);
/// Whether somebody is an owner, and not the only one whose account works.
pub(super) const OTHERS_OWN: Statement<Write> = Statement::writing(
    "organizations.members.others_own",
    &[Role::Admin],
    "select 1 from memberships m where m.organization_id = $1 and m.user_id = $2 and m.role = 'owner'
       and exists (select from memberships o join users u on u.user_id = o.user_id
         where o.organization_id = $1 and o.user_id <> $2 and o.role = 'owner' and u.disabled_at is null)",
);

const LAST: &str = "this is the organization's last owner: make somebody else an owner first";
const LAST_KEEPER: &str = "this is the last owner to whom nothing is denied: make somebody else one first";

/// Whose an organization is by the record, before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HandedOver {
    /// Before.
    pub from: UserId,
    /// After.
    pub to: UserId,
}

impl HandedOver {
    /// What the organization's log says of it.
    pub fn told(self) -> (EventType, Value) {
        let payload = json!({ "before": { "owner_id": self.from }, "after": { "owner_id": self.to } });
        (EventType::OrganizationOwnerChanged, payload)
    }
}

/// Has an organization do without somebody of this role: if they are an owner, another one has it by the record, if they had.
///
/// # Errors
/// [`OrganizationError::LastOwner`] for its last owner, and for the last one to whom nothing is denied.
pub(crate) async fn without(
    tx: &mut Tx<'_, Write>,
    desk: &Desk,
    user: UserId,
    role: Option<&str>,
) -> Result<Option<HandedOver>, OrganizationError> {
    if role != Some(OrganizationRole::Owner.word()) {
        return Ok(None);
    }
    let id = desk.organization.as_str();
    let rows = tx.write(&OTHER, &[&id, &user.uuid()]).await?;
    let heir: UserId = rows.first().ok_or(OrganizationError::LastOwner(LAST))?.try_get::<Uuid>(0)?.into();
    if sets::keepers(tx, &desk.organization, &desk.book, desk.now, 2).await? == [user] {
        return Err(OrganizationError::LastOwner(LAST_KEEPER));
    }
    hand_over(tx, desk, HandedOver { from: user, to: heir }).await
}

/// Has the record name another owner, if it named this one.
pub(super) async fn hand_over(
    tx: &mut Tx<'_, Write>,
    desk: &Desk,
    handed: HandedOver,
) -> Result<Option<HandedOver>, OrganizationError> {
    let (id, from, to) = (desk.organization.as_str(), handed.from.uuid(), handed.to.uuid());
    let rows = tx.write(&HAND_OVER, &[&id, &to, &from]).await?;
    Ok((!rows.is_empty()).then_some(handed))
}

/// Refuses to have one of these organizations, which are held, do without an account that is about to be deleted, where it is the last owner to whom nothing
/// is denied. That it is the last owner of all is asked with its deletion. Under the administrator's role.
///
/// # Errors
/// [`OrganizationError::LastOwner`].
pub async fn can_do_without(
    tx: &mut Tx<'_, Write>,
    organizations: &[TenantId],
    user: UserId,
    now: Timestamp,
) -> Result<(), OrganizationError> {
    for organization in organizations {
        if tx.write(&OTHERS_OWN, &[&organization.as_str(), &user.uuid()]).await?.is_empty() {
            continue;
        }
        let book = held::rulebook(tx, organization).await?;
        if sets::keepers(tx, organization, &book, now, 2).await? == [user] {
            return Err(OrganizationError::LastOwner(LAST_KEEPER));
        }
    }
    Ok(())
}
