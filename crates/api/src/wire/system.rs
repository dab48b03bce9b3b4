//! Health, and who one is.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether the server can serve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ready {
    /// `ok`.
    pub status: String,
}

/// The state of the parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Health {
    /// `ok`, or `degraded` when a part is down.
    pub status: String,
    /// The version of the server.
    pub version: String,
    /// Seconds since the start.
    pub uptime_seconds: u64,
    /// `up` or `down`.
    pub database: String,
    /// How full text gets past row-level security to its index: `leakproof`, or `scan` where Postgres does not allow that.
    pub full_text: String,
    /// The embedding model in use.
    pub embedding_model: String,
    /// `settled`, or `changing` while nodes are embedded anew with the model in use: searches by meaning find those that are. `unknown` in the
    /// first moments of a server.
    pub embedding: String,
}

/// Who the caller is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Whoami {
    /// The id that the issuer gave the caller.
    pub subject: String,
    /// The caller's tenant.
    pub tenant_id: String,
    /// What kind of actor.
    pub actor_type: String,
    /// What the caller may do.
    pub permissions: Vec<String>,
    /// Who issued the credential.
    pub issuer: String,
    /// When the credential ends.
    pub expires_at: Timestamp,
}
