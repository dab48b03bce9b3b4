//! Everything that needs Postgres or HTTP: one binary, one Postgres, a database a test.

mod table;
