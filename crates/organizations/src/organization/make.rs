//! A person makes an organization. Under the administrator's role, since it is none that they work in.

use wardgraph_identity::account::organization_id;
use wardgraph_kernel::{Chance, TenantId, Timestamp, UserId, Write};
use wardgraph_store::{Role, Statement, StoreError, Tx};

use super::{Organization, find};
use crate::OrganizationError;

const ADMIN: &[Role] = &[Role::Admin];
/// How many organizations a person may own.
const MOST: i64 = 50;

/// Who makes one, held: those that are made at once are counted one after another.
pub(super) const HOLD_PERSON: Statement<Write> = Statement::writing(
    "organizations.organization.hold_person",
    ADMIN,
    "select user_id from users where user_id = $1 and disabled_at is null for no key update",
);
/// Asked once the person is held, since what a statement sees is from before it waited.
pub(super) const COUNT: Statement<Write> = Statement::writing(
    "organizations.organization.count_owned",
    ADMIN,
    "select count(*) from memberships where user_id = $1 and role = 'owner'",
);
pub(super) const MAKE: Statement<Write> = Statement::writing(
    "organizations.organization.make",
    ADMIN,
    "insert into organizations (organization_id, name, owner_id, created_at) values ($1, $2, $3, $4)",
);
pub(super) const FOUND: Statement<Write> = Statement::writing(
    "organizations.organization.found",
    ADMIN,
    "insert into memberships (organization_id, user_id, role, created_at) values ($1, $2, 'owner', $3)",
);

/// Makes an organization, whose owner `user` is.
///
/// # Errors
/// [`OrganizationError::InTheWay`] for more than a person may own, and for an account that is no more, or may do nothing.
pub async fn make(
    tx: &mut Tx<'_, Write>,
    user: UserId,
    name: &str,
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<Organization, OrganizationError> {
    if tx.write(&HOLD_PERSON, &[&user.uuid()]).await?.is_empty() {
        return Err(OrganizationError::InTheWay("the account is no more, or may do nothing: it can own nothing".into()));
    }
    let rows = tx.write(&COUNT, &[&user.uuid()]).await?;
    if rows.first().ok_or(StoreError::Ended)?.try_get::<i64>(0)? >= MOST {
        return Err(OrganizationError::InTheWay(format!("a person may own {MOST} organizations")));
    }
    let id: TenantId = organization_id(chance).ok_or_else(|| StoreError::Unsafe("an organization has no id".into()))?;
    tx.write(&MAKE, &[&id.as_str(), &name, &user.uuid(), &now]).await?;
    tx.write(&FOUND, &[&id.as_str(), &user.uuid(), &now]).await?;
    find(tx, id.as_str(), Some(user)).await
}
