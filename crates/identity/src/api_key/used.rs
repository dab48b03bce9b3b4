//! What a key is when somebody calls with it.

use std::{net::IpAddr, sync::Arc};

use ipnet::IpNet;
use uuid::Uuid;
use wardgraph_kernel::{ApiKeyId, Identity, TenantId, Timestamp};
use wardgraph_store::{Statement, StoreError, Tx};

use crate::{IdentityError, api_key::KeyText};

/// A key of somebody who is a member of its organization still.
pub(super) const FIND: Statement<Identity> = Statement::identity(
    "identity.api_key.find",
    "select k.verifier, k.user_id, m.organization_id, k.scopes, k.networks, k.expires_at, u.generation
     from api_keys k join users u on u.user_id = k.user_id
     join memberships m on m.user_id = k.user_id and m.organization_id = k.organization_id
     where k.key_id = $1 and k.revoked_at is null and u.disabled_at is null",
);
/// When keys were used last.
pub(super) const TOUCH: Statement<Identity> = Statement::identity(
    "identity.api_key.touch",
    "update api_keys k set last_used_at = used.at from unnest($1::uuid[], $2::timestamptz[]) used(id, at)
     where k.key_id = used.id and (k.last_used_at is null or k.last_used_at < used.at)",
);

/// A key that is good for something, as it is remembered.
#[derive(Debug, Clone)]
pub struct KnownKey {
    /// Its id.
    pub id: ApiKeyId,
    /// Whose it is: the account's id, as tokens spell it.
    pub owner: Arc<str>,
    /// The account's generation when the key was looked up.
    pub generation: i64,
    /// The organization that it works in.
    pub organization: TenantId,
    /// The most that it may do, whatever its owner may.
    pub scopes: Vec<String>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    networks: Arc<[IpNet]>,
    verifier: [u8; 32],
}

impl KnownKey {
    /// Whether it is this very key.
    pub fn is(&self, key: &KeyText<'_>) -> bool {
        key.verifies(&self.verifier)
    }

    /// Whether it may be used at `now`.
    pub fn lives(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|until| now < until)
    }

    /// Whether it may be used from `address`.
    pub fn admits(&self, address: IpAddr) -> bool {
        self.networks.is_empty() || self.networks.iter().any(|network| network.contains(&address))
    }
}

/// The key of this id, unless it is revoked or its owner may do nothing.
pub async fn find(tx: &mut Tx<'_, Identity>, id: ApiKeyId) -> Result<Option<KnownKey>, IdentityError> {
    let rows = tx.run(&FIND, &[&id.uuid()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let (scopes, networks): (Vec<String>, Vec<String>) = (row.try_get(3)?, row.try_get(4)?);
    let networks = networks.iter().map(|text| text.parse()).collect::<Result<_, _>>();
    let verifier: Vec<u8> = row.try_get(0)?;
    Ok(Some(KnownKey {
        id,
        owner: row.try_get::<Uuid>(1)?.to_string().into(),
        generation: row.try_get(6)?,
        organization: TenantId::parse(row.try_get(2)?).map_err(|_| IdentityError::Unreadable("a key's organization"))?,
        scopes,
        expires_at: row.try_get(5)?,
        networks: networks.map_err(|_| IdentityError::Unreadable("a key's networks"))?,
        verifier: verifier.try_into().map_err(|_| IdentityError::Unreadable("a key's verifier"))?,
    }))
}

/// Notes when keys were used last.
pub async fn touch(tx: &mut Tx<'_, Identity>, used: &[(ApiKeyId, Timestamp)]) -> Result<(), StoreError> {
    let (ids, times): (Vec<Uuid>, Vec<Timestamp>) = used.iter().map(|(id, at)| (id.uuid(), *at)).unzip();
    tx.run(&TOUCH, &[&ids, &times]).await.map(drop)
}
