//! Keys that an issuer publishes at an address: fetched, kept, and fetched again.
//!
//! **Invariant:** verifying takes the keys at hand and waits for nobody; only a token whose key is not at hand has them fetched, and however many
//! such tokens come, the issuer is asked once in [`KeyTimes::floor`].

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use tokio::sync::watch;
use wardgraph_egress::{Address, Client, Request, Turns};

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
    /// Shared by those whose fetches take turns, and whose they are.
    turns: Option<(Arc<Turns>, String)>,
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

/// A fetch on its way. However it ends, it is over then; and it was none if it had no turn.
struct Fetching {
    keys: Arc<PublishedKeys>,
    attempt: Attempt,
}

impl Fetching {
    async fn run(mut self, now: Timestamp) {
        let _turn = match &self.keys.turns {
            None => None,
            Some((turns, owner)) => {
                let turn = turns.take(owner, self.keys.address.host(), DEADLINE).await;
                // Nobody was asked, which says nothing of the keys: whoever comes next may try.
                if turn.is_none() {
                    return;
                }
                turn
            }
        };
        self.attempt.at = Some(now);
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

    /// The same, fetched only when the owner has one of `turns`, and of `most_bytes` at most.
    pub(crate) fn in_turn(self, turns: Arc<Turns>, owner: &str, most_bytes: usize) -> Self {
        Self { turns: Some((turns, owner.to_owned())), most_bytes, ..self }
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
            let fetching = Fetching { keys: self.clone(), attempt: Attempt::default() };
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

#[cfg(test)]
mod tests {
    use super::*;
    use wardgraph_egress::{Egress, Names, Rules};

    #[tokio::test]
    async fn keys_that_had_no_turn_are_asked_for_by_whoever_comes_next() {
        let client = Egress::new(Names::System, None).unwrap().client(Rules::tenant(None), Duration::from_secs(1));
        let (at, now) = (Address::parse("https://127.0.0.1/keys").unwrap(), Timestamp::UNIX_EPOCH);
        let keys = |turns| {
            let keys = PublishedKeys::new(at.clone(), client.clone(), Algorithm::ASYMMETRIC.to_vec(), KeyTimes::default());
            Arc::new(keys.in_turn(Arc::new(turns), "org_a", MOST_BYTES))
        };
        let none = keys(Turns::new(0, 0, 0));
        assert!(none.renew(now).await.is_err() && none.rest(now).is_zero());
        let asked_in_vain = keys(Turns::new(1, 1, 1));
        assert!(asked_in_vain.renew(now).await.is_err() && !asked_in_vain.rest(now).is_zero());
    }
}
