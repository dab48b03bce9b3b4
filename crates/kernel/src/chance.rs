//! Chance is an argument: ids and secrets are made from a [`Chance`].

use std::{
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

impl Chance for SystemChance {
    fn bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        // A machine without a working generator must not make ids or keys: there is nothing better to do than to stop.
        if let Err(error) = getrandom::fill(&mut bytes) {
            #[expect(clippy::panic, reason = "no secret may be made without chance")]
            {
                panic!("the operating system gives no random bytes: {error}");
            }
        }
        bytes
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
