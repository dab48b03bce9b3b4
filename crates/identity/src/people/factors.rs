//! Second factors, taken away by an administrator: for whoever lost theirs, or whose account somebody else has put one on.
//!
//! What is left is an account that its owner opens by mail alone: without its second factors the password would be all that guards it, and
//! whoever knows it may be why this was asked for. The administrator sees none of it and sets none of it.

use wardgraph_kernel::{Chance, Timestamp, UserId, Write};
use wardgraph_store::{Role, Statement, Tx};

use super::{Administrators, end::HOLD_ACCOUNT};
use crate::{
    IdentityError,
    mail::{Notice, notify_own},
    session::Why,
};

const ADMIN: &[Role] = &[Role::Admin];

pub(super) const TAKE_FACTORS: Statement<Write> =
    Statement::writing("identity.people.take_factors", ADMIN, "delete from factors where user_id = $1 returning factor_id");
/// What opens the account besides them: codes, the password, sessions, keys. Tells the generation from which on its tokens are good.
pub(super) const TAKE_REST: Statement<Write> = Statement::writing(
    "identity.people.take_what_opens",
    ADMIN,
    "with codes as (delete from recovery_codes where user_id = $1),
     password as (update passwords set ended_at = $2 where user_id = $1),
     revoked as (update api_keys set revoked_at = $2 where user_id = $1 and revoked_at is null),
     ended as (update sessions set ended_at = $2, ended_by = $3 where user_id = $1 and ended_at is null)
     update users set generation = generation + 1, updated_at = $2 where user_id = $1 returning generation",
);

/// What was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The generation that is to be announced.
    pub generation: i64,
    /// How many factors.
    pub factors: usize,
}

/// Takes away an account's second factors with everything else that opens it, and tells its owner by mail, who sets a new password by a link. What
/// it left behind is taken back besides.
///
/// # Errors
/// [`IdentityError::InTheWay`] for the administrator's own account: whoever holds a session of theirs would be rid of what guards it.
pub async fn take_factors(
    tx: &mut Tx<'_, Write>,
    _: &Administrators,
    (by, of): (UserId, UserId),
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<Taken, IdentityError> {
    if by == of {
        return Err(IdentityError::InTheWay("these are your own second factors: another administrator can take them away"));
    }
    if tx.write(&HOLD_ACCOUNT, &[&of.uuid()]).await?.is_empty() {
        return Err(IdentityError::NobodyThere);
    }
    let factors = tx.write(&TAKE_FACTORS, &[&of.uuid()]).await?.len();
    let rows = tx.write(&TAKE_REST, &[&of.uuid(), &now, &Why::FactorsTaken.word()]).await?;
    let generation = rows.first().ok_or(IdentityError::NobodyThere)?.try_get(0)?;
    notify_own(tx, of, Notice::FactorsTaken, now, chance).await?;
    Ok(Taken { generation, factors })
}
