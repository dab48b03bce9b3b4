//! Shares of something scarce: whatever one of those who share it does, the others have theirs. [`Shares`] is of what one has after another,
//! [`Shared`] of memory.
//!
//! It refuses to know who shares, and what.

mod memory;
mod permits;

pub use memory::{Kept, Room, Shared};
pub use permits::{Share, Shares};
