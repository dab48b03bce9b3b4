//! Tokens that were verified lately.
//!
//! **Invariant:** an entry is believed only while its token is good, by the caller's clock (`the_cache_never_outlives_the_token`).
//! An entry tells which version of which issuer's keys verified it, so that a key that was taken back takes its tokens along.
//! The key is the SHA-256 of the whole token, signature included, so that no two tokens share an entry.

use std::time::{Duration, Instant};

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use moka::{Expiry, policy::EvictionPolicy, sync::Cache};

use crate::claims::Timed;

/// The longest that a token is remembered: one that lives for years is verified, and seen as new, once a day.
const MAX_LIFE: Duration = Duration::from_hours(24);

/// The SHA-256 of a token: stands for it wherever tokens are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of a token; `None` never happens, since SHA-256 has 32 bytes.
    pub fn of(token: &str) -> Option<Self> {
        digest(&SHA256, token.as_bytes()).as_ref().try_into().ok().map(Self)
    }
}

/// The cache. The least recently used entry makes room, so that a new token is always remembered, and seen first but once.
#[derive(Debug)]
pub(crate) struct TokenCache(Cache<Fingerprint, Entry>);

#[derive(Debug, Clone)]
struct Entry {
    timed: Timed,
    /// How long the entry is worth its room.
    life: Duration,
}

/// Frees the room of dead entries by the machine's clock. Whether an entry is believed is not decided here.
struct ByLife;

impl Expiry<Fingerprint, Entry> for ByLife {
    fn expire_after_create(&self, _: &Fingerprint, entry: &Entry, _: Instant) -> Option<Duration> {
        Some(entry.life)
    }
}

impl TokenCache {
    pub(crate) fn new(tokens: u64) -> Self {
        // A token that came of others remembers each of them, and takes the room of as many more.
        let weigher = |_: &Fingerprint, entry: &Entry| {
            let ancestors = entry.timed.claims.own.as_ref().map_or(0, |own| own.chain.ancestors.len());
            u32::try_from(ancestors).unwrap_or(u32::MAX).saturating_add(1)
        };
        let cache = Cache::builder().max_capacity(tokens).weigher(weigher);
        Self(cache.eviction_policy(EvictionPolicy::lru()).expire_after(ByLife).build())
    }

    /// What is known of a token, if it is good at `now`.
    pub(crate) fn find(&self, token: &Fingerprint, now: Timestamp) -> Option<Timed> {
        self.0.get(token).map(|entry| entry.timed).filter(|timed| timed.check(now).is_ok())
    }

    /// Remembers a token, and says whether it is new here: of two callers at once, one is told so.
    pub(crate) fn remember(&self, token: Fingerprint, timed: Timed, now: Timestamp) -> bool {
        let life = Duration::try_from(timed.until.duration_since(now)).unwrap_or(Duration::ZERO).min(MAX_LIFE);
        let keys = timed.keys;
        let entry = Entry { timed, life };
        let found = self.0.entry(token).or_insert_with(|| entry.clone());
        let first = found.is_fresh();
        if found.into_value().timed.keys != keys {
            self.0.insert(token, entry);
        }
        first
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use wardgraph_kernel::{Actor, Permissions, TenantId};

    use super::*;
    use crate::{Claims, claims::KeysVersion};

    fn timed(until: Timestamp) -> Timed {
        let claims = Claims {
            subject: "a".into(),
            tenant: TenantId::parse("a").unwrap(),
            permissions: Permissions::NONE,
            issuer: "a".into(),
            token_id: None,
            expires_at: until,
            actor: Actor::system("a"),
            binding: crate::Binding::Settled,
            own: None,
        };
        Timed { claims: Arc::new(claims), from: Timestamp::MIN, until, keys: KeysVersion { issuer: 0, version: 0 } }
    }

    #[test]
    fn a_token_of_each_of_100_000_tenants_is_remembered() {
        let cache = TokenCache::new(crate::verifier::CACHED_TOKENS);
        let (now, timed) = (Timestamp::UNIX_EPOCH, timed(Timestamp::MAX));
        let tokens: Vec<_> = (0..100_000).filter_map(|n| Fingerprint::of(&n.to_string())).collect();
        for token in &tokens {
            cache.remember(*token, timed.clone(), now);
        }
        cache.0.run_pending_tasks();
        let found = tokens.iter().filter(|token| cache.find(token, now).is_some()).count();
        assert_eq!(found, 100_000);
    }

    #[test]
    fn the_cache_is_bounded_and_takes_tokens_that_live_for_ages() {
        let cache = TokenCache::new(100);
        let now = Timestamp::UNIX_EPOCH;
        for n in 0..10_000 {
            let token = Fingerprint::of(&format!("{n}")).unwrap();
            assert!(cache.remember(token, timed(Timestamp::MAX), now));
            assert!(cache.find(&token, now).is_some() && !cache.remember(token, timed(Timestamp::MAX), now));
        }
        cache.0.run_pending_tasks();
        assert!(cache.0.entry_count() <= 100, "{}", cache.0.entry_count());
    }
}
