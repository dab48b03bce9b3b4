//! Everything that needs Postgres or HTTP: one binary, one Postgres, a database a test.

mod audit;
mod cancel;
mod gate;
mod limits;
mod table;
