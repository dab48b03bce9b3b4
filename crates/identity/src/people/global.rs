//! Somebody has another role on the whole server, or none. Under the administrator's role.

use wardgraph_kernel::{GlobalRole, Timestamp, UserId, Write};
use wardgraph_store::{Role, Statement, Tx};

use super::{Administrators, end::HOLD_ACCOUNT};
use crate::IdentityError;

/// The generation from which on the account's tokens are good: the next ones say what the person may.
pub(super) const SET_GLOBAL: Statement<Write> = Statement::writing(
    "identity.people.set_global_role",
    &[Role::Admin],
    "with known as (select user_id, global_role from users where user_id = $1)
     update users u set global_role = $2, generation = generation + 1, updated_at = $3 from known k where u.user_id = k.user_id
     returning u.generation, k.global_role",
);

/// Somebody with another role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlobalRoleSet {
    /// The generation that is to be announced.
    pub generation: i64,
    /// The role before.
    pub before: Option<String>,
}

/// Gives somebody another role on the whole server, or none.
///
/// # Errors
/// [`IdentityError::InTheWay`] for the last administrator.
pub async fn set_global_role(
    tx: &mut Tx<'_, Write>,
    administrators: &Administrators,
    user: UserId,
    role: Option<GlobalRole>,
    now: Timestamp,
) -> Result<GlobalRoleSet, IdentityError> {
    if role != Some(GlobalRole::SuperAdmin) {
        administrators.can_spare(user)?;
    }
    tx.write(&HOLD_ACCOUNT, &[&user.uuid()]).await?;
    let rows = tx.write(&SET_GLOBAL, &[&user.uuid(), &role.map(GlobalRole::word), &now]).await?;
    let row = rows.first().ok_or(IdentityError::NobodyThere)?;
    Ok(GlobalRoleSet { generation: row.try_get(0)?, before: row.try_get(1)? })
}
