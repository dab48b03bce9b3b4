//! Keys that an issuer publishes at an address: fetched, kept, and fetched again.
//!
//! **Invariant:** verifying takes the keys at hand and waits for nobody; only a token whose key is not at hand has them fetched, and however many
//! such tokens come, the issuer is asked once in [`KeyTimes::floor`].

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use tokio::{
    sync::{Semaphore, watch},
    time::timeout,
};
use wardgraph_egress::{Address, Client, Request};

use crate::{
    Algorithm, TokenError,
    jwk::{self, PublishedKey},
};

/// The largest key set of an issuer, in bytes.
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
    most_bytes: usize,
    /// Shared by those whose fetches take turns.
    turns: Option<Arc<Semaphore>>,
    at_hand: ArcSwap<KeySet>,
    attempts: watch::Sender<Attempt>,
}

/// Keys that belong together.
#[derive(Debug, Default)]
pub(crate) struct KeySet {
    /// Counts changes of the set: a token that was verified by another set is verified anew.
    pub(crate) version: u64,
    pub(crate) keys: Vec<PublishedKey>,
    fetched_at: Option<Timestamp>,
}

impl KeySet {
    /// Keys that are never fetched.
    pub(crate) const fn fixed(keys: Vec<PublishedKey>) -> Self {
        Self { version: 0, keys, fetched_at: None }
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Attempt {
    at: Option<Timestamp>,
    succeeded: bool,
    runs: bool,
}

/// A fetch on its way. However it ends, it is over then.
struct Fetching {
    keys: Arc<PublishedKeys>,
    attempt: Attempt,
}

impl Fetching {
    async fn run(mut self, now: Timestamp) {
        self.attempt.succeeded = self.keys.fetch(now).await;
    }
}

impl Drop for Fetching {
    fn drop(&mut self) {
        self.keys.attempts.send_replace(self.attempt);
    }
}

impl PublishedKeys {
    /// The keys at `address`, for signatures of these algorithms. None is at hand yet.
    pub fn new(address: Address, client: Client, algorithms: Vec<Algorithm>, times: KeyTimes) -> Self {
        let (at_hand, attempts) = (ArcSwap::default(), watch::Sender::default());
        Self { address, client, algorithms, times, most_bytes: MOST_BYTES, turns: None, at_hand, attempts }
    }

    /// The same, fetched only when a turn of `turns` is free, and of `most_bytes` at most.
    pub(crate) fn in_turn(self, turns: Arc<Semaphore>, most_bytes: usize) -> Self {
        Self { turns: Some(turns), most_bytes, ..self }
    }

    /// How long to wait before the keys are fetched again without being asked for.
    pub(crate) fn rest(&self, now: Timestamp) -> Duration {
        let last = *self.attempts.borrow();
        let pace = if last.succeeded { self.times.refresh } else { self.times.floor };
        last.at.map_or(Duration::ZERO, |at| pace.saturating_sub(between(at, now)))
    }

    /// The keys at hand, if they may still be believed.
    pub(crate) fn at_hand(&self, now: Timestamp) -> Result<Arc<KeySet>, TokenError> {
        let keys = self.at_hand.load_full();
        let believed = keys.fetched_at.is_some_and(|then| between(then, now) < self.times.stale);
        if believed { Ok(keys) } else { Err(TokenError::KeysUnavailable) }
    }

    pub(crate) fn takes(&self, algorithm: Algorithm) -> bool {
        self.algorithms.contains(&algorithm)
    }

    /// Fetches the keys, unless that was tried a moment ago. Who comes while they are fetched waits for the same fetch, and who goes away does not
    /// end it: a stranger who hangs up must neither cost another fetch nor stand in its way.
    ///
    /// # Errors
    /// [`TokenError::KeysUnavailable`] if the last try did not bring any.
    pub(crate) async fn renew(self: &Arc<Self>, now: Timestamp) -> Result<(), TokenError> {
        let mut ends = self.attempts.subscribe();
        let begins = self.attempts.send_if_modified(|last| {
            let begins = !last.runs && last.at.is_none_or(|at| between(at, now) >= self.times.floor);
            last.runs |= begins;
            begins
        });
        if begins {
            let fetching = Fetching { keys: self.clone(), attempt: Attempt { at: Some(now), succeeded: false, runs: false } };
            tokio::spawn(fetching.run(now));
        }
        let ended = ends.wait_for(|last| !last.runs).await.map_err(|_| TokenError::KeysUnavailable)?;
        if ended.succeeded { Ok(()) } else { Err(TokenError::KeysUnavailable) }
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
        let _turn = match &self.turns {
            Some(turns) => {
                let turn = timeout(DEADLINE, turns.acquire()).await.map_err(|_| "too many are fetched at once".to_owned())?;
                Some(turn.map_err(|error| error.to_string())?)
            }
            None => None,
        };
        let answer =
            self.client.send(Request::get(self.address.clone(), DEADLINE, IDLE)).await.map_err(|error| error.to_string())?;
        if answer.status.as_u16() != 200 {
            return Err(format!("the status is {}", answer.status.as_u16()));
        }
        let body = answer.body(self.most_bytes).await.map_err(|error| error.to_string())?;
        jwk::read_set(&body, &self.algorithms).ok_or_else(|| "the answer is no key set to rely on".into())
    }
}

/// The time between two moments, whichever is the earlier: calls do not come in the order of their times, and clocks are set back.
fn between(one: Timestamp, other: Timestamp) -> Duration {
    one.duration_since(other).unsigned_abs()
}
