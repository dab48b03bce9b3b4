//! What is kept of passkeys, while nobody is known yet.

use uuid::Uuid;
use wardgraph_kernel::{FactorId, Identity, Timestamp, UserId};
use wardgraph_store::{Statement, StoreError, Tx};

use super::{Descriptor, Kept, NewPasskey, Proof, Refusal};
use crate::{
    IdentityError,
    account::{Seat, seat},
};

/// Adds a passkey, unless somebody has one of its id.
pub(super) const ADD: Statement<Identity> = Statement::identity(
    "identity.passkey.add",
    "insert into passkeys (factor_id, user_id, credential_id, user_handle, public_key, sign_count, syncs, synced, recognised, transports)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict (credential_id) do nothing returning factor_id",
);
/// A passkey with its account, as it is now. Locked, so that of two signatures at once the counter of one is judged after the other's, and so that
/// who ends the account's sessions meanwhile waits, and then ends the one that is begun here.
pub(super) const STORED: Statement<Identity> = Statement::identity(
    "identity.passkey.stored",
    "select p.factor_id, p.user_id, p.credential_id, p.user_handle, p.public_key, p.sign_count, p.syncs, p.synced, p.recognised,
            u.generation, u.verified_at is not null, u.disabled_at is not null, m.organization_id, m.role, u.global_role
     from passkeys p join users u on u.user_id = p.user_id
     left join lateral (
       select organization_id, role from memberships where user_id = u.user_id order by created_at, organization_id limit 1) m on true
     where p.credential_id = $1 for update of p for share of u",
);
pub(super) const ALLOWED: Statement<Identity> = Statement::identity(
    "identity.passkey.allowed",
    "select credential_id, transports from passkeys where user_id = $1 order by factor_id",
);
pub(super) const USE: Statement<Identity> = Statement::identity(
    "identity.passkey.use",
    "with used as (update factors set last_used_at = $5 where factor_id = $1)
     update passkeys set sign_count = $2, synced = $3, recognised = recognised or $4 where factor_id = $1",
);
pub(super) const BACK: Statement<Identity> =
    Statement::identity("identity.passkey.went_back", "update passkeys set went_back_at = $2 where factor_id = $1");

/// What is kept of a passkey, and its account as it is now.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The factor that it is.
    pub id: FactorId,
    /// Whose it is.
    pub user: UserId,
    /// Tokens of an earlier generation are good no more.
    pub generation: i64,
    /// Whether the account's address was shown to be its owner's.
    pub verified: bool,
    /// Whether the account may do nothing.
    pub disabled: bool,
    /// Its place in its first organization.
    pub seat: Option<Seat>,
    /// What its key is known by.
    pub kept: Kept,
}

/// Keeps the passkey that a factor is.
pub async fn add(
    tx: &mut Tx<'_, Identity>,
    factor: FactorId,
    user: UserId,
    new: &NewPasskey,
) -> Result<Result<(), Refusal>, StoreError> {
    let kept = &new.kept;
    let rows = tx
        .run(
            &ADD,
            &[
                &factor.uuid(),
                &user.uuid(),
                &kept.credential_id,
                &kept.handle,
                &kept.public_key,
                &i64::from(kept.sign_count),
                &kept.syncs,
                &kept.synced,
                &kept.recognised,
                &new.transports,
            ],
        )
        .await?;
    Ok(if rows.is_empty() { Err(Refusal::Taken) } else { Ok(()) })
}

/// The passkeys by which an account's owner may sign in.
pub async fn allowed(tx: &mut Tx<'_, Identity>, user: UserId) -> Result<Vec<Descriptor>, StoreError> {
    let rows = tx.run(&ALLOWED, &[&user.uuid()]).await?;
    rows.iter().map(|row| Ok(Descriptor { id: row.try_get(0)?, transports: row.try_get(1)? })).collect()
}

/// The passkey that its authenticator calls so. Held until the transaction ends.
pub async fn stored(tx: &mut Tx<'_, Identity>, credential_id: &[u8]) -> Result<Option<Stored>, IdentityError> {
    let rows = tx.run(&STORED, &[&credential_id]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let sign_count: i64 = row.try_get(5)?;
    Ok(Some(Stored {
        id: row.try_get::<Uuid>(0)?.into(),
        user: row.try_get::<Uuid>(1)?.into(),
        generation: row.try_get(9)?,
        verified: row.try_get(10)?,
        disabled: row.try_get(11)?,
        seat: seat(row.try_get(12)?, row.try_get(13)?, row.try_get(14)?)?,
        kept: Kept {
            credential_id: row.try_get(2)?,
            handle: row.try_get(3)?,
            public_key: row.try_get(4)?,
            sign_count: u32::try_from(sign_count).map_err(|_| IdentityError::Unreadable("a passkey's counter"))?,
            syncs: row.try_get(6)?,
            synced: row.try_get(7)?,
            recognised: row.try_get(8)?,
        },
    }))
}

/// Notes that a passkey was used.
pub async fn note_use(tx: &mut Tx<'_, Identity>, id: FactorId, proof: &Proof, now: Timestamp) -> Result<(), StoreError> {
    tx.run(&USE, &[&id.uuid(), &i64::from(proof.sign_count), &proof.synced, &proof.recognised, &now]).await.map(drop)
}

/// Notes that a passkey's counter went back.
pub async fn note_back(tx: &mut Tx<'_, Identity>, id: FactorId, now: Timestamp) -> Result<(), StoreError> {
    tx.run(&BACK, &[&id.uuid(), &now]).await.map(drop)
}
