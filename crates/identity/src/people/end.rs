//! An account is made to do nothing, is let in again, or goes for good. Under the administrator's role, since it touches more than one's own.
//!
//! **Invariants:** there is always an administrator of the server who can sign in, once there was one
//! (`two_administrators_who_end_each_other_at_once_leave_one`); no organization that has members or data is without an owner
//! (`two_owners_who_leave_at_once_leave_one`).

use uuid::Uuid;
use wardgraph_kernel::{Timestamp, UserId, Write};
use wardgraph_store::{Role, Statement, StoreError, Tx};

use crate::{IdentityError, session::Why};

const ADMIN: &[Role] = &[Role::Admin];

/// The administrators of the server who can sign in. Held: who ends one of them waits, and then finds who is left.
pub(super) const ADMINISTRATORS: Statement<Write> = Statement::writing(
    "identity.people.administrators",
    ADMIN,
    "select user_id from users where global_role is not null and disabled_at is null order by user_id for no key update",
);
/// Waits for a sign-in that is under way: what comes after it sees the session that began meanwhile.
pub(super) const HOLD_ACCOUNT: Statement<Write> =
    Statement::writing("identity.people.hold_account", ADMIN, "select user_id from users where user_id = $1 for no key update");
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
/// The organizations that the account owns, by the record or by its role. Held: who leaves one of them meanwhile, or comes, waits.
pub(super) const HOLD: Statement<Write> = Statement::writing(
    "identity.people.hold_organizations",
    ADMIN,
    "select o.organization_id from organizations o
     where o.owner_id = $1 or o.organization_id in (select m.organization_id from memberships m where m.user_id = $1 and m.role = 'owner')
     order by o.organization_id for update of o",
);
/// Who else is there, and who owns it besides. Asked once it is held, since what a statement sees is from before it waited.
pub(super) const STANDING: Statement<Write> = Statement::writing(
    "identity.people.standing",
    ADMIN,
    "select exists (select from memberships m where m.organization_id = $1 and m.user_id <> $2),
            (select m.user_id from memberships m join users u using (user_id)
             where m.organization_id = $1 and m.user_id <> $2 and m.role = 'owner' and u.disabled_at is null order by m.created_at, m.user_id limit 1)",
);
/// Whether a tenant has data, what waits for its end included.
pub(super) const HOLDS_DATA: Statement<Write> = Statement::writing(
    "identity.people.holds_data",
    ADMIN,
    "select exists (select from nodes n where n.tenant_id = $1) or exists (select from deleted_nodes d where d.tenant_id = $1)",
);
pub(super) const HAND_OVER: Statement<Write> = Statement::writing(
    "identity.people.hand_over",
    ADMIN,
    "update organizations set owner_id = $2 where organization_id = $1 and owner_id = $3",
);
pub(super) const DISSOLVE: Statement<Write> =
    Statement::writing("identity.people.dissolve", ADMIN, "delete from organizations where organization_id = $1");
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

    fn can_spare(&self, user: UserId) -> Result<(), IdentityError> {
        if self.0 == [user] {
            return Err(IdentityError::InTheWay(
                "this is the last administrator of the server: nobody could administer it any more",
            ));
        }
        Ok(())
    }
}

/// The administrators of the server who can sign in.
pub async fn administrators(tx: &mut Tx<'_, Write>) -> Result<Administrators, StoreError> {
    let rows = tx.write(&ADMINISTRATORS, &[]).await?;
    let ids = rows.iter().map(|row| row.try_get::<Uuid>(0).map(UserId::from));
    Ok(Administrators(ids.collect::<Result<_, _>>()?))
}

/// Has an account do nothing: its sessions and keys end. Tells the generation that is to be announced.
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

/// Deletes an account, with the organizations in which nobody and nothing else is. Tells the generation that is to be announced.
///
/// # Errors
/// [`IdentityError::InTheWay`] for the last administrator, and for the only owner of an organization with other members or with data.
pub async fn delete(tx: &mut Tx<'_, Write>, administrators: &Administrators, user: UserId) -> Result<i64, IdentityError> {
    administrators.can_spare(user)?;
    for row in tx.write(&HOLD, &[&user.uuid()]).await? {
        let organization: String = row.try_get(0)?;
        leave(tx, &organization, user).await?;
    }
    let rows = tx.write(&DELETE, &[&user.uuid()]).await?;
    Ok(rows.first().ok_or(IdentityError::NobodyThere)?.try_get(0)?)
}

/// Has an organization that is held do without one of its owners.
async fn leave(tx: &mut Tx<'_, Write>, organization: &str, user: UserId) -> Result<(), IdentityError> {
    let rows = tx.write(&STANDING, &[&organization, &user.uuid()]).await?;
    let row = rows.first().ok_or(IdentityError::Unreadable("an organization's members"))?;
    let (others, heir): (bool, Option<Uuid>) = (row.try_get(0)?, row.try_get(1)?);
    if let Some(heir) = heir {
        return Ok(tx.write(&HAND_OVER, &[&organization, &heir, &user.uuid()]).await.map(drop)?);
    }
    if others {
        return Err(IdentityError::InTheWay(
            "the account is the only owner of an organization that has other members: make one of them an owner first",
        ));
    }
    let rows = tx.write(&HOLDS_DATA, &[&organization]).await?;
    if rows.first().is_none_or(|row| row.try_get(0).unwrap_or(true)) {
        return Err(IdentityError::InTheWay(
            "the account is the only owner of an organization that has data: delete the data for good first, or make somebody else an owner",
        ));
    }
    Ok(tx.write(&DISSOLVE, &[&organization]).await.map(drop)?)
}
