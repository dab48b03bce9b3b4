//! Why something was not sealed or opened.

use wardgraph_store::StoreError;

/// Why something was not sealed or opened. No message holds anything of a key or a secret.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The value was sealed elsewhere, for another place, or it was changed since.
    #[error("the sealed value does not open in its place")]
    Sealed,
    /// The value has no form that this version knows.
    #[error("the sealed value has an unknown form")]
    Form,
    /// The tenant has no such data key.
    #[error("the data key of the sealed value is gone")]
    NoDataKey,
    /// A data key is wrapped with a master key that is not configured.
    #[error("the master key `{0}` is needed and not configured")]
    NoMasterKey(String),
    /// A data key does not unwrap although its master key is there.
    #[error("a data key was changed where it is stored")]
    Wrapped,
    /// A master key is not 32 bytes in base64.
    #[error("a master key is 32 bytes in base64 (openssl rand -base64 32)")]
    MasterKey,
    /// The master keys cannot be read or kept.
    #[error("the master keys in {0} cannot be used: {1}")]
    Source(String, String),
    /// The operating system gives no random bytes.
    #[error("the operating system gives no random bytes")]
    Chance,
    /// The database did not answer as it should.
    #[error(transparent)]
    Store(#[from] StoreError),
}
