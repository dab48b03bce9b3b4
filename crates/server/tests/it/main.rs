//! Everything that needs Postgres or HTTP: one binary, one Postgres, a database a test.

mod catalogue;
mod crash;
mod hygiene;
mod isolation;
mod migration;
mod outage;
mod queue;
mod refusal;
mod table;
