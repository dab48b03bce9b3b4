//! How long failed sign-ins keep the next ones out: longer each time, never for good.

use std::time::Duration;

use wardgraph_kernel::Timestamp;

/// How many failures cost nothing: people mistype.
const FREE: i32 = 5;
/// The first wait; it doubles with every failure after it.
const FIRST: Duration = Duration::from_secs(30);
/// The longest wait. Whoever owns the address need not sit it out: a mailed link clears the counter.
const LONGEST: Duration = Duration::from_hours(1);
/// After this long without a failure the counter begins anew.
pub const FORGOTTEN_AFTER: Duration = Duration::from_hours(24);

/// What is known of failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Failures {
    /// How many in a row.
    pub count: i32,
    /// When the last one was.
    pub last: Option<Timestamp>,
}

impl Failures {
    /// Until when the next try fails whatever it brings.
    pub fn locked_until(self) -> Option<Timestamp> {
        let doublings = u32::try_from(self.count.checked_sub(FREE)?).ok()?;
        let wait = FIRST.saturating_mul(2_u32.saturating_pow(doublings)).min(LONGEST);
        self.last.map(|last| last.saturating_add(wait).unwrap_or(Timestamp::MAX))
    }

    /// Whether a try at `now` fails whatever it brings. A try that was kept out is no failure: who keeps trying makes the wait no longer.
    pub fn locks(self, now: Timestamp) -> bool {
        self.locked_until().is_some_and(|until| now < until)
    }

    /// Whether the last failure was the first to begin a wait: its owner is told, once.
    pub const fn begins_to_lock(self) -> bool {
        self.count == FREE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_767_225_600 + second).unwrap()
    }

    fn wait(count: i32) -> Option<i64> {
        Failures { count, last: Some(at(0)) }.locked_until().map(|until| until.as_second() - at(0).as_second())
    }

    #[test]
    fn the_wait_doubles_up_to_an_hour_and_no_further() {
        let waits: Vec<_> = [0, 4, 5, 6, 7, 11, 12, 13, 40, i32::MAX].map(wait).into_iter().collect();
        let hour = Some(3_600);
        assert_eq!(waits, [None, None, Some(30), Some(60), Some(120), Some(1_920), hour, hour, hour, hour]);
    }

    #[test]
    fn a_lock_ends_by_itself_and_is_told_once() {
        let failed = Failures { count: 5, last: Some(at(0)) };
        assert!(failed.locks(at(29)) && !failed.locks(at(30)));
        assert!(failed.begins_to_lock() && !Failures { count: 6, ..failed }.begins_to_lock());
        assert!(!Failures { count: 4, ..failed }.locks(at(0)) && !Failures::default().locks(at(0)));
    }
}
