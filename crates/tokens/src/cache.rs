//! Tokens that were verified lately.
//!
//! **Invariant:** an entry is believed only while its token is good, by the caller's clock (`the_cache_never_outlives_the_token`).
//! An entry tells which version of which issuer's keys verified it, so that a key that was taken back takes its tokens along.
//! Tokens are told apart by the SHA-256 of the whole, signature included, so that no two share an entry.
//!
//! An entry takes some 100 bytes besides its claims, since there is one for each of 100,000 tenants: no lists, and no timers.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;

use crate::{
    Claims,
    claims::{KeysVersion, Timed},
};

/// The longest that a token is remembered: one that lives for years is verified, and seen as new, once a day.
const MAX_LIFE: Duration = Duration::from_hours(24);
/// Each under its own lock, held for one look-up.
const SHARDS: usize = 16;
/// How many places are looked at with each token that comes, for what is dead: a third of what is alive is dead and there, at most.
const SWEPT: usize = 4;

/// The SHA-256 of a token: stands for it wherever tokens are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of a token; `None` never happens, since SHA-256 has 32 bytes.
    pub fn of(token: &str) -> Option<Self> {
        digest(&SHA256, token.as_bytes()).as_ref().try_into().ok().map(Self)
    }

    /// Enough of it to find the rest by. Of two tokens that share it the later one takes the other's place.
    fn short(&self) -> u64 {
        self.0.first_chunk().map_or(0, |bytes| u64::from_ne_bytes(*bytes))
    }
}

/// The cache. A new token is always remembered. What makes room was not used while as many came as fit; so tokens that come once, however many,
/// take nothing from those that come again.
#[derive(Debug)]
pub(crate) struct TokenCache {
    secret: RandomState,
    shards: [Mutex<Shard>; SHARDS],
    most: usize,
}

/// What is known of a token.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) claims: Arc<Claims>,
    pub(crate) keys: KeysVersion,
}

impl TokenCache {
    pub(crate) fn new(tokens: usize) -> Self {
        Self { secret: RandomState::new(), shards: std::array::from_fn(|_| Mutex::default()), most: tokens / SHARDS }
    }

    /// What is known of a token, if it is good at `now`.
    pub(crate) fn find(&self, token: &Fingerprint, now: Timestamp) -> Option<Known> {
        self.shard(token)?.find(token, nanos(now))
    }

    /// Remembers a token, and says whether it is new here: of two callers at once, one is told so.
    pub(crate) fn remember(&self, token: Fingerprint, timed: &Timed, now: Timestamp) -> bool {
        let until = now.saturating_add(MAX_LIFE).map_or(timed.until, |latest| timed.until.min(latest));
        // A token that came of others remembers each of them, and takes the room of as many more.
        let ancestors = timed.claims.own.as_ref().map_or(0, |own| own.chain().ancestors.len());
        let entry = Entry {
            token,
            claims: timed.claims.clone(),
            from: nanos(timed.from),
            until: nanos(until),
            keys: timed.keys,
            weight: u8::try_from(ancestors).unwrap_or(u8::MAX).saturating_add(1),
            used: false,
        };
        self.shard(&token).is_none_or(|mut shard| shard.remember(entry, nanos(now), self.most))
    }

    /// By a secret of this process, so that nobody has all of their tokens in one.
    fn shard(&self, token: &Fingerprint) -> Option<MutexGuard<'_, Shard>> {
        let place = usize::try_from(self.secret.hash_one(token) >> 32).unwrap_or_default() % SHARDS;
        self.shards.get(place).map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A part of the tokens, in places that are taken up again. Two hands go round over the places: one for whoever makes room, one for what is dead.
#[derive(Debug, Default)]
struct Shard {
    places: HashMap<u64, usize>,
    entries: Vec<Option<Entry>>,
    free: Vec<usize>,
    /// Of all entries.
    weight: usize,
    hand: usize,
    broom: usize,
}

#[derive(Debug)]
struct Entry {
    token: Fingerprint,
    claims: Arc<Claims>,
    /// The first nanosecond since 1970 at which it is good, and the first at which it is not any more.
    from: i64,
    until: i64,
    keys: KeysVersion,
    weight: u8,
    /// Whether it was found since the hand came by.
    used: bool,
}

impl Shard {
    fn find(&mut self, token: &Fingerprint, now: i64) -> Option<Known> {
        let place = *self.places.get(&token.short())?;
        let entry = self.entries.get_mut(place)?.as_mut()?;
        if entry.token != *token || now < entry.from || now >= entry.until {
            return None;
        }
        entry.used = true;
        Some(Known { claims: entry.claims.clone(), keys: entry.keys })
    }

    /// Whether the token is new here.
    fn remember(&mut self, entry: Entry, now: i64, most: usize) -> bool {
        self.sweep(now);
        let known = self.places.get(&entry.token.short()).copied().and_then(|place| self.forget(place));
        let is_new = known.is_none_or(|known| known.token != entry.token || now >= known.until);
        if self.make_room(usize::from(entry.weight), now, most) {
            self.put(entry);
        }
        is_new
    }

    /// Forgets what is dead, a little of it each time.
    fn sweep(&mut self, now: i64) {
        for _ in 0..SWEPT {
            if self.entries.get(self.broom).and_then(Option::as_ref).is_some_and(|entry| now >= entry.until) {
                self.forget(self.broom);
            }
            self.broom = self.after(self.broom);
        }
    }

    /// Has those make room that were not found since the hand came by the last time; `false` if there never is as much.
    fn make_room(&mut self, weight: usize, now: i64, most: usize) -> bool {
        while self.weight > 0 && self.weight + weight > most {
            match self.entries.get_mut(self.hand) {
                Some(Some(entry)) if entry.used && now < entry.until => entry.used = false,
                _ => drop(self.forget(self.hand)),
            }
            self.hand = self.after(self.hand);
        }
        weight <= most
    }

