//! Configuration: defaults in code, then a TOML file, then the environment. One list of settings is the truth for all three, for
//! `wardgraph config`, and for `docs/configuration.md`.

mod accounts;
mod egress;
mod embedding;
mod error;
mod http;
mod issuers;
mod keys;
mod oauth;
mod own;
mod passkeys;
mod sources;
mod typed;

pub use accounts::AccountSettings;
pub use egress::EgressConfig;
pub use embedding::EmbeddingConfig;
pub use error::ConfigError;
pub use http::HttpConfig;
pub use issuers::{IssuerSettings, KeySettings};
pub use keys::{FAMILIES, KEYS, Key, Kind, documentation};
pub use own::{MasterKeys, OwnSettings};
pub use passkeys::PasskeySettings;
pub use sources::{Setting, Settings, Source, without_effect};
pub use typed::{Config, DatabaseConfig};
