//! Second factors, seen by their owner.

use uuid::Uuid;
use wardgraph_kernel::{FactorId, Read, Timestamp, UserId, Write};
use wardgraph_store::{Role, Row, Statement, StoreError, Tx};

use crate::IdentityError;

const APP: &[Role] = &[Role::App];

/// The factors, each with how many recovery codes are good still and whether an organization of the owner's wants a factor. One row without a
/// factor where there is none.
pub(super) const LIST: Statement<Read> = Statement::reading(
    "identity.own.factors",
    APP,
    "select f.factor_id, f.kind, f.name, f.created_at, f.last_used_at, p.synced, p.went_back_at,
            (select count(*) from recovery_codes where user_id = $1 and used_at is null),
            exists (select from organizations o join memberships m using (organization_id) where m.user_id = $1 and o.requires_mfa)
     from (values (1)) one(row) left join factors f on f.user_id = $1 left join passkeys p on p.factor_id = f.factor_id order by f.created_at, f.factor_id",
);
pub(super) const RENAME: Statement<Write> = Statement::writing(
    "identity.own.rename_factor",
    APP,
    "update factors f set name = $3 where user_id = $1 and factor_id = $2 returning factor_id, kind, name, created_at, last_used_at,
       (select synced from passkeys p where p.factor_id = f.factor_id), (select went_back_at from passkeys p where p.factor_id = f.factor_id)",
);
/// One change of an account's factors at a time: of two that each leave one, the second leaves none.
pub(super) const HOLD: Statement<Write> =
    Statement::writing("identity.own.hold_factors", APP, "select user_id from passwords where user_id = $1 for update");
pub(super) const REMOVE: Statement<Write> = Statement::writing(
    "identity.own.remove_factor",
    APP,
    "delete from factors where user_id = $1 and factor_id = $2 returning factor_id",
);
pub(super) const LEFT: Statement<Write> = Statement::writing(
    "identity.own.factors_left",
    APP,
    "select exists (select from factors where user_id = $1),
            exists (select from organizations o join memberships m using (organization_id) where m.user_id = $1 and o.requires_mfa)",
);
pub(super) const FORGET_CODES: Statement<Write> =
    Statement::writing("identity.own.forget_recovery_codes", APP, "delete from recovery_codes where user_id = $1");
/// A factor, as its owner sees it.
#[derive(Debug, Clone)]
pub struct Factor {
    /// Its id.
    pub id: FactorId,
    /// What it is.
    pub kind: String,
    /// What its owner calls it.
    pub name: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was used last to sign in.
    pub last_used_at: Option<Timestamp>,
    /// Whether a passkey was copied to other devices of its owner; `None` for what is no passkey.
    pub synced: Option<bool>,
    /// When a passkey's counter went back.
    pub went_back_at: Option<Timestamp>,
}

/// What an account has besides its password.
#[derive(Debug, Clone)]
pub struct List {
    /// The factors, the oldest first.
    pub factors: Vec<Factor>,
    /// How many recovery codes are good still.
    pub codes_left: i64,
    /// Whether an organization of the owner's wants a second factor.
    pub required: bool,
}

/// What an account has besides its password.
pub async fn list(tx: &mut Tx<'_, Read>, user: UserId) -> Result<List, IdentityError> {
    let rows = tx.query(&LIST, &[&user.uuid()]).await?;
    let first = rows.first().ok_or(IdentityError::Unreadable("a list of second factors"))?;
    let (codes_left, required) = (first.try_get(7)?, first.try_get(8)?);
    let there = |row: &&Row| row.try_get::<Option<Uuid>>(0).is_ok_and(|id| id.is_some());
    let factors = rows.iter().filter(there).map(read).collect::<Result<_, _>>()?;
    Ok(List { factors, codes_left, required })
}

/// Calls a factor something else.
pub async fn rename(tx: &mut Tx<'_, Write>, user: UserId, factor: FactorId, name: &str) -> Result<Factor, IdentityError> {
    let rows = tx.write(&RENAME, &[&user.uuid(), &factor.uuid(), &name]).await?;
    Ok(read(rows.first().ok_or(IdentityError::Missing("second factor"))?)?)
}

/// Removes a factor; with the last one go the recovery codes. `required`: whether everybody has one here.
///
/// # Errors
/// [`IdentityError::Missing`]; [`IdentityError::Required`] for the last one while everybody has one, or an organization of the owner's wants one.
pub async fn remove(tx: &mut Tx<'_, Write>, user: UserId, factor: FactorId, required: bool) -> Result<(), IdentityError> {
    tx.write(&HOLD, &[&user.uuid()]).await?;
    if tx.write(&REMOVE, &[&user.uuid(), &factor.uuid()]).await?.is_empty() {
        return Err(IdentityError::Missing("second factor"));
    }
    let rows = tx.write(&LEFT, &[&user.uuid()]).await?;
    let row = rows.first().ok_or(IdentityError::Unreadable("a count of second factors"))?;
    match (row.try_get::<bool>(0)?, required || row.try_get::<bool>(1)?) {
        (true, _) => Ok(()),
        (false, true) => Err(IdentityError::Required),
        (false, false) => Ok(tx.write(&FORGET_CODES, &[&user.uuid()]).await.map(drop)?),
    }
}

fn read(row: &Row) -> Result<Factor, StoreError> {
    Ok(Factor {
        id: row.try_get::<Uuid>(0)?.into(),
        kind: row.try_get(1)?,
        name: row.try_get(2)?,
        created_at: row.try_get(3)?,
        last_used_at: row.try_get(4)?,
        synced: row.try_get(5)?,
        went_back_at: row.try_get(6)?,
    })
}
