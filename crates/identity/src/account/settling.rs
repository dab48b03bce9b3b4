//! An account whose person is in no organization any more: whoever was put out of the only one signs in still, and works in one of their own.

use wardgraph_kernel::{Chance, Identity, Timestamp, UserId};
use wardgraph_store::{Statement, StoreError, Tx};

use super::{Seat, organization_id, register::OWN_ORGANIZATION, seat};
use crate::IdentityError;

/// The person, held: of two sign-ins at once one makes the organization.
pub(super) const HOLD: Statement<Identity> =
    Statement::identity("identity.account.hold_homeless", "select user_id from users where user_id = $1 for no key update");
/// Makes the organization as registering does; nothing for who is a member of one.
pub(super) const SETTLE: Statement<Identity> = Statement::identity(
    "identity.account.settle",
    "with made as (
       insert into organizations (organization_id, name, owner_id, created_at)
       select $2::text, u.name || $3::text, u.user_id, $4::timestamptz from users u
       where u.user_id = $1 and u.disabled_at is null and not exists (select from memberships m where m.user_id = u.user_id)
       returning organization_id, name, owner_id),
     member as (
       insert into memberships (organization_id, user_id, role, created_at) select organization_id, owner_id, 'owner', $4 from made)
     select made.organization_id, made.name, u.global_role from made join users u on u.user_id = made.owner_id",
);

/// Has somebody who is in no organization own one; `None` for who is in one. Tells their place there, and what it is called.
pub async fn settle(
    tx: &mut Tx<'_, Identity>,
    user: UserId,
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<Option<(Seat, String)>, IdentityError> {
    tx.run(&HOLD, &[&user.uuid()]).await?;
    let id = organization_id(chance).ok_or_else(|| StoreError::Unsafe("an organization has no id".into()))?;
    let rows = tx.run(&SETTLE, &[&user.uuid(), &id.as_str(), &OWN_ORGANIZATION, &now]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let own = seat(row.try_get(0)?, Some("owner".to_owned()), row.try_get(2)?)?;
    let name: String = row.try_get(1)?;
    Ok(own.map(|own| (own, name)))
}
