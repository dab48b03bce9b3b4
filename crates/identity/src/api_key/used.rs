//! What a key is when somebody calls with it.

use std::{net::IpAddr, sync::Arc};

use ipnet::IpNet;
use uuid::Uuid;
use wardgraph_kernel::{ApiKeyId, Identity, Permissions, TenantId, Timestamp};
use wardgraph_store::{Statement, StoreError, Tx};

use crate::{IdentityError, account::seat, api_key::KeyText};

/// A key, with what its owner may do in the organization now.
pub(super) const FIND: Statement<Identity> = Statement::identity(
    "identity.api_key.find",
    "select k.verifier, k.user_id, m.organization_id, m.role, k.scopes, k.networks, k.expires_at, u.generation
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
    /// What it may do: what its owner may, narrowed to its scopes.
    pub permissions: Permissions,
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
    let seat = seat(row.try_get(2)?, row.try_get(3)?, None)?.ok_or(IdentityError::Unreadable("a key's organization"))?;
    let (scopes, networks): (Vec<String>, Vec<String>) = (row.try_get(4)?, row.try_get(5)?);
    let networks = networks.iter().map(|text| text.parse()).collect::<Result<_, _>>();
    let permissions = Permissions::from_scopes(scopes.iter().map(String::as_str)).intersect(seat.permissions());
    let verifier: Vec<u8> = row.try_get(0)?;
    Ok(Some(KnownKey {
        id,
        owner: row.try_get::<Uuid>(1)?.to_string().into(),
        generation: row.try_get(7)?,
        organization: seat.organization,
        permissions,
        expires_at: row.try_get(6)?,
        networks: networks.map_err(|_| IdentityError::Unreadable("a key's networks"))?,
        verifier: verifier.try_into().map_err(|_| IdentityError::Unreadable("a key's verifier"))?,
    }))
}

/// Notes when keys were used last.
pub async fn touch(tx: &mut Tx<'_, Identity>, used: &[(ApiKeyId, Timestamp)]) -> Result<(), StoreError> {
    let (ids, times): (Vec<Uuid>, Vec<Timestamp>) = used.iter().map(|(id, at)| (id.uuid(), *at)).unzip();
    tx.run(&TOUCH, &[&ids, &times]).await.map(drop)
}
