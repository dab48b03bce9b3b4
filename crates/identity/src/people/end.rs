//! An account is made to do nothing, is let in again, or goes for good. Under the administrator's role, since it touches more than one's own.
//!
//! **Invariant:** there is always an administrator of the server who can sign in, once there was one
//! (`two_administrators_who_end_each_other_at_once_leave_one`).

use uuid::Uuid;
use wardgraph_kernel::{Timestamp, UserId, Write};
use wardgraph_store::{Role, Row, Statement, StoreError, Tx};

use super::leaving::{Left, leave};
use crate::{IdentityError, session::Why};

const ADMIN: &[Role] = &[Role::Admin];

/// The administrators of the server who can sign in. Held: who ends one of them waits, and then finds who is left.
pub(super) const ADMINISTRATORS: Statement<Write> = Statement::writing(
    "identity.people.administrators",
    ADMIN,
    "select user_id from users where global_role = 'super_admin' and disabled_at is null order by user_id for no key update",
);
/// The same, where this is one of them: nobody else who goes is counted, and none of them is held for it.
pub(super) const ADMINISTRATORS_WITH: Statement<Write> = Statement::writing(
    "identity.people.administrators_with",
    ADMIN,
    "select user_id from users where global_role = 'super_admin' and disabled_at is null
       and exists (select from users u where u.user_id = $1 and u.global_role = 'super_admin' and u.disabled_at is null)
     order by user_id for no key update",
);
/// Waits for a sign-in that is under way: what comes after it sees the session that began meanwhile. Tells whether it is an administrator's who can
/// sign in.
pub(super) const HOLD_ACCOUNT: Statement<Write> = Statement::writing(
    "identity.people.hold_account",
    ADMIN,
    "select user_id, global_role is not distinct from 'super_admin' and disabled_at is null as administers from users
     where user_id = $1 for no key update",
);
/// The generation from which on the account's tokens are good: none that was given so far.
pub(super) const DISABLE: Statement<Write> = Statement::writing(
    "identity.people.disable",
    ADMIN,
    "with revoked as (update api_keys set revoked_at = $2 where user_id = $1 and revoked_at is null),
     ended as (update sessions set ended_at = $2, ended_by = $3 where user_id = $1 and ended_at is null)
     update users set disabled_at = coalesce(disabled_at, $2), generation = generation + 1, updated_at = $2 where user_id = $1 returning generation",
);
pub(super) const ENABLE: Statement<Write> = Statement::writing(
    "identity.people.enable",
    ADMIN,
    "update users set disabled_at = null, updated_at = $2 where user_id = $1 returning user_id",
);
/// Before they go along with the account: what ends them has clients told, and what deletes them does not.
pub(super) const END_SESSIONS: Statement<Write> = Statement::writing(
    "identity.people.end_before_deletion",
    ADMIN,
    "update sessions set ended_at = $2, ended_by = $3 where user_id = $1 and ended_at is null",
);
/// What is a person's goes along.
pub(super) const DELETE: Statement<Write> =
    Statement::writing("identity.people.delete", ADMIN, "delete from users where user_id = $1 returning generation + 1");

/// The administrators of the server, held until the transaction ends.
#[derive(Debug)]
pub struct Administrators(Vec<UserId>);

impl Administrators {
    /// Whether this is one of them.
    pub fn include(&self, user: UserId) -> bool {
        self.0.contains(&user)
    }

    pub(super) fn can_spare(&self, user: UserId) -> Result<(), IdentityError> {
        if self.0 == [user] {
            return Err(IdentityError::InTheWay(
                "this is the last administrator of the server: nobody could administer it any more",
            ));
        }
        Ok(())
    }
}

/// The administrators of the server who can sign in. Organizations of whoever goes are held before them, since who holds these holds up all others.
pub async fn administrators(tx: &mut Tx<'_, Write>) -> Result<Administrators, StoreError> {
    read(&tx.write(&ADMINISTRATORS, &[]).await?)
}

/// The same, if this is one of them; nobody, and nobody held, if it is not.
pub async fn administrators_with(tx: &mut Tx<'_, Write>, user: UserId) -> Result<Administrators, StoreError> {
    read(&tx.write(&ADMINISTRATORS_WITH, &[&user.uuid()]).await?)
}

fn read(rows: &[Row]) -> Result<Administrators, StoreError> {
    let ids = rows.iter().map(|row| row.try_get::<Uuid>(0).map(UserId::from));
    Ok(Administrators(ids.collect::<Result<_, _>>()?))
}

/// Has an account do nothing: its sessions and keys end. Tells the generation that is to be announced. What it left behind is taken back besides.
///
/// # Errors
/// [`IdentityError::InTheWay`] for the last administrator.
pub async fn disable(
    tx: &mut Tx<'_, Write>,
    administrators: &Administrators,
    user: UserId,
    now: Timestamp,
) -> Result<i64, IdentityError> {
    administrators.can_spare(user)?;
    tx.write(&HOLD_ACCOUNT, &[&user.uuid()]).await?;
    let rows = tx.write(&DISABLE, &[&user.uuid(), &now, &Why::Disabled.word()]).await?;
    Ok(rows.first().ok_or(IdentityError::NobodyThere)?.try_get(0)?)
}

/// Lets the account's owner sign in again. What was taken back stays so.
pub async fn enable(tx: &mut Tx<'_, Write>, user: UserId, now: Timestamp) -> Result<(), IdentityError> {
    let rows = tx.write(&ENABLE, &[&user.uuid(), &now]).await?;
    if rows.is_empty() { Err(IdentityError::NobodyThere) } else { Ok(()) }
}

/// An account that is no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gone {
    /// The generation that is to be announced.
    pub generation: i64,
    /// What became of its organizations.
    pub left: Vec<Left>,
}

/// Deletes an account, with the organizations in which nobody and nothing else is. Whether the others can do without it, whoever knows roles asks
/// before, once they are held ([`hold_organizations`](super::hold_organizations)).
///
/// # Errors
/// [`IdentityError::InTheWay`] for the last administrator, and for the only owner of an organization with other members or with data;
/// [`StoreError::Conflict`] for somebody who became an administrator meanwhile.
pub async fn delete(
    tx: &mut Tx<'_, Write>,
    administrators: &Administrators,
    user: UserId,
    now: Timestamp,
) -> Result<Gone, IdentityError> {
    administrators.can_spare(user)?;
    let held = tx.write(&HOLD_ACCOUNT, &[&user.uuid()]).await?;
    let administers = held.first().map(|row| row.try_get::<bool>(1)).transpose()?.unwrap_or_default();
    if administers && !administrators.include(user) {
        return Err(StoreError::Conflict.into());
    }
    tx.write(&END_SESSIONS, &[&user.uuid(), &now, &Why::Deleted.word()]).await?;
    end(tx, user).await
}

/// The same of an account that is no administrator's, and nobody ever worked with.
pub(super) async fn end(tx: &mut Tx<'_, Write>, user: UserId) -> Result<Gone, IdentityError> {
    let left = leave(tx, user).await?;
    let rows = tx.write(&DELETE, &[&user.uuid()]).await?;
    Ok(Gone { generation: rows.first().ok_or(IdentityError::NobodyThere)?.try_get(0)?, left })
}
