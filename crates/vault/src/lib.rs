//! Secrets that must be read back, sealed in their rows: master keys, a data key per tenant, fields bound to their place.
//!
//! A **master key** comes from configuration, a file or AWS Secrets Manager ([`MasterSource`]) and never enters the database. It wraps a **data key** per tenant, and one
//! for the system (`_system`), which are rows. A data key seals **fields** (XChaCha20-Poly1305) whose associated data names tenant, table, column
//! and row ([`Field`]): a value that is copied elsewhere does not open.
//!
//! Refuses to know: what it seals, and HTTP.

mod aead;
mod aws;
mod data_key;
mod error;
mod field;
mod master;
mod reach;
mod rotate;
mod sigv4;
mod source;
mod vault;

pub use aws::{AwsAccess, AwsSource};
pub use error::VaultError;
pub use field::Field;
pub use master::{MasterKey, MasterKeyId};
pub use reach::{Opening, Sealing};
pub use rotate::Wrapped;
pub use source::{FileSource, FixedSource, MasterSource};
pub use vault::Vault;

use wardgraph_store::StatementInfo;

/// Every statement of this room.
pub const STATEMENTS: &[&[&StatementInfo]] = &[reach::STATEMENTS, rotate::STATEMENTS];
