//! The keys that clients publish: a set for each address, as many as are in use, fetched when they are asked for.
//!
//! **Invariant:** strangers can have a key fetched by naming a client, so that everything about it is bounded: how often each address is asked
//! ([`KeyTimes::floor`]), how many are asked at once, how large a set is, and how many are kept. What is an organization's waits for none of another's,
//! nor for clients that are nobody's (`who_is_slow_keeps_nobody_elses_keys_waiting`).

use std::{convert::Infallible, sync::Arc, time::Duration};

use wardgraph_egress::{Address, Client, Turns};
use wardgraph_shares::{Kept, Room, Shared};

use crate::{Algorithm, KeyTimes, PublishedKeys};

/// How many sets of organizations' clients are kept, and how many of nobody's; how many of one organization's, which may have as many clients; and for how
/// long after they were asked for.
const KEPT: u64 = 10_000;
const KEPT_OF_ONE: u64 = 1_000;
const KEPT_FOR: Duration = Duration::from_hours(2);
/// How many addresses are asked at once: organizations' clients', how many of them of one organization, and those of nobody's clients.
const AT_ONCE: usize = 32;
const OF_ONE: usize = 4;
const OF_NOBODY: usize = 8;
/// How many are asked at once on one host, for one organization or for nobody.
const ON_ONE_HOST: usize = 2;
/// The largest set of a client, in bytes.
const MOST_BYTES: usize = 64 * 1024;

/// When a client's keys are fetched: a key that a client took back is believed for so long.
const TIMES: KeyTimes =
    KeyTimes { refresh: Duration::from_mins(5), floor: Duration::from_secs(30), stale: Duration::from_hours(1) };

/// The keys that clients publish.
#[derive(Debug)]
pub struct RemoteKeys {
    client: Client,
    vouched: Sets,
    nobodys: Sets,
    times: KeyTimes,
}

/// Sets by whose client's they are and where they lie, and the turns in which they are fetched.
#[derive(Debug)]
struct Sets {
    kept: Shared<(String, String), PublishedKeys, String>,
    turns: Arc<Turns>,
}

impl Sets {
    fn new(of_each: u64, turns: Turns) -> Self {
        let room = Room { all: KEPT, each: of_each, kept: Kept::Idle(KEPT_FOR) };
        Self { kept: Shared::new(room, |(owner, _), _| owner.clone(), |_| 1), turns: Arc::new(turns) }
    }
}

impl RemoteKeys {
    /// Keys that are asked for by `client`, whose rules say where clients' keys may lie.
    pub fn new(client: Client) -> Self {
        Self::with_times(client, TIMES)
    }

    /// The same, at another pace.
    pub fn with_times(client: Client, times: KeyTimes) -> Self {
        let vouched = Sets::new(KEPT_OF_ONE, Turns::new(AT_ONCE, OF_ONE, ON_ONE_HOST));
        let nobodys = Sets::new(KEPT, Turns::new(OF_NOBODY, OF_NOBODY, ON_ONE_HOST));
        Self { client, vouched, nobodys, times }
    }

    /// The same, of an address as it was registered; `None` if it is none.
    pub fn named(&self, whose: Option<&str>, address: &str) -> Option<Arc<PublishedKeys>> {
        Some(self.at(whose, &Address::parse(address).ok()?))
    }

    /// The keys that are published at `address`, of a client of this organization, or of nobody's. Nothing is fetched yet.
    pub fn at(&self, whose: Option<&str>, address: &Address) -> Arc<PublishedKeys> {
        let sets = if whose.is_some() { &self.vouched } else { &self.nobodys };
        let owner = whose.unwrap_or_default();
        let kept = sets.kept.get_or_make(&(owner.to_owned(), address.as_str().to_owned()), || {
            let algorithms = Algorithm::ASYMMETRIC.to_vec();
            let keys = PublishedKeys::new(address.clone(), self.client.clone(), algorithms, self.times);
            Ok::<_, Infallible>(keys.in_turn(sets.turns.clone(), owner, MOST_BYTES))
        });
        kept.unwrap_or_else(|never| match *never {})
    }
}
