//! What can go wrong here: refusals in the standards' words, and faults.

use std::borrow::Cow;

use wardgraph_identity::IdentityError;
use wardgraph_store::StoreError;
use wardgraph_tokens::MintError;
use wardgraph_vault::VaultError;

macro_rules! codes {
    ($( $(#[$doc:meta])* $name:ident = $word:literal;)*) => {
        /// The standards' words for refusals.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum ErrorCode { $( $(#[$doc])* $name ),* }

        impl ErrorCode {
            /// The word as it is sent.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word),* }
            }
        }
    };
}

codes! {
    /// The request is malformed (RFC 6749, section 5.2).
    InvalidRequest = "invalid_request";
    /// The client did not prove who it is (RFC 6749, section 5.2).
    InvalidClient = "invalid_client";
    /// The code, the token or the assertion is good for nothing, or is another client's (RFC 6749, section 5.2).
    InvalidGrant = "invalid_grant";
    /// The client may not do this (RFC 6749, section 5.2).
    UnauthorizedClient = "unauthorized_client";
    /// There is no such grant type (RFC 6749, section 5.2).
    UnsupportedGrantType = "unsupported_grant_type";
    /// A scope is unknown, or more than the client may have (RFC 6749, section 5.2).
    InvalidScope = "invalid_scope";
    /// The proof of possession is no good one, or is missing where there must be one (RFC 9449, section 5).
    InvalidDpopProof = "invalid_dpop_proof";
    /// The proof of possession needs the nonce of this answer (RFC 9449, section 8).
    UseDpopNonce = "use_dpop_nonce";
    /// The target is unknown, or the client may not ask for it (RFC 8707, section 2).
    InvalidTarget = "invalid_target";
    /// Nobody has decided yet (RFC 8628, section 3.5).
    AuthorizationPending = "authorization_pending";
    /// The same, and the client asks too often.
    SlowDown = "slow_down";
    /// The person does not allow it (RFC 8628, section 3.5).
    AccessDenied = "access_denied";
    /// The device's code is too old (RFC 8628, section 3.5).
    ExpiredToken = "expired_token";
    /// An address to send browsers back to cannot be registered (RFC 7591, section 3.2.2).
    InvalidRedirectUri = "invalid_redirect_uri";
    /// Something else that a client says of itself cannot be registered (RFC 7591, section 3.2.2).
    InvalidClientMetadata = "invalid_client_metadata";
    /// Nobody's statements about software are believed here (RFC 7591, section 3.2.2).
    UnapprovedSoftwareStatement = "unapproved_software_statement";
    /// The token by which a client registers, or sees to its registration, is good for nothing (RFC 6750, section 3.1).
    InvalidToken = "invalid_token";
}

/// A request that is refused, in the standards' words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {description}", code.word())]
pub struct Refusal {
    /// The word.
    pub code: ErrorCode,
    /// What is wrong, for the programmer. Nothing of the inside.
    pub description: Cow<'static, str>,
    /// Whether the client is told to authenticate by the header, as it tried to (RFC 6749, section 5.2).
    pub by_header: bool,
}

impl Refusal {
    /// A refusal.
    pub fn new(code: ErrorCode, description: impl Into<Cow<'static, str>>) -> Self {
        Self { code, description: description.into(), by_header: false }
    }
}

/// Why something of the OAuth server did not come about.
#[derive(Debug, thiserror::Error)]
pub enum OAuthError {
    /// The request is refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The organization has no such client.
    #[error("there is no such client in this organization")]
    NoClient,
    /// More of them than an organization, or a client, may have.
    #[error("there may be {most} {what}")]
    TooMany {
        /// What.
        what: &'static str,
        /// How many.
        most: i64,
    },
    /// More than whoever asks may give or hold themselves; the text says what.
    #[error("{0}")]
    Above(&'static str),
    /// The client's way to authenticate needs no secret.
    #[error("the client authenticates without a secret")]
    NoSecret,
    /// What is kept cannot be read: a fault of ours, or of whoever wrote to the database.
    #[error("a row of clients cannot be read: {0}")]
    Unreadable(&'static str),
    /// A token cannot be signed.
    #[error(transparent)]
    Mint(#[from] MintError),
    /// Sessions.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// What is sealed does not open.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}
