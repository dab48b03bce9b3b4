//! Whether a service is asked at all: one that failed some times in a row is left alone until it is there again.
//!
//! A text that a service fails at looks like a service that is away. So failures with tenants' texts only raise the question. What answers it is
//! a *witness*, a text that is nobody's: while there is an answer for that one the service is asked, however often it fails with other texts. And
//! nobody waits to find out whether it is back, as the witness does.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use wardgraph_kernel::Clock;

/// After so many failures in a row, the last one of the witness, a service is left alone.
const FAILURES: u32 = 3;
/// How long it takes at least until texts that fail have the witness sent again: nobody's texts make more than a request a second of it.
const APART: Duration = Duration::from_secs(1);
/// How long the witness waits after it failed: doubled from the first to the second.
const REST: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// What is known of a service. Takes the same memory whoever asks.
#[derive(Debug)]
pub(super) struct Breaker {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Failures since it answered anyone.
    failures: u32,
    /// When it is asked for the witness again, while it is left alone.
    until: Option<Duration>,
    /// How long the witness waits next.
    rest: Duration,
    /// When texts that failed had the witness sent.
    sent: Option<Duration>,
}

impl State {
    const fn answered(sent: Option<Duration>) -> Self {
        Self { failures: 0, until: None, rest: REST.0, sent }
    }
}

impl Breaker {
    /// Of a service of which nothing is known: it is asked.
    pub(super) const fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, state: Mutex::new(State::answered(None)) }
    }

    /// How long the service is left alone still; `None` where it is asked. Nothing once the witness is on its way: nobody else is sent before it.
    pub(super) fn resting(&self) -> Option<Duration> {
        let until = self.lock().until?;
        Some(until.saturating_sub(self.clock.elapsed()))
    }

    /// The service answered a text, whatever it said. Returns whether it was left alone until now.
    pub(super) fn answered(&self) -> bool {
        let mut state = self.lock();
        let was = state.until.is_some();
        *state = State::answered(state.sent);
        was
    }

    /// The service failed with somebody's text. Returns whether the witness is to be sent.
    pub(super) fn failed(&self) -> bool {
        let now = self.clock.elapsed();
        let mut state = self.lock();
        if state.until.is_some() {
            return false;
        }
        state.failures = state.failures.saturating_add(1);
        let due = state.sent.is_none_or(|sent| now.saturating_sub(sent) >= APART);
        if due {
            state.sent = Some(now);
        }
        due
    }

    /// The service failed with the witness, and may have said how long to wait. `scatter` is what its own wait is multiplied by. Returns how long
    /// until the witness is sent again, and whether the service is left alone from now on and was not before.
    pub(super) fn witness_failed(&self, retry_after: Option<Duration>, scatter: f64) -> (Duration, bool) {
        let now = self.clock.elapsed();
        let mut state = self.lock();
        state.failures = state.failures.saturating_add(1);
        let wait = state.rest.mul_f64(scatter).max(retry_after.unwrap_or_default());
        let was = state.until.is_some();
        if was || state.failures >= FAILURES || retry_after.is_some_and(|wait| !wait.is_zero()) {
            state.until = Some(now.saturating_add(wait));
            state.rest = state.rest.saturating_mul(2).min(REST.1);
        }
        (wait, !was && state.until.is_some())
    }

    /// Whether it failed since it answered last: else there is nothing that a witness could tell.
    pub(super) fn is_doubted(&self) -> bool {
        self.lock().failures > 0
    }

    /// Nothing panics while it holds this lock; were it so, the state would still be whole.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use wardgraph_kernel::{ManualClock, Timestamp};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn breaker() -> (Breaker, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::at(Timestamp::UNIX_EPOCH));
        (Breaker::new(clock.clone()), clock)
    }

    #[test]
    fn after_three_failures_in_a_row_the_service_is_left_alone_until_the_witness_is_heard() {
        let (breaker, clock) = breaker();
        assert!(breaker.failed(), "the first has the witness sent");
        assert_eq!(breaker.witness_failed(None, 1.0), (SECOND, false));
        assert_eq!(breaker.resting(), None, "two are not enough");
        assert_eq!(breaker.witness_failed(None, 1.0), (SECOND, true));
        assert_eq!(breaker.resting(), Some(SECOND));
        clock.advance(SECOND * 5);
        assert_eq!(breaker.resting(), Some(Duration::ZERO), "time alone lets nobody through");
        assert!(!breaker.failed() && breaker.is_doubted(), "one witness at a time");
        assert!(breaker.answered(), "it was away");
        assert!(breaker.resting().is_none() && !breaker.is_doubted() && !breaker.answered());
        // It begins anew.
        clock.advance(SECOND);
        assert!(breaker.failed());
        assert_eq!(breaker.witness_failed(None, 1.0), (SECOND, false));
        assert_eq!(breaker.resting(), None);
    }

    #[test]
    fn texts_alone_never_have_it_left_alone_however_many_fail() {
        let (breaker, clock) = breaker();
        let mut sent = 0;
        for _ in 0..1_000 {
            clock.advance(SECOND / 100);
            if breaker.failed() {
                sent += 1;
                breaker.answered();
            }
            assert_eq!(breaker.resting(), None);
        }
        assert_eq!(sent, 10, "and the witness is sent once a second at most");
        // Nor do those that were on their way when it came back.
        for _ in 0..50 {
            breaker.failed();
        }
        assert_eq!(breaker.resting(), None);
    }

    #[test]
    fn an_answer_in_between_has_the_failures_forgotten() {
        let (breaker, _) = breaker();
        for _ in 0..20 {
            breaker.failed();
            assert!(!breaker.witness_failed(None, 1.0).1);
            breaker.answered();
        }
        assert_eq!(breaker.resting(), None);
    }

    #[test]
    fn it_is_left_alone_for_longer_each_time_up_to_half_a_minute() {
        let (breaker, clock) = breaker();
        breaker.failed();
        breaker.witness_failed(None, 1.0);
        let mut waits = Vec::new();
        for _ in 0..8 {
            let (wait, _) = breaker.witness_failed(None, 1.0);
            assert_eq!(breaker.resting(), Some(wait));
            clock.advance(wait);
            waits.push(wait.as_secs());
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30, 30]);
        assert_eq!(breaker.witness_failed(None, 0.5).0, SECOND * 15, "scattered, so that many servers do not come back at once");
        breaker.answered();
        assert_eq!(breaker.witness_failed(None, 1.0).0, SECOND, "what answered is asked soon again");
    }

    #[test]
    fn a_service_that_says_when_to_come_back_is_left_alone_at_once_and_until_then() {
        let (breaker, _) = breaker();
        breaker.failed();
        assert_eq!(breaker.witness_failed(Some(SECOND * 90), 0.5), (SECOND * 90, true));
        assert_eq!(breaker.resting(), Some(SECOND * 90));
        breaker.answered();
        breaker.failed();
        assert_eq!(breaker.witness_failed(Some(Duration::ZERO), 1.0), (SECOND, false), "at once is no time");
        assert_eq!(breaker.witness_failed(Some(Duration::MAX), 1.0).0, Duration::MAX);
        assert!(breaker.resting().is_some(), "however long it says");
    }
}