    fn after(&self, place: usize) -> usize {
        if place + 1 < self.entries.len() { place + 1 } else { 0 }
    }

    /// Where somebody made room last, the hand has just come by.
    fn put(&mut self, entry: Entry) {
        let place = self.free.pop().unwrap_or_else(|| {
            self.entries.push(None);
            self.entries.len() - 1
        });
        if let Some(free) = self.entries.get_mut(place) {
            self.weight += usize::from(entry.weight);
            self.places.insert(entry.token.short(), place);
            *free = Some(entry);
        }
    }

    fn forget(&mut self, place: usize) -> Option<Entry> {
        let entry = self.entries.get_mut(place)?.take()?;
        self.weight -= usize::from(entry.weight);
        self.places.remove(&entry.token.short());
        self.free.push(place);
        Some(entry)
    }
}

/// Nanoseconds since 1970. What is centuries away is the end of all time.
fn nanos(time: Timestamp) -> i64 {
    i64::try_from(time.as_nanosecond()).unwrap_or(if time < Timestamp::UNIX_EPOCH { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use wardgraph_kernel::{Actor, Permissions, TenantId};

    use super::*;

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

    fn token(number: u32) -> Fingerprint {
        Fingerprint::of(&number.to_string()).unwrap()
    }

    fn count(cache: &TokenCache) -> usize {
        let shards = cache.shards.iter().map(|shard| shard.lock().unwrap());
        let counts = shards.map(|shard| {
            let (entries, free) = (shard.entries.iter().flatten(), shard.free.len());
            let (count, weight) = entries.fold((0, 0), |(count, weight), entry| (count + 1, weight + usize::from(entry.weight)));
            assert_eq!((count, count + free, weight), (shard.places.len(), shard.entries.len(), shard.weight));
            count
        });
        counts.sum()
    }

    #[test]
    fn a_token_of_each_of_100_000_tenants_is_remembered() {
        let cache = TokenCache::new(crate::verifier::CACHED_TOKENS);
        let (now, timed) = (Timestamp::UNIX_EPOCH, timed(Timestamp::MAX));
        let tokens: Vec<_> = (0..100_000).map(token).collect();
        for token in &tokens {
            cache.remember(*token, &timed, now);
        }
        let found = tokens.iter().filter(|token| cache.find(token, now).is_some()).count();
        assert_eq!(found, 100_000);
        assert!(size_of::<Option<Entry>>() <= 80);
    }

    #[test]
    fn the_cache_is_bounded_and_takes_tokens_that_live_for_ages() {
        let (cache, now, timed) = (TokenCache::new(100), Timestamp::UNIX_EPOCH, timed(Timestamp::MAX));
        for token in (0..10_000).map(token) {
            assert!(cache.remember(token, &timed, now));
            assert!(cache.find(&token, now).is_some() && !cache.remember(token, &timed, now));
        }
        assert!((50..=100).contains(&count(&cache)), "{}", count(&cache));
        let (last, day) = (token(9_999), now + MAX_LIFE);
        assert!(cache.find(&last, day - Duration::from_nanos(1)).is_some() && cache.find(&last, day).is_none());
        assert!(cache.remember(last, &timed, day), "once a day it is new");
    }

    #[test]
    fn tokens_that_come_once_take_nothing_from_those_that_come_again() {
        let (cache, now, timed) = (TokenCache::new(1_600), Timestamp::UNIX_EPOCH, timed(Timestamp::MAX));
        let regulars: Vec<_> = (0..100).map(token).collect();
        for token in &regulars {
            cache.remember(*token, &timed, now);
        }
        for number in 0..20_000 {
            cache.remember(token(1_000 + number), &timed, now);
            if number % 500 == 0 {
                assert!(regulars.iter().all(|token| cache.find(token, now).is_some()), "{number}");
            }
        }
    }

    #[test]
    fn the_dead_leave_while_others_come() {
        let cache = TokenCache::new(100_000);
        let (now, short) = (Timestamp::UNIX_EPOCH, timed(Timestamp::from_second(60).unwrap()));
        for token in (0..10_000).map(token) {
            cache.remember(token, &short, now);
        }
        let later = now + Duration::from_mins(1);
        assert!(cache.find(&token(0), later).is_none());
        for number in 10_000..14_000 {
            cache.remember(token(number), &timed(Timestamp::MAX), later);
        }
        assert_eq!(count(&cache), 4_000);
    }

    #[test]
    fn one_that_came_of_others_takes_their_room_and_a_cache_of_nothing_holds_nothing() {
        let mut shard = Shard::default();
        let entry = |number, weight| Entry {
            token: token(number),
            claims: timed(Timestamp::MAX).claims,
            from: 0,
            until: i64::MAX,
            keys: KeysVersion { issuer: 0, version: 0 },
            weight,
            used: false,
        };
        for number in 0..10 {
            assert!(shard.remember(entry(number, 1), 0, 10));
        }
        assert!(shard.find(&token(0), 0).is_some());
        assert!(shard.remember(entry(10, 9), 0, 10));
        assert_eq!((shard.weight, shard.places.len()), (10, 2), "what was found stays");
        assert!(shard.find(&token(0), 0).is_some() && shard.find(&token(10), 0).is_some());
        assert!(Shard::default().remember(entry(0, 1), 0, 0));
        let (cache, now) = (TokenCache::new(0), Timestamp::UNIX_EPOCH);
        assert!(cache.remember(token(0), &timed(Timestamp::MAX), now) && cache.find(&token(0), now).is_none());
    }
}
