//! Passkeys, seen by their owner.

use uuid::Uuid;
use wardgraph_kernel::{Chance, LinkId, PasskeyId, Read, Timestamp, UserId, Write};
use wardgraph_store::{Role, Row, Statement, StoreError, Tx};

use super::{Descriptor, MOST, Offer};
use crate::IdentityError;

const APP: &[Role] = &[Role::App];

pub(super) const LIST: Statement<Read> = Statement::reading(
    "identity.passkey.list",
    APP,
    "select passkey_id, name, syncs, synced, transports, created_at, last_used_at, went_back_at from passkeys
     where user_id = $1 order by created_at desc, passkey_id desc limit $2",
);
/// The account and its passkeys: one row each, and one without a passkey where there is none.
pub(super) const OFFER: Statement<Write> = Statement::writing(
    "identity.passkey.offer",
    APP,
    "select u.email, u.name, p.user_handle, p.credential_id, p.transports from users u left join passkeys p on p.user_id = u.user_id
     where u.user_id = $1 order by p.created_at",
);
pub(super) const RENAME: Statement<Write> = Statement::writing(
    "identity.passkey.rename",
    APP,
    "update passkeys set name = $3 where user_id = $1 and passkey_id = $2
     returning passkey_id, name, syncs, synced, transports, created_at, last_used_at, went_back_at",
);
pub(super) const REMOVE: Statement<Write> = Statement::writing(
    "identity.passkey.remove",
    APP,
    "delete from passkeys where user_id = $1 and passkey_id = $2 returning passkey_id",
);
pub(super) const NOTICE: Statement<Write> = Statement::writing(
    "identity.passkey.notice",
    APP,
    "insert into mail (mail_id, kind, recipient, name, created_at, due_at) select $2::uuid, 'passkey_removed', email, name, $3::timestamptz, $3 from users where user_id = $1",
);

/// A passkey, as its owner sees it.
#[derive(Debug, Clone)]
pub struct Passkey {
    /// Its id.
    pub id: PasskeyId,
    /// What its owner calls it.
    pub name: String,
    /// Whether it may be copied to other devices of its owner.
    pub syncs: bool,
    /// Whether it was.
    pub synced: bool,
    /// How its authenticator is reached.
    pub transports: Vec<String>,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was used last.
    pub last_used_at: Option<Timestamp>,
    /// When its counter went back.
    pub went_back_at: Option<Timestamp>,
}

/// The account's passkeys, the newest first: there are no more than an account may have.
pub async fn list(tx: &mut Tx<'_, Read>, user: UserId) -> Result<Vec<Passkey>, StoreError> {
    tx.query(&LIST, &[&user.uuid(), &MOST]).await?.iter().map(read).collect()
}

/// What an authenticator is told that is to make a passkey. All of an account's have the same handle; the first one's is made here.
pub async fn offer(tx: &mut Tx<'_, Write>, user: UserId, chance: &dyn Chance) -> Result<Offer, IdentityError> {
    let rows = tx.write(&OFFER, &[&user.uuid()]).await?;
    let first = rows.first().ok_or(IdentityError::Missing("account"))?;
    let mut has = Vec::new();
    for row in &rows {
        if let (Some(id), Some(transports)) = (row.try_get(3)?, row.try_get(4)?) {
            has.push(Descriptor { id, transports });
        }
    }
    if i64::try_from(has.len()).unwrap_or(i64::MAX) >= MOST {
        return Err(IdentityError::TooMany { what: "passkeys", most: MOST });
    }
    let handle = match first.try_get::<Option<Vec<u8>>>(2)? {
        Some(handle) => handle,
        None => [chance.bytes(), chance.bytes()].concat(),
    };
    let handle = handle.try_into().map_err(|_| IdentityError::Unreadable("a passkey's handle"))?;
    Ok(Offer { email: first.try_get(0)?, name: first.try_get(1)?, handle, has })
}

/// Gives a passkey another name.
pub async fn rename(tx: &mut Tx<'_, Write>, user: UserId, id: PasskeyId, name: &str) -> Result<Passkey, IdentityError> {
    let rows = tx.write(&RENAME, &[&user.uuid(), &id.uuid(), &name]).await?;
    Ok(read(rows.first().ok_or(IdentityError::Missing("passkey"))?)?)
}

/// Removes a passkey, and tells the owner by mail.
pub async fn remove(
    tx: &mut Tx<'_, Write>,
    user: UserId,
    id: PasskeyId,
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<(), IdentityError> {
    if tx.write(&REMOVE, &[&user.uuid(), &id.uuid()]).await?.is_empty() {
        return Err(IdentityError::Missing("passkey"));
    }
    tx.write(&NOTICE, &[&user.uuid(), &LinkId::new(now, chance).uuid(), &now]).await?;
    Ok(())
}

fn read(row: &Row) -> Result<Passkey, StoreError> {
    Ok(Passkey {
        id: row.try_get::<Uuid>(0)?.into(),
        name: row.try_get(1)?,
        syncs: row.try_get(2)?,
        synced: row.try_get(3)?,
        transports: row.try_get(4)?,
        created_at: row.try_get(5)?,
        last_used_at: row.try_get(6)?,
        went_back_at: row.try_get(7)?,
    })
}
