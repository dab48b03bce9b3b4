//! Passwords: how strong one must be, how it is kept, and on which threads that is worked out.

mod argon;
mod breached;
mod common;
mod pool;
mod queue;
mod strength;

pub use argon::{Cost, Verifier};
pub use breached::{Breached, BreachedError, HashFile, RangeService};
pub use pool::{HashPool, PoolError, PoolOptions};
pub use strength::{LEAST, MOST, Weak, weakness};
