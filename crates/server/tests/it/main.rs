//! Everything that needs Postgres or HTTP: one binary, one Postgres, a database a test.

#![expect(clippy::unwrap_used, reason = "a test's helper fails by panicking")]

mod table;
