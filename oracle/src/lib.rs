//! What the permission engine (`crates/access`) is held against: Cedar, told the same roles in its own language.
//!
//! `src/bin/decide.rs` has Cedar decide random cases; `src/bin/race.rs` times one decision side by side.
//! Nothing here asks the matcher what it thinks.

#[path = "../../crates/access/tests/it/cases.rs"]
pub mod cases;
pub mod engine;
pub mod policies;

/// Any failure: what stops these programs is read by whoever ran them.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
