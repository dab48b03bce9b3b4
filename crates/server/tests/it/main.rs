//! Everything that needs Postgres or HTTP: one binary, one Postgres, a database a test.

mod batches;
mod binary;
mod documents;
mod faults;
mod graph;
mod hostile;
mod layers;
mod logs;
mod search;
mod seed;
mod settings;
mod table;
