//! Which proofs came lately, on this server: each is good once.
//!
//! **Invariant:** a proof is remembered for longer than it could be believed, and none is forgotten to make room: when there is no room left, new
//! ones are refused. An attacker who fills the memory keeps others waiting for a minute, and replays nothing.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::{Proof, proof::BELIEVED_FOR};

/// How many proofs are remembered at most: twice as many, in the two generations, at some 20 bytes each.
const MOST: usize = 1_000_000;
/// Proofs are shared out, so that threads do not wait for one another.
const SHARES: usize = 16;

/// What became of a proof that is to be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remembered {
    /// It comes for the first time.
    New,
    /// It came before.
    Replayed,
    /// Too many came lately to remember another.
    Full,
}

/// The proofs that came lately.
#[derive(Debug)]
pub struct Replays {
    shares: [Mutex<Share>; SHARES],
    most: usize,
}

/// Two generations: the older one is forgotten as a whole, when nothing of it could be believed any more.
#[derive(Debug, Default)]
struct Share {
    /// When the younger one began.
    since: Duration,
    young: HashSet<[u8; 16]>,
    old: HashSet<[u8; 16]>,
}

impl Default for Replays {
    fn default() -> Self {
        Self::of(MOST)
    }
}

impl Replays {
    /// With room for `most` proofs in the time that a proof is believed.
    fn of(most: usize) -> Self {
        Self { shares: std::array::from_fn(|_| Mutex::default()), most: most.div_ceil(SHARES) }
    }

    /// Remembers a proof, and says whether it is new. `elapsed` is a clock that never goes back.
    pub fn remember(&self, proof: &Proof, elapsed: Duration) -> Remembered {
        let mut id = [0; 16];
        id.copy_from_slice(proof.id().split_at(16).0);
        let Some(share) = self.shares.get(usize::from(id[0]) % SHARES) else { return Remembered::Full };
        share.lock().unwrap_or_else(PoisonError::into_inner).remember(id, elapsed, self.most)
    }
}

impl Share {
    fn remember(&mut self, id: [u8; 16], elapsed: Duration, most: usize) -> Remembered {
        let age = elapsed.saturating_sub(self.since);
        if age >= BELIEVED_FOR {
            let young = std::mem::take(&mut self.young);
            self.old = if age < BELIEVED_FOR * 2 { young } else { HashSet::new() };
            self.since = elapsed;
        }
        if self.young.contains(&id) || self.old.contains(&id) {
            return Remembered::Replayed;
        }
        if self.young.len() >= most {
            return Remembered::Full;
        }
        self.young.insert(id);
        Remembered::New
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn id(number: u8) -> [u8; 16] {
        [number; 16]
    }

    #[test]
    fn a_proof_is_new_once_for_longer_than_it_is_believed() {
        let seconds = Duration::from_secs;
        for begun in [0, 1, 30, 74] {
            let mut share = Share::default();
            assert_eq!(share.remember(id(1), seconds(begun), 10), Remembered::New);
            for later in [0, 1, 40, BELIEVED_FOR.as_secs()] {
                // Another one comes in between, now and then.
                share.remember(id(2), seconds(begun + later), 10);
                assert_eq!(share.remember(id(1), seconds(begun + later), 10), Remembered::Replayed, "{begun} {later}");
            }
            assert_eq!(share.remember(id(1), seconds(begun + 3 * BELIEVED_FOR.as_secs()), 10), Remembered::New);
        }
    }

    #[test]
    fn when_there_is_no_room_new_ones_are_refused_and_none_is_forgotten() {
        let mut share = Share::default();
        for number in 0..3 {
            assert_eq!(share.remember(id(number), Duration::ZERO, 3), Remembered::New);
        }
        assert_eq!(share.remember(id(3), Duration::ZERO, 3), Remembered::Full);
        for number in 0..3 {
            assert_eq!(share.remember(id(number), Duration::ZERO, 3), Remembered::Replayed);
        }
        assert_eq!(share.remember(id(3), BELIEVED_FOR, 3), Remembered::New);
    }
}
