//! One bucket: a single number, and the arithmetic of taking from it.
//!
//! A bucket is the moment at which it will be full again (the "theoretical arrival time" of GCRA, ITU-T I.371). Taking `n`
//! tokens moves that moment on by the time `n` tokens take to come back; a bucket lacks no more than it holds, so the moment
//! lies at most a whole bucket ahead of now. Nothing refills in the background and nothing rounds: it is addition and comparison
//! of nanoseconds. In any window of `w` seconds the moment can move from the window's start to a bucket past its end, hence at
//! most `burst + sustained * w` tokens are taken, whatever the order of calls.

use std::time::Duration;

use crate::Policy;

/// Nanoseconds since the clock's start (584 years fit), or between two moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Nanos(pub(crate) u64);

impl Nanos {
    pub(crate) fn of(duration: Duration) -> Self {
        Self(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
    }

    pub(crate) const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// How long from `earlier` to `self`; nothing if it is past.
    pub(crate) const fn since(self, earlier: Self) -> Self {
        Self(self.0.saturating_sub(earlier.0))
    }

    pub(crate) const fn duration(self) -> Duration {
        Duration::from_nanos(self.0)
    }
}

/// The moment at which the bucket is full again. The default is a full bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Bucket {
    full_at: Nanos,
}

impl Bucket {
    pub(crate) fn is_full(self, now: Nanos) -> bool {
        self.full_at <= now
    }

    pub(crate) const fn full_at(self) -> Nanos {
        self.full_at
    }

    /// How long until `amount` tokens are there; nothing if they are now. `amount` must not exceed the burst.
    pub(crate) fn wait_for(self, policy: Policy, amount: u32, now: Nanos) -> Nanos {
        let lacking = self.full_at.max(now).plus(policy.tokens(amount));
        lacking.since(now.plus(policy.tokens(policy.burst())))
    }

    /// Takes `amount` tokens if they are there, and says how long to wait if they are not.
    pub(crate) fn take(&mut self, policy: Policy, amount: u32, now: Nanos) -> Result<(), Nanos> {
        match self.wait_for(policy, amount, now) {
            Nanos(0) => {
                self.full_at = self.full_at.max(now).plus(policy.tokens(amount));
                Ok(())
            }
            wait => Err(wait),
        }
    }

    /// Takes one token even if none is there, down to a debt of one burst.
    pub(crate) fn owe(&mut self, policy: Policy, now: Nanos) {
        let floor = now.plus(policy.tokens(policy.burst())).plus(policy.tokens(policy.burst()));
        self.full_at = self.full_at.max(now).plus(policy.token()).min(floor);
    }

    /// How many whole tokens are there.
    pub(crate) fn remaining(self, policy: Policy, now: Nanos) -> u32 {
        let held = policy.tokens(policy.burst()).since(self.full_at.since(now));
        u32::try_from(held.0 / policy.token().0).unwrap_or(policy.burst())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Policy = Policy::known(3, 10);

    #[test]
    fn a_bucket_empties_at_once_and_fills_at_its_pace() {
        let mut bucket = Bucket::default();
        let at = |ms: u64| Nanos(ms * 1_000_000);
        for left in [2, 1, 0] {
            assert_eq!(bucket.take(POLICY, 1, at(0)), Ok(()));
            assert_eq!(bucket.remaining(POLICY, at(0)), left);
        }
        assert_eq!(bucket.take(POLICY, 1, at(0)), Err(at(100)));
        assert_eq!(bucket.take(POLICY, 1, Nanos(99_999_999)), Err(Nanos(1)));
        assert_eq!(bucket.take(POLICY, 1, at(100)), Ok(()));
        assert_eq!(bucket.take(POLICY, 3, at(100)), Err(at(300)));
        assert!(!bucket.is_full(at(399)) && bucket.is_full(at(400)));
    }

    #[test]
    fn a_debt_stops_at_one_burst() {
        let mut bucket = Bucket::default();
        for _ in 0..100 {
            bucket.owe(POLICY, Nanos(0));
        }
        assert_eq!(bucket.remaining(POLICY, Nanos(0)), 0);
        assert_eq!(bucket.wait_for(POLICY, 1, Nanos(0)), Nanos(400_000_000));
    }

    #[test]
    fn the_end_of_time_does_not_wrap() {
        let mut bucket = Bucket::default();
        let end = Nanos(u64::MAX);
        assert_eq!(bucket.take(POLICY, 3, end), Ok(()));
        assert_eq!(bucket.full_at(), end);
    }
}
