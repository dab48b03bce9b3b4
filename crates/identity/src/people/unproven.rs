//! Accounts that nobody came for: registered long ago, and never shown to be their address's owner's. Under the administrator's role.

use std::time::Duration;

use uuid::Uuid;
use wardgraph_kernel::{Timestamp, UserId, Write};
use wardgraph_store::{Role, Statement, StoreError, Tx};

use super::end::{Gone, end};
use crate::IdentityError;

const ADMIN: &[Role] = &[Role::Admin];
/// How long an account waits for its owner.
const WAITS: Duration = Duration::from_hours(30 * 24);
/// How many are looked up at once.
const MOST: i64 = 100;

/// Who nobody came for: no good link is on its way to them, and nothing shows that somebody ever worked with the account. Whether its organization
/// holds data is asked when it would go.
macro_rules! nobodys {
    () => {
        "u.verified_at is null and u.global_role is null and u.created_at < $1
         and not exists (select from links l where l.user_id = u.user_id and l.used_at is null and l.expires_at > $2)
         and not exists (select from sessions s where s.user_id = u.user_id)
         and not exists (select from api_keys k where k.user_id = u.user_id)
         and not exists (select from memberships m join organizations o using (organization_id) where m.user_id = u.user_id and o.owner_id <> u.user_id)
         and not exists (
           select from organizations o join memberships m using (organization_id) where o.owner_id = u.user_id and m.user_id <> u.user_id)"
    };
}

pub(super) const UNPROVEN: Statement<Write> = Statement::writing(
    "identity.people.unproven",
    ADMIN,
    concat!("select u.user_id from users u where u.user_id > $3 and ", nobodys!(), " order by u.user_id limit $4"),
);
/// Who signs in or registers meanwhile waits.
pub(super) const HOLD_UNPROVEN: Statement<Write> =
    Statement::writing("identity.people.hold_unproven", ADMIN, "select user_id from users where user_id = $1 for update");
pub(super) const IS_UNPROVEN: Statement<Write> = Statement::writing(
    "identity.people.is_unproven",
    ADMIN,
    concat!("select u.user_id from users u where ", nobodys!(), " and u.user_id = $3"),
);

/// Accounts that nobody came for, the oldest first: some of those `after` one.
pub async fn unproven(tx: &mut Tx<'_, Write>, after: Option<UserId>, now: Timestamp) -> Result<Vec<UserId>, StoreError> {
    let rows = tx.write(&UNPROVEN, &[&since(now), &now, &after.map_or_else(Uuid::nil, UserId::uuid), &MOST]).await?;
    rows.iter().map(|row| row.try_get::<Uuid>(0).map(UserId::from)).collect()
}

/// Deletes an account that nobody came for, with its organization. `None` if somebody did meanwhile.
///
/// # Errors
/// [`IdentityError::InTheWay`] if its organization holds data.
pub async fn delete_unproven(tx: &mut Tx<'_, Write>, user: UserId, now: Timestamp) -> Result<Option<Gone>, IdentityError> {
    tx.write(&HOLD_UNPROVEN, &[&user.uuid()]).await?;
    // Asked once it is held, since what a statement sees is from before it waited.
    if tx.write(&IS_UNPROVEN, &[&since(now), &now, &user.uuid()]).await?.is_empty() {
        return Ok(None);
    }
    end(tx, user).await.map(Some)
}

fn since(now: Timestamp) -> Timestamp {
    now.saturating_sub(WAITS).unwrap_or(Timestamp::MIN)
}
