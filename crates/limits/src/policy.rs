//! How large a bucket is, and how fast it fills.

use std::time::Duration;

use crate::bucket::Nanos;

/// A bucket's size and pace. Both are at least 1, so that a single request always fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    burst: u32,
    sustained: u32,
}

/// Why two numbers are no policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a limit has a burst of 1 to 1,000,000,000 and a sustained rate of 1 to 1,000,000 a second")]
pub struct InvalidPolicy;

impl Policy {
    /// The largest burst.
    pub const MAX_BURST: u32 = 1_000_000_000;
    /// The fastest pace, a second. Up to here rounding a token's time to whole nanoseconds costs at most a thousandth.
    pub const MAX_SUSTAINED: u32 = 1_000_000;

    /// A policy of `burst` tokens at once and `sustained` tokens a second.
    pub const fn new(burst: u32, sustained: u32) -> Result<Self, InvalidPolicy> {
        if burst == 0 || burst > Self::MAX_BURST || sustained == 0 || sustained > Self::MAX_SUSTAINED {
            return Err(InvalidPolicy);
        }
        Ok(Self { burst, sustained })
    }

    /// For the defaults of [`crate::LimitTable`], which its tests hold against [`Policy::new`].
    pub(crate) const fn known(burst: u32, sustained: u32) -> Self {
        Self { burst, sustained }
    }

    /// How many tokens a full bucket holds: `q` of `RateLimit-Policy`.
    pub const fn burst(self) -> u32 {
        self.burst
    }

    /// How many tokens come back a second.
    pub const fn sustained(self) -> u32 {
        self.sustained
    }

    /// How long an empty bucket takes to fill, in whole seconds rounded up: `w` of `RateLimit-Policy`.
    pub const fn window(self) -> Duration {
        Duration::from_secs(self.burst.div_ceil(self.sustained) as u64)
    }

    /// How long one token takes to come back, rounded up, so that rounding never admits more.
    pub(crate) const fn token(self) -> Nanos {
        Nanos(1_000_000_000_u64.div_ceil(self.sustained as u64))
    }

    /// How long `amount` tokens take to come back. Cannot overflow: 2^32 tokens of at most 10^9 ns.
    pub(crate) const fn tokens(self, amount: u32) -> Nanos {
        Nanos(self.token().0 * amount as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_holds_only_what_the_arithmetic_can() {
        for (burst, sustained) in
            [(0, 1), (1, 0), (Policy::MAX_BURST + 1, 1), (1, Policy::MAX_SUSTAINED + 1), (u32::MAX, u32::MAX)]
        {
            assert_eq!(Policy::new(burst, sustained), Err(InvalidPolicy), "{burst}/{sustained}");
        }
        let widest = Policy::new(Policy::MAX_BURST, 1).unwrap();
        assert_eq!(widest.tokens(u32::MAX), Nanos(u64::from(u32::MAX) * 1_000_000_000));
    }

    #[test]
    fn the_window_is_the_time_to_fill() {
        assert_eq!(Policy::new(100, 10).unwrap().window(), Duration::from_secs(10));
        assert_eq!(Policy::new(10, 3).unwrap().window(), Duration::from_secs(4));
    }
}
