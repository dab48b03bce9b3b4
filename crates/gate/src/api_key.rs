//! API keys, as they are recognised: in memory, but for the first call with each.
//!
//! **Invariant:** a key is looked at anew after ten minutes, and at once after its owner's tokens were taken back; one that was revoked is not
//! believed a second later, although it is remembered (`a_revoked_key_stops_within_a_second_on_every_server`).

use std::{
    mem,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use moka::{policy::EvictionPolicy, sync::Cache};
use wardgraph_access::Bound;
use wardgraph_identity::{
    IdentityError,
    api_key::{self, KeyText, KnownKey},
};
use wardgraph_kernel::{Actor, ActorType, ApiKeyId, ChangeKind, Identity, Permissions, Read, Timestamp};
use wardgraph_store::{Plan, Role, Scope, Store, StoreError};
use wardgraph_tokens::{Binding, Claims};

use crate::Gate;

/// How many keys are remembered, and for how long. A replaced key lives on for longer than that.
const REMEMBERED: u64 = 131_072;
const REMEMBERED_FOR: Duration = Duration::from_mins(10);
/// How exactly it is known when a key was used last, and of how many at once.
const USED_TO: Duration = Duration::from_mins(1);
const USED_AT_ONCE: usize = 10_000;

/// The keys that were met.
#[derive(Debug)]
pub(crate) struct KeyRing {
    known: Cache<ApiKeyId, Arc<Met>>,
    lately: Cache<ApiKeyId, ()>,
    used: Mutex<Vec<(ApiKeyId, Timestamp)>>,
}

/// A key that was met, and what a call with it is.
#[derive(Debug)]
pub(crate) struct Met {
    key: KnownKey,
    pub(crate) claims: Arc<Claims>,
    /// What it leaves of what its owner may do.
    pub(crate) bound: Arc<Bound>,
}

/// Why a key is not believed.
#[derive(Debug)]
pub(crate) enum NoKey {
    /// There is none, or it is over.
    Unknown,
    /// It may not be used from there.
    Elsewhere,
    /// That cannot be known now.
    Away(IdentityError),
}

impl KeyRing {
    pub(crate) fn new() -> Self {
        let known = Cache::builder().max_capacity(REMEMBERED).time_to_live(REMEMBERED_FOR);
        let lately = Cache::builder().max_capacity(REMEMBERED).time_to_live(USED_TO);
        Self {
            known: known.eviction_policy(EvictionPolicy::lru()).build(),
            lately: lately.eviction_policy(EvictionPolicy::lru()).build(),
            used: Mutex::default(),
        }
    }

    /// Notes that a key was used.
    fn used(&self, key: ApiKeyId, now: Timestamp) {
        if self.lately.entry(key).or_insert(()).is_fresh() {
            let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
            // When more keys are used at once than this, some seem to have been used earlier than they were.
            if used.len() < USED_AT_ONCE {
                used.push((key, now));
            }
        }
    }
}

impl Gate {
    /// What a call with this key is. Waits for nobody if the key was met lately. The caller has seen to it that revocations are fresh.
    pub(crate) async fn key(&self, text: &KeyText<'_>, ip: IpAddr, now: Timestamp) -> Result<Arc<Met>, NoKey> {
        let met = match self.keys.known.get(&text.id).filter(|met| !self.is_outdated(&met.key)) {
            Some(met) => met,
            None => Box::pin(self.meet(text.id)).await?,
        };
        let over = || self.is_revoked(ChangeKind::ApiKeyRevoked, &met.claims.actor.id, 0) || !met.key.lives(now);
        if !met.key.is(text) || over() {
            return Err(NoKey::Unknown);
        }
        if !met.key.admits(ip) {
            return Err(NoKey::Elsewhere);
        }
        self.keys.used(text.id, now);
        Ok(met)
    }

    /// Whether its owner's tokens were taken back since it was looked up: then it may be revoked as well.
    fn is_outdated(&self, key: &KnownKey) -> bool {
        self.is_revoked(ChangeKind::UserGeneration, &key.owner, key.generation)
    }

    async fn meet(&self, id: ApiKeyId) -> Result<Arc<Met>, NoKey> {
        let key = look_up(&self.parts.store, id).await.map_err(NoKey::Away)?.ok_or(NoKey::Unknown)?;
        let scopes = || key.scopes.iter().map(String::as_str);
        let bound = Arc::new(Bound::of_scopes(scopes()));
        let claims = Arc::new(Claims {
            subject: key.owner.clone(),
            tenant: key.organization.clone(),
            permissions: Permissions::from_scopes(scopes()),
            issuer: "api_key".into(),
            token_id: None,
            expires_at: key.expires_at.unwrap_or(Timestamp::MAX),
            actor: Actor { kind: ActorType::ApiKey, id: id.to_string().into() },
            binding: Binding::Settled,
            own: None,
        });
        let met = Arc::new(Met { key, claims, bound });
        self.keys.known.insert(id, met.clone());
        Ok(met)
    }

    /// Writes down which keys were used. What cannot be written is lost: it would be a minute newer than what is known.
    pub(crate) async fn record_used_keys(&self) -> Result<(), StoreError> {
        let used = mem::take(&mut *self.keys.used.lock().unwrap_or_else(PoisonError::into_inner));
        if used.is_empty() {
            return Ok(());
        }
        let mut unit = self.parts.store.unit::<Identity>(Role::Identity, Scope::System, Plan::Generic)?;
        api_key::touch(&mut unit.tx::<Identity>(), &used).await?;
        unit.commit(&[]).await
    }
}

async fn look_up(store: &Store, id: ApiKeyId) -> Result<Option<KnownKey>, IdentityError> {
    let mut unit = store.unit::<Read>(Role::Identity, Scope::System, Plan::Generic)?;
    unit.end_with_next();
    api_key::find(&mut unit.tx::<Identity>(), id).await
}
