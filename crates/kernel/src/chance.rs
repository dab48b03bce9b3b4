//! Chance is an argument: ids and secrets are made from a [`Chance`].

use std::{
    cell::RefCell,
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

use sha2::{Digest, Sha256};

/// A source of random bytes.
pub trait Chance: Send + Sync + fmt::Debug {
    /// 32 bytes that nobody can guess.
    fn bytes(&self) -> [u8; 32];
}

/// The operating system's generator.
#[derive(Debug, Clone, Copy)]
pub struct SystemChance;

/// How many draws are fetched ahead with one system call.
const AHEAD: usize = 16;

thread_local! {
    /// What this thread has fetched and not given out yet. What is given out is overwritten.
    static LEFT: RefCell<Vec<[u8; 32]>> = const { RefCell::new(Vec::new()) };
}

impl Chance for SystemChance {
    fn bytes(&self) -> [u8; 32] {
        let mut drawn = [0; 32];
        LEFT.with_borrow_mut(|left| {
            if let Some(last) = left.last_mut() {
                std::mem::swap(last, &mut drawn);
                left.pop();
            } else {
                fill(&mut drawn);
                left.resize(AHEAD, [0; 32]);
                fill(left.as_flattened_mut());
            }
        });
        drawn
    }
}

fn fill(bytes: &mut [u8]) {
    // A machine without a working generator must not make ids or keys: there is nothing better to do than to stop.
    if let Err(error) = getrandom::fill(bytes) {
        #[expect(clippy::panic, reason = "no secret may be made without chance")]
        {
            panic!("the operating system gives no random bytes: {error}");
        }
    }
}

/// A repeatable source, for tests alone.
#[derive(Debug)]
pub struct SeededChance {
    seed: u64,
    drawn: AtomicU64,
}

impl SeededChance {
    /// A source whose bytes follow from `seed`.
    pub const fn new(seed: u64) -> Self {
        Self { seed, drawn: AtomicU64::new(0) }
    }
}

impl Chance for SeededChance {
    fn bytes(&self) -> [u8; 32] {
        let turn = self.drawn.fetch_add(1, Ordering::SeqCst);
        Sha256::digest([self.seed.to_be_bytes(), turn.to_be_bytes()].concat()).into()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_draw_comes_twice() {
        let drawn: HashSet<_> = (0..10 * AHEAD).map(|_| SystemChance.bytes()).collect();
        assert_eq!(drawn.len(), 10 * AHEAD);
        assert!(!drawn.contains(&[0; 32]));
    }
}
