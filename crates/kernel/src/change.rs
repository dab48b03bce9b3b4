//! What every server must know within a second of its commit.

use jiff::Timestamp;

/// What changed. Closed: a kind that a server does not know is one of a newer version, and passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChangeKind {
    /// There are other signing keys: the set is to be read anew.
    SigningKeys,
    /// A session ended: its tokens are good no more. The subject is the session's id.
    SessionEnded,
    /// All of a user's tokens of an earlier generation than the change's number are good no more. The subject is the user's id.
    UserGeneration,
    /// One token is good no more. The subject is its `jti`.
    TokenRevoked,
    /// An API key is good no more. The subject is its id.
    ApiKeyRevoked,
    /// What is registered of a client of the OAuth server is of this generation now: what is remembered of an earlier one is to be read anew. The
    /// subject is the client's id.
    ClientChanged,
    /// All tokens that a client got while it was of an earlier generation than the change's number are good no more. The subject is its id.
    ClientTokens,
    /// An organization's roles are of this version now: what was compiled of an earlier one is to be read anew. The subject is its id.
    RolesChanged,
    /// What somebody holds in an organization is of this version now: what is remembered of an earlier one is to be read anew. The subject
    /// is `organization/kind/id`, see [`crate::Holder`].
    GrantsChanged,
    /// Whether an organization works, and from where, is of this version now: what is remembered of an earlier one is to be read anew. The subject is
    /// its id.
    OrganizationChanged,
    /// An organization is no more: neither are its clients, and its tokens are good for nothing. The subject is its id.
    OrganizationEnded,
}

impl ChangeKind {
    /// Every kind.
    pub const ALL: &[Self] = &[
        Self::SigningKeys,
        Self::SessionEnded,
        Self::UserGeneration,
        Self::TokenRevoked,
        Self::ApiKeyRevoked,
        Self::ClientChanged,
        Self::ClientTokens,
        Self::RolesChanged,
        Self::GrantsChanged,
        Self::OrganizationChanged,
        Self::OrganizationEnded,
    ];

    /// Whether the kind takes back what is of an earlier generation than its number, and nothing later.
    pub const fn has_generations(self) -> bool {
        matches!(
            self,
            Self::UserGeneration
                | Self::ClientChanged
                | Self::ClientTokens
                | Self::RolesChanged
                | Self::GrantsChanged
                | Self::OrganizationChanged
        )
    }

    /// The kind as it is stored.
    pub const fn word(self) -> &'static str {
        match self {
            Self::SigningKeys => "signing_keys",
            Self::SessionEnded => "session_ended",
            Self::UserGeneration => "user_generation",
            Self::TokenRevoked => "token_revoked",
            Self::ApiKeyRevoked => "api_key_revoked",
            Self::ClientChanged => "client_changed",
            Self::ClientTokens => "client_tokens",
            Self::RolesChanged => "roles_changed",
            Self::GrantsChanged => "grants_changed",
            Self::OrganizationChanged => "organization_changed",
            Self::OrganizationEnded => "organization_ended",
        }
    }
}

/// A change, as it is announced with the commit that makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What changed.
    pub kind: ChangeKind,
    /// Of what: an id.
    pub subject: String,
    /// A generation, where the kind has one; else 0.
    pub number: i64,
    /// When nobody needs to know any more: what it revokes has expired by then.
    pub until: Timestamp,
}
