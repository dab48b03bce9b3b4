//! What can go wrong here, in the words of those who must answer for it.

use wardgraph_access::AccessError;
use wardgraph_store::StoreError;

/// Why something about an organization did not come about.
#[derive(Debug, thiserror::Error)]
pub enum OrganizationError {
    /// Roles, or what somebody holds of them, do not go together.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// What is kept cannot be read: a fault of ours, or of whoever wrote to the database.
    #[error("a row of organizations cannot be read: {0}")]
    Unreadable(&'static str),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}
