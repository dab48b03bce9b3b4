//! Everything that needs Postgres or HTTP: one binary, one Postgres, a database a test.

#![expect(clippy::unwrap_used, reason = "a test's helper fails by panicking")]

mod catalogue;
mod crash;
mod hygiene;
mod isolation;
mod migration;
mod outage;
mod queue;
mod refusal;
mod table;
