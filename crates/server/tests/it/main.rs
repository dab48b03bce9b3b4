//! Everything that needs Postgres or HTTP: one binary, one Postgres, a database a test.
#![expect(clippy::unwrap_used, reason = "a test's helper fails by panicking")]

mod audit;
mod cancel;
mod catalogue;
mod crash;
mod gate;
mod hygiene;
mod isolation;
mod limits;
mod migration;
mod outage;
mod queue;
mod refusal;
mod table;
