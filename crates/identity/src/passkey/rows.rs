//! Passkeys while nobody is known yet, and where one is added.

use uuid::Uuid;
use wardgraph_kernel::{Chance, Identity, LinkId, PasskeyId, Timestamp, UserId};
use wardgraph_store::{Statement, StoreError, Tx};

use super::{Descriptor, MOST, NewPasskey, Proof, Refusal};
use crate::IdentityError;

/// Adds a passkey, unless somebody has one of its id, or the account as many as there may be.
pub(super) const ADD: Statement<Identity> = Statement::identity(
    "identity.passkey.add",
    "insert into passkeys (passkey_id, user_id, name, credential_id, user_handle, public_key, sign_count, syncs, synced, recognised, transports, created_at)
     select $1::uuid, $2::uuid, $3::text, $4::bytea, $5::bytea, $6::bytea, $7::bigint, $8::bool, $9::bool, $10::bool, $11::text[], $12::timestamptz
     where (select count(*) from passkeys where user_id = $2) < $13
     on conflict (credential_id) do nothing returning passkey_id",
);
/// A passkey with its account. Locked, so that of two signatures at once the counter of one is judged after the other's.
pub(super) const STORED: Statement<Identity> = Statement::identity(
    "identity.passkey.stored",
    "select p.passkey_id, p.user_id, p.credential_id, p.user_handle, p.public_key, p.sign_count, p.syncs, p.synced, p.recognised
     from passkeys p join users u on u.user_id = p.user_id where p.credential_id = $1 for update of p",
);
pub(super) const ALLOWED: Statement<Identity> = Statement::identity(
    "identity.passkey.allowed",
    "select credential_id, transports from passkeys where user_id = $1 order by created_at, passkey_id",
);
pub(super) const USE: Statement<Identity> = Statement::identity(
    "identity.passkey.use",
    "update passkeys set sign_count = $2, synced = $3, recognised = recognised or $4, last_used_at = $5 where passkey_id = $1",
);
pub(super) const BACK: Statement<Identity> =
    Statement::identity("identity.passkey.went_back", "update passkeys set went_back_at = $2 where passkey_id = $1 returning user_id");
/// A notice to the account's owner.
pub(super) const TELL: Statement<Identity> = Statement::identity(
    "identity.passkey.tell",
    "insert into mail (mail_id, kind, recipient, name, created_at, due_at) select $2::uuid, $3::text, email, name, $4::timestamptz, $4 from users where user_id = $1",
);

/// What is kept of a passkey.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Its id.
    pub id: PasskeyId,
    /// Whose it is.
    pub user: UserId,
    pub(super) credential_id: Vec<u8>,
    pub(super) handle: Vec<u8>,
    pub(super) public_key: Vec<u8>,
    pub(super) sign_count: u32,
    pub(super) syncs: bool,
    pub(super) synced: bool,
    pub(super) recognised: bool,
}

/// Adds a passkey to an account, and tells its owner by mail.
pub async fn add(
    tx: &mut Tx<'_, Identity>,
    user: UserId,
    name: &str,
    new: &NewPasskey,
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<Result<PasskeyId, Refusal>, IdentityError> {
    let id = PasskeyId::new(now, chance);
    let rows = tx
        .run(
            &ADD,
            &[
                &id.uuid(),
                &user.uuid(),
                &name,
                &new.credential_id,
                &new.handle,
                &new.public_key,
                &i64::from(new.sign_count),
                &new.syncs,
                &new.synced,
                &new.recognised,
                &new.transports,
                &now,
                &MOST,
            ],
        )
        .await?;
    if rows.is_empty() {
        let full = i64::try_from(allowed(tx, user).await?.len()).unwrap_or(i64::MAX) >= MOST;
        return if full { Err(IdentityError::TooMany { what: "passkeys", most: MOST }) } else { Ok(Err(Refusal::Taken)) };
    }
    tell(tx, user, "passkey_added", now, chance).await?;
    Ok(Ok(id))
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
        credential_id: row.try_get(2)?,
        handle: row.try_get(3)?,
        public_key: row.try_get(4)?,
        sign_count: u32::try_from(sign_count).map_err(|_| IdentityError::Unreadable("a passkey's counter"))?,
        syncs: row.try_get(6)?,
        synced: row.try_get(7)?,
        recognised: row.try_get(8)?,
    }))
}

/// Notes that a passkey was used.
pub async fn note_use(tx: &mut Tx<'_, Identity>, id: PasskeyId, proof: &Proof, now: Timestamp) -> Result<(), StoreError> {
    tx.run(&USE, &[&id.uuid(), &i64::from(proof.sign_count), &proof.synced, &proof.recognised, &now]).await.map(drop)
}

/// Notes that a passkey's counter went back, and tells its owner by mail.
pub async fn note_back(
    tx: &mut Tx<'_, Identity>,
    passkey: &Stored,
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<(), StoreError> {
    tx.run(&BACK, &[&passkey.id.uuid(), &now]).await?;
    tell(tx, passkey.user, "passkey_copied", now, chance).await
}

async fn tell(
    tx: &mut Tx<'_, Identity>,
    user: UserId,
    kind: &str,
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<(), StoreError> {
    tx.run(&TELL, &[&user.uuid(), &LinkId::new(now, chance).uuid(), &kind, &now]).await.map(drop)
}
