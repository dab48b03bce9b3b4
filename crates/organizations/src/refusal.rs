//! Why something was not done to an organization or its members.

use wardgraph_access::AccessError;
use wardgraph_store::StoreError;

use crate::OrganizationError;

/// Why something was not done to an organization or its members.
#[derive(Debug, thiserror::Error)]
pub enum KeepingError {
    /// There is none with this id, as far as the caller may know.
    #[error("there is no such organization")]
    NoOrganization,
    /// The organization has no such member.
    #[error("the organization has no such member")]
    NoMember,
    /// The caller is no member any more.
    #[error("you are no member of this organization any more")]
    Outside,
    /// Nobody gives or takes what they do not have.
    #[error("{0}")]
    Above(&'static str),
    /// It cannot be done as things stand.
    #[error("{0}")]
    InTheWay(&'static str),
    /// More than one person may have.
    #[error("a person may own {most} organizations")]
    TooMany {
        /// How many.
        most: i64,
    },
    /// Who holds what cannot be read, or not at all.
    #[error(transparent)]
    Organization(#[from] OrganizationError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<AccessError> for KeepingError {
    fn from(error: AccessError) -> Self {
        Self::Organization(error.into())
    }
}

/// What is kept cannot be read.
pub(crate) const fn unreadable(what: &'static str) -> KeepingError {
    KeepingError::Organization(OrganizationError::Unreadable(what))
}
