//! The keys that clients publish: a set for each address, as many as are in use, fetched when they are asked for.
//!
//! **Invariant:** strangers can have a key fetched by naming a client, so that everything about it is bounded: how often each address is asked
//! ([`KeyTimes::floor`]), how many are asked at once, how large a set is, and how many are kept.

use std::{sync::Arc, time::Duration};

use moka::{policy::EvictionPolicy, sync::Cache};
use tokio::sync::Semaphore;
use wardgraph_egress::{Address, Client};

use crate::{Algorithm, KeyTimes, PublishedKeys};

/// How many clients' sets are kept, and for how long after they were asked for.
const KEPT: u64 = 10_000;
const KEPT_FOR: Duration = Duration::from_hours(2);
/// How many addresses are asked at once.
const AT_ONCE: usize = 8;
/// The largest set of a client, in bytes.
const MOST_BYTES: usize = 64 * 1024;

/// When a client's keys are fetched: a key that a client took back is believed for so long.
const TIMES: KeyTimes =
    KeyTimes { refresh: Duration::from_mins(5), floor: Duration::from_secs(30), stale: Duration::from_hours(1) };

/// The keys that clients publish.
#[derive(Debug)]
pub struct RemoteKeys {
    client: Client,
    sets: Cache<String, Arc<PublishedKeys>>,
    turns: Arc<Semaphore>,
    times: KeyTimes,
}

impl RemoteKeys {
    /// Keys that are asked for by `client`, whose rules say where clients' keys may lie.
    pub fn new(client: Client) -> Self {
        Self::with_times(client, TIMES)
    }

    /// The same, at another pace.
    pub fn with_times(client: Client, times: KeyTimes) -> Self {
        let sets = Cache::builder().max_capacity(KEPT).time_to_idle(KEPT_FOR).eviction_policy(EvictionPolicy::lru()).build();
        Self { client, sets, turns: Arc::new(Semaphore::new(AT_ONCE)), times }
    }

    /// The same, of an address as it was registered; `None` if it is none.
    pub fn named(&self, address: &str) -> Option<Arc<PublishedKeys>> {
        Some(self.at(&Address::parse(address).ok()?))
    }

    /// The keys that are published at `address`. Nothing is fetched yet.
    pub fn at(&self, address: &Address) -> Arc<PublishedKeys> {
        self.sets.get_with_by_ref(address.as_str(), || {
            let algorithms = Algorithm::ASYMMETRIC.to_vec();
            let keys = PublishedKeys::new(address.clone(), self.client.clone(), algorithms, self.times);
            Arc::new(keys.in_turn(self.turns.clone(), MOST_BYTES))
        })
    }
}
