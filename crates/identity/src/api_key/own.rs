//! Keys, seen by their owner.

use uuid::Uuid;
use wardgraph_kernel::{ApiKeyId, Read, Timestamp, UserId, Write};
use wardgraph_store::{Role, Row, Statement, StoreError, Tx};

use crate::IdentityError;

const APP: &[Role] = &[Role::App];
/// How many keys an account may have in an organization that are neither revoked nor past their end.
const MOST: i64 = 100;
/// How many are listed: the newest, those that ended included.
const LISTED: i64 = 500;

/// Makes a key, unless there are as many as there may be. The count may be passed by keys that are made at once, not by many.
pub(super) const CREATE: Statement<Write> = Statement::writing(
    "identity.own.create_key",
    APP,
    "insert into api_keys (key_id, user_id, organization_id, name, verifier, scopes, networks, created_at, expires_at)
     select $1::uuid, $2::uuid, $3::text, $4::text, $5::bytea, $6::text[], $7::text[], $8::timestamptz, $9::timestamptz
     where (select count(*) from api_keys where user_id = $2 and organization_id = $3 and revoked_at is null and (expires_at is null or expires_at > $8)) < $10
     returning key_id",
);
pub(super) const LIST: Statement<Read> = Statement::reading(
    "identity.own.keys",
    APP,
    "select key_id, name, scopes, networks, created_at, expires_at, last_used_at, revoked_at, successor_id from api_keys
     where user_id = $1 and organization_id = $2 order by created_at desc, key_id desc limit $3",
);
pub(super) const REVOKE: Statement<Write> = Statement::writing(
    "identity.own.revoke_key",
    APP,
    "update api_keys set revoked_at = $4 where user_id = $1 and organization_id = $2 and key_id = $3 and revoked_at is null returning key_id",
);
/// A key that may be replaced: it lives, and was not replaced yet.
pub(super) const FIND: Statement<Write> = Statement::writing(
    "identity.own.find_key",
    APP,
    "select key_id, name, scopes, networks, created_at, expires_at, last_used_at, revoked_at, successor_id from api_keys
     where user_id = $1 and organization_id = $2 and key_id = $3 and revoked_at is null and successor_id is null and (expires_at is null or expires_at > $4) for update",
);
pub(super) const SUCCEED: Statement<Write> = Statement::writing(
    "identity.own.succeed_key",
    APP,
    "update api_keys set successor_id = $4, expires_at = least(expires_at, $5) where user_id = $1 and organization_id = $2 and key_id = $3",
);

/// A key, as its owner sees it.
#[derive(Debug, Clone)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// What its owner calls it.
    pub name: String,
    /// What it may do, if its owner may.
    pub scopes: Vec<String>,
    /// From where it may be used; empty for everywhere.
    pub networks: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// When it was used last, to a minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// What replaced it.
    pub successor: Option<ApiKeyId>,
}

/// A key that is about to be made.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// Its id.
    pub id: ApiKeyId,
    /// What is kept of it.
    pub verifier: [u8; 32],
    /// What its owner calls it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// From where.
    pub networks: Vec<String>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

/// Makes a key in the organization that the caller works in.
pub async fn create(tx: &mut Tx<'_, Write>, user: UserId, new: &NewKey, now: Timestamp) -> Result<ApiKey, IdentityError> {
    let tenant = tx.tenant();
    let made = tx
        .write(
            &CREATE,
            &[
                &new.id.uuid(),
                &user.uuid(),
                &tenant,
                &new.name,
                &new.verifier.as_slice(),
                &new.scopes,
                &new.networks,
                &now,
                &new.expires_at,
                &MOST,
            ],
        )
        .await?;
    if made.is_empty() {
        return Err(IdentityError::TooMany { what: "API keys", most: MOST });
    }
    Ok(ApiKey {
        id: new.id,
        name: new.name.clone(),
        scopes: new.scopes.clone(),
        networks: new.networks.clone(),
        created_at: now,
        expires_at: new.expires_at,
        last_used_at: None,
        revoked_at: None,
        successor: None,
    })
}

/// The account's keys in the organization that the caller works in, the newest first.
pub async fn list(tx: &mut Tx<'_, Read>, user: UserId) -> Result<Vec<ApiKey>, StoreError> {
    let tenant = tx.tenant();
    tx.query(&LIST, &[&user.uuid(), &tenant, &LISTED]).await?.iter().map(read).collect()
}

/// Revokes a key.
pub async fn revoke(tx: &mut Tx<'_, Write>, user: UserId, key: ApiKeyId, now: Timestamp) -> Result<(), IdentityError> {
    let tenant = tx.tenant();
    let rows = tx.write(&REVOKE, &[&user.uuid(), &tenant, &key.uuid(), &now]).await?;
    if rows.is_empty() { Err(IdentityError::Missing("API key")) } else { Ok(()) }
}

/// Replaces a key by one that may do the same; the old one ends at `until`.
pub async fn rotate(
    tx: &mut Tx<'_, Write>,
    user: UserId,
    old: ApiKeyId,
    (id, verifier): (ApiKeyId, [u8; 32]),
    until: Timestamp,
    now: Timestamp,
) -> Result<ApiKey, IdentityError> {
    let tenant = tx.tenant();
    let rows = tx.write(&FIND, &[&user.uuid(), &tenant, &old.uuid(), &now]).await?;
    let kept = read(rows.first().ok_or(IdentityError::Missing("API key"))?)?;
    // The new one lives as long as the old one was given.
    let lifetime = kept.expires_at.map(|end| end.duration_since(kept.created_at));
    let expires_at = lifetime.map(|lifetime| now.saturating_add(lifetime).unwrap_or(Timestamp::MAX));
    tx.write(&SUCCEED, &[&user.uuid(), &tenant, &old.uuid(), &id.uuid(), &until]).await?;
    create(tx, user, &NewKey { id, verifier, name: kept.name, scopes: kept.scopes, networks: kept.networks, expires_at }, now)
        .await
}

fn read(row: &Row) -> Result<ApiKey, StoreError> {
    Ok(ApiKey {
        id: row.try_get::<Uuid>(0)?.into(),
        name: row.try_get(1)?,
        scopes: row.try_get(2)?,
        networks: row.try_get(3)?,
        created_at: row.try_get(4)?,
        expires_at: row.try_get(5)?,
        last_used_at: row.try_get(6)?,
        revoked_at: row.try_get(7)?,
        successor: row.try_get::<Option<Uuid>>(8)?.map(ApiKeyId::from),
    })
}
