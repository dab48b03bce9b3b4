//! What is wrong with the configuration: the key, what kind of value it takes, and the mend.

/// Why the configuration cannot be used. Never shows a secret's value.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A value is not of its setting's kind.
    #[error("`{key}` (from {source_name}) is not {expected}")]
    Value {
        /// The setting.
        key: String,
        /// Where the value came from.
        source_name: String,
        /// What it should be.
        expected: String,
    },
    /// There is no such setting.
    #[error("{source_name} sets `{key}`, which is no setting: see `wardgraph config` for those there are")]
    Unknown {
        /// What was set.
        key: String,
        /// Where.
        source_name: String,
    },
    /// A file cannot be read.
    #[error("{what} `{path}` cannot be read: {reason}")]
    File {
        /// What the file is.
        what: &'static str,
        /// The file.
        path: String,
        /// Why not.
        reason: String,
    },
    /// A login to Postgres cannot be used.
    #[error("`{key}` (from {source_name}) {error}")]
    Login {
        /// The setting.
        key: String,
        /// Where the login came from.
        source_name: String,
        /// Why not.
        error: wardgraph_store::LoginError,
    },
    /// Settings that do not go together.
    #[error("{0}")]
    Together(String),
}
