//! Which tokens were met from which addresses lately.
//!
//! Of each pair 64 bits of a hash are kept, under a secret of this process: nobody can aim at another's, and among 200,000 the chance that two
//! share one is below 1 in 10^8. They are kept in two generations. When the younger one is a day old, or full, it becomes the older one,
//! whose pairs are forgotten: what is forgotten leaves an event again.

use std::{
    collections::HashSet,
    hash::{BuildHasher, RandomState},
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use wardgraph_kernel::Timestamp;
use wardgraph_tokens::Fingerprint;

/// How many pairs a generation holds: more than the verifier remembers tokens.
const MOST: usize = 200_000;
const SHARDS: usize = 16;
const DAY: Duration = Duration::from_hours(24);

/// The pairs of token and address that were met.
#[derive(Debug)]
pub(crate) struct Seen {
    secret: RandomState,
    shards: [Mutex<Shard>; SHARDS],
    most: usize,
}

#[derive(Debug, Default)]
struct Shard {
    since: Option<Timestamp>,
    young: HashSet<u64>,
    old: HashSet<u64>,
}

impl Seen {
    pub(crate) fn new() -> Self {
        Self::of(MOST)
    }

    fn of(most: usize) -> Self {
        Self { secret: RandomState::new(), shards: std::array::from_fn(|_| Mutex::default()), most: most.div_ceil(SHARDS) }
    }

    /// Whether the token was not met from there lately. Of two callers at once, one is told so.
    pub(crate) fn is_new(&self, token: Fingerprint, from: IpAddr, now: Timestamp) -> bool {
        let pair = self.secret.hash_one((token, from));
        let place = usize::try_from(pair >> 32).unwrap_or_default() % SHARDS;
        let Some(shard) = self.shards.get(place) else { return true };
        shard.lock().unwrap_or_else(PoisonError::into_inner).is_new(pair, self.most, now)
    }
}

impl Shard {
    fn is_new(&mut self, pair: u64, most: usize, now: Timestamp) -> bool {
        let since = *self.since.get_or_insert(now);
        let is_over = Duration::try_from(now.duration_since(since)).is_ok_and(|age| age >= DAY);
        if self.young.len() >= most || is_over {
            self.old = std::mem::take(&mut self.young);
            self.since = Some(now);
        }
        !self.old.contains(&pair) && self.young.insert(pair)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(n: u32) -> Fingerprint {
        Fingerprint::of(&n.to_string()).unwrap()
    }

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const THERE: IpAddr = IpAddr::V6(std::net::Ipv6Addr::LOCALHOST);

    #[test]
    fn a_token_is_new_once_from_each_address_until_a_day_or_two_are_over() {
        let (seen, now) = (Seen::new(), Timestamp::UNIX_EPOCH);
        assert!(seen.is_new(token(1), HERE, now));
        assert!(!seen.is_new(token(1), HERE, now));
        assert!(seen.is_new(token(1), THERE, now));
        assert!(seen.is_new(token(2), HERE, now));
        assert!(!seen.is_new(token(1), HERE, now + DAY), "the older generation still knows it");
        assert!(seen.is_new(token(1), HERE, now + 2 * DAY), "and is forgotten");
    }

    #[test]
    fn a_flood_of_tokens_stays_bounded() {
        let (seen, now) = (Seen::of(1_000), Timestamp::UNIX_EPOCH);
        for n in 0..20_000 {
            seen.is_new(token(n), HERE, now);
        }
        let kept: usize =
            seen.shards.iter().map(|shard| shard.lock().map_or(0, |shard| shard.young.len() + shard.old.len())).sum();
        assert!((1_000..=2 * (1_000 + SHARDS)).contains(&kept), "{kept}");
        assert!(!seen.is_new(token(19_999), HERE, now), "what came last is known");
    }
}
