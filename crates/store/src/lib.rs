//! The only door to Postgres: pools, tenant-bound transactions, migrations, the embedded Postgres, and the checks that nothing leaks.
//!
//! Refuses to know: HTTP, and what the rows mean.

pub mod changes;
mod connection;
pub mod embedded;
mod error;
pub mod guard;
mod indexes;
mod lanes;
mod login;
pub mod migrate;
mod pools;
mod question;
mod role;
mod scope;
mod statement;
mod statistics;
mod turns;
mod unit;
mod vector;
mod wire;

pub use connection::Timeouts;
pub use error::StoreError;
pub use indexes::{Index, Indexes, Made, Space};
pub use login::{Login, LoginError};
pub use pools::{Logins, PoolStatus, Store, StoreOptions};
pub use question::{Question, Value};
pub use role::Role;
pub use scope::{Plan, Scope};
pub use statement::{Statement, StatementInfo};
pub use tokio_postgres::types::ToSql;
pub use turns::{Overtaken, Turns};
pub use unit::{Param, Params, Tx, Unit};
pub use vector::Vector;
pub use wire::Row;

/// Every statement of this room.
pub const STATEMENTS: &[&[&StatementInfo]] = &[&[pools::PING.info()], changes::STATEMENTS, statistics::STATEMENTS];
