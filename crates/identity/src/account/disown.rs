//! Saying that a second factor was not added by the account's owner: whoever added it has the password, so that all goes by which they came.

use uuid::Uuid;
use wardgraph_kernel::{FactorId, Identity, Timestamp, UserId};
use wardgraph_store::{Statement, StoreError, Tx};

/// The factor and what was added after it: not of each is the owner told by a link of its own.
pub(super) const DISOWN: Statement<Identity> = Statement::identity(
    "identity.account.disown_factors",
    "delete from factors where user_id = $1 and created_at >= $2 returning factor_id",
);
/// Codes may have been made by whoever added the factor. The password is good for nothing until it is set anew.
pub(super) const SHUT: Statement<Identity> = Statement::identity(
    "identity.account.shut",
    "with codes as (delete from recovery_codes where user_id = $1)
     update passwords set ended_at = $2 where user_id = $1",
);

/// Removes the factors that were added since, recovery codes and the password: its owner sets another one by mail. Sessions and keys are ended
/// besides. Tells the factors.
pub async fn disown(
    tx: &mut Tx<'_, Identity>,
    user: UserId,
    since: Timestamp,
    now: Timestamp,
) -> Result<Vec<FactorId>, StoreError> {
    let gone = tx.run(&DISOWN, &[&user.uuid(), &since]).await?;
    tx.run(&SHUT, &[&user.uuid(), &now]).await?;
    gone.iter().map(|row| row.try_get::<Uuid>(0).map(FactorId::from)).collect()
}
