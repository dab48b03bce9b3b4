//! Keys that an issuer publishes at an address: fetched, kept, and fetched again.
//!
//! **Invariant:** verifying takes the keys at hand and waits for nobody; only a token whose key is not at hand has them fetched, and however many
//! such tokens come, the issuer is asked once in [`KeyTimes::floor`].

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use tokio::sync::Mutex;
use wardgraph_egress::{Address, Client, Request};

use crate::{
    Algorithm, TokenError,
    jwk::{self, PublishedKey},
};

/// The largest key set, in bytes.
const MOST_BYTES: usize = 256 * 1024;
/// How long the issuer may take to answer, and rest while it does.
const DEADLINE: Duration = Duration::from_secs(5);
const IDLE: Duration = Duration::from_secs(3);

/// When keys are fetched, and how long they are believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyTimes {
    /// How often they are fetched without being asked for: so long is a key believed that the issuer took back.
    pub refresh: Duration,
    /// The least time between two fetches, whoever asks.
    pub floor: Duration,
    /// How long they are believed while the issuer is down.
    pub stale: Duration,
}

impl Default for KeyTimes {
    fn default() -> Self {
        Self { refresh: Duration::from_mins(5), floor: Duration::from_secs(10), stale: Duration::from_hours(6) }
    }
}

/// The keys of one issuer.
#[derive(Debug)]
pub struct PublishedKeys {
    address: Address,
    client: Client,
    algorithms: Vec<Algorithm>,
    times: KeyTimes,
    at_hand: ArcSwap<KeySet>,
    last: Mutex<Option<Attempt>>,
}

/// Keys that belong together.
#[derive(Debug, Default)]
pub(crate) struct KeySet {
    /// Counts changes of the set: a token that was verified by another set is verified anew.
    pub(crate) version: u64,
    pub(crate) keys: Vec<PublishedKey>,
    fetched_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy)]
struct Attempt {
    at: Timestamp,
    succeeded: bool,
}

impl PublishedKeys {
    /// The keys at `address`, for signatures of these algorithms. None is at hand yet.
    pub fn new(address: Address, client: Client, algorithms: Vec<Algorithm>, times: KeyTimes) -> Self {
        Self { address, client, algorithms, times, at_hand: ArcSwap::default(), last: Mutex::default() }
    }

    /// When keys are fetched.
    pub const fn times(&self) -> KeyTimes {
        self.times
    }

    /// The keys at hand, if they may still be believed.
    pub(crate) fn at_hand(&self, now: Timestamp) -> Result<Arc<KeySet>, TokenError> {
        let keys = self.at_hand.load_full();
        let believed = keys.fetched_at.is_some_and(|then| age(then, now) < self.times.stale);
        if believed { Ok(keys) } else { Err(TokenError::KeysUnavailable) }
    }

    pub(crate) fn takes(&self, algorithm: Algorithm) -> bool {
        self.algorithms.contains(&algorithm)
    }

    /// Fetches the keys, unless that was tried a moment ago. Who comes while they are fetched waits for the same fetch.
    ///
    /// # Errors
    /// [`TokenError::KeysUnavailable`] if the last try did not bring any.
    pub(crate) async fn renew(&self, now: Timestamp) -> Result<(), TokenError> {
        let mut last = self.last.lock().await;
        let attempt = match *last {
            Some(attempt) if now >= attempt.at && age(attempt.at, now) < self.times.floor => attempt,
            _ => Attempt { at: now, succeeded: self.fetch(now).await },
        };
        *last = Some(attempt);
        if attempt.succeeded { Ok(()) } else { Err(TokenError::KeysUnavailable) }
    }

    async fn fetch(&self, now: Timestamp) -> bool {
        let keys = match self.ask().await {
            Ok(keys) => keys,
            Err(why) => {
                tracing::warn!(why, "an issuer's keys could not be fetched");
                return false;
            }
        };
        let before = self.at_hand.load_full();
        let version = if before.keys == keys { before.version } else { before.version + 1 };
        self.at_hand.store(Arc::new(KeySet { version, keys, fetched_at: Some(now) }));
        true
    }

    async fn ask(&self) -> Result<Vec<PublishedKey>, String> {
        let answer =
            self.client.send(Request::get(self.address.clone(), DEADLINE, IDLE)).await.map_err(|error| error.to_string())?;
        if answer.status.as_u16() != 200 {
            return Err(format!("the status is {}", answer.status.as_u16()));
        }
        let body = answer.body(MOST_BYTES).await.map_err(|error| error.to_string())?;
        jwk::read_set(&body, &self.algorithms)
            .ok_or_else(|| "the answer is no key set with a key of the issuer's algorithms".into())
    }
}

/// How long ago something was; a clock that was set back makes it now.
fn age(then: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(then)).unwrap_or_default()
}
