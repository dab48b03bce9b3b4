//! What can go wrong here, in the words of those who must answer for it.

use wardgraph_access::AccessError;
use wardgraph_store::StoreError;

/// What is wrong with a member of what was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// The member, and where in it: `allows/3`.
    pub place: String,
    /// What is wrong.
    pub detail: String,
}

impl Flaw {
    pub(crate) fn new(place: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { place: place.into(), detail: detail.into() }
    }
}

/// Why something about an organization did not come about.
#[derive(Debug, thiserror::Error)]
pub enum OrganizationError {
    /// The organization has no such thing, or it is another one's.
    #[error("there is no such {0} here")]
    Missing(&'static str),
    /// It is there already, or something is in the way.
    #[error("{0}")]
    InTheWay(String),
    /// Nobody would be left who owns the organization, or to whom nothing of that is denied.
    #[error("{0}")]
    LastOwner(&'static str),
    /// It makes no sense as it was sent.
    #[error("see `errors`")]
    Unfit(Vec<Flaw>),
    /// More would be handed out, or taken, than whoever asks holds; and what.
    #[error("nobody gives or takes what they do not hold")]
    Beyond(Vec<String>),
    /// The roles are of another version than was meant.
    #[error("the roles are of version {0}: read them again")]
    OtherVersion(i64),
    /// The session has ended, or whose it is may do nothing here any more.
    #[error("the session has ended")]
    SignedOut,
    /// Others have roles compared at this moment, and it would take long until it is this one's turn.
    #[error("many roles are compared just now")]
    Busy,
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
