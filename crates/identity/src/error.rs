//! What can go wrong here, in the words of those who must answer for it.

use wardgraph_store::StoreError;

use crate::password::PoolError;

/// Why something about accounts did not come about. None of these says whether an account is there.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The caller's account has no such thing.
    #[error("the account has no such {0}")]
    Missing(&'static str),
    /// There is nobody with this id, as far as the caller may know.
    #[error("there is no such account")]
    NobodyThere,
    /// The organization has no such invitation that is open.
    #[error("there is no such invitation")]
    NoInvitation,
    /// More of them than an account may have.
    #[error("an account may have {most} {what}")]
    TooMany {
        /// What.
        what: &'static str,
        /// How many.
        most: i64,
    },
    /// An organization of the owner's wants a second factor, and this is the last one.
    #[error("a second factor is required of you, by this server or by an organization of yours: add another one first")]
    Required,
    /// The account cannot go, or do nothing, as things stand.
    #[error("{0}")]
    InTheWay(&'static str),
    /// What is kept cannot be read: a fault of ours, or of whoever wrote to the database.
    #[error("a row of accounts cannot be read: {0}")]
    Unreadable(&'static str),
    /// The threads that work out passwords.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// What is sealed does not open.
    #[error(transparent)]
    Vault(#[from] wardgraph_vault::VaultError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}
