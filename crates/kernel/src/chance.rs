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

/// How many draws are fetched with one system call.
const FETCHED: usize = 16;

thread_local! {
    /// What this thread has fetched and not given out yet. What is given out is not kept.
    static LEFT: RefCell<Vec<[u8; 32]>> = const { RefCell::new(Vec::new()) };
}

impl Chance for SystemChance {
    fn bytes(&self) -> [u8; 32] {
        LEFT.with_borrow_mut(|left| {
            left.pop().unwrap_or_else(|| {
                let [bytes, rest @ ..] = fetch();
                left.extend(rest);
                bytes
            })
        })
    }
}

fn fetch() -> [[u8; 32]; FETCHED] {
    let mut fetched = [[0; 32]; FETCHED];
    // A machine without a working generator must not make ids or keys: there is nothing better to do than to stop.
    if let Err(error) = getrandom::fill(fetched.as_flattened_mut()) {
        #[expect(clippy::panic, reason = "no secret may be made without chance")]
        {
            panic!("the operating system gives no random bytes: {error}");
        }
    }
    fetched
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
        let drawn: HashSet<_> = (0..10 * FETCHED).map(|_| SystemChance.bytes()).collect();
        assert_eq!(drawn.len(), 10 * FETCHED);
        assert!(!drawn.contains(&[0; 32]));
    }
}
