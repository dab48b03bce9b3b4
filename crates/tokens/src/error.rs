//! What can be wrong with a token, a key, and a wish for a token.

use crate::Algorithm;

/// Why a token was refused. Neither form of the message holds anything of the token: this one is for logs, and
/// [`TokenError::description`] for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Larger than [`crate::MAX_TOKEN_BYTES`].
    #[error("the token is larger than 8 KiB")]
    Oversized,
    /// Not three canonical base64url parts of which the first two are JSON objects without duplicate members (RFC 7515 section 5.2).
    #[error("the token is not a well-formed JWT")]
    Malformed,
    /// The header has a member that this server refuses, or one of the wrong form.
    #[error("the header member `{0}` is refused")]
    Header(&'static str),
    /// No configured issuer has the token's `iss`.
    #[error("the issuer is not a configured one")]
    UnknownIssuer,
    /// The `alg` is not the issuer's.
    #[error("the algorithm is not the one configured for the issuer")]
    Algorithm,
    /// None of the keys that the issuer published is the token's. After they were fetched anew, another answer may be given.
    #[error("the token's key is not among the issuer's")]
    UnknownKey,
    /// The issuer's keys were never fetched, or so long ago that they are not believed any more.
    #[error("the issuer's keys could not be fetched")]
    KeysUnavailable,
    /// The signature is good, and the issuer may not speak for the tenant.
    #[error("the issuer may not speak for the tenant")]
    ForeignTenant,
    /// The signature does not fit.
    #[error("the signature does not verify")]
    Signature,
    /// `exp` has passed, leeway included (RFC 7519 section 4.1.4).
    #[error("the token has expired")]
    Expired,
    /// The token, its session or its user's generation was taken back.
    #[error("the token was revoked")]
    Revoked,
    /// `nbf` or `iat` lies ahead, leeway included (RFC 7519 section 4.1.5).
    #[error("the token is not valid yet")]
    NotYetValid,
    /// `aud` does not name this server (RFC 7519 section 4.1.3).
    #[error("the audience is another")]
    Audience,
    /// It is an ID token, a refresh token or a security event.
    #[error("the token is not an access token")]
    Purpose,
    /// A required claim is absent.
    #[error("the claim `{0}` is missing")]
    MissingClaim(&'static str),
    /// A claim does not have the required form.
    #[error("the claim `{0}` is malformed")]
    InvalidClaim(&'static str),
}

impl TokenError {
    /// A short constant for `error_description` of `WWW-Authenticate` (RFC 6750 section 3), in the characters allowed there.
    /// It tells a caller what to mend and nothing of the configuration: which issuers, keys and algorithms there are.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Oversized => "the token is too large",
            Self::Malformed | Self::Header(_) => "the token is malformed",
            Self::UnknownIssuer | Self::Algorithm | Self::Signature | Self::UnknownKey => {
                "the token is not from a trusted issuer"
            }
            Self::KeysUnavailable => "the token cannot be verified now",
            Self::ForeignTenant => "the token is not for this tenant",
            Self::Expired => "the token has expired",
            Self::Revoked => "the token was revoked",
            Self::NotYetValid => "the token is not valid yet",
            Self::Audience => "the token is not meant for this server",
            Self::Purpose => "the token is not an access token",
            Self::MissingClaim(_) => "a required claim is missing",
            Self::InvalidClaim(_) => "a claim is malformed",
        }
    }
}

/// Why an issuer, a key or a set of issuers is refused at start. The messages hold nothing of a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// An HS256 secret that could be guessed (RFC 7518 section 3.2).
    #[error("the shared secret has {bytes} bytes, and HS256 needs 32 or more")]
    ShortSecret {
        /// How many it has.
        bytes: usize,
    },
    /// A PEM where a shared secret belongs: whoever holds the public key could sign (RFC 8725 section 2.1).
    #[error("the key is a PEM, and HS256 needs a shared secret; was RS256, ES256 or EdDSA meant?")]
    SecretIsPem,
    /// Neither a PEM nor base64 of one.
    #[error("the key is neither a PEM (as it is, or with `\\n` for line ends) nor base64 of one")]
    NotPem,
    /// A private key where a public one belongs: this server verifies, and should not be able to sign.
    #[error("the key is a private one, and verifying needs the public key alone (openssl pkey -in key.pem -pubout)")]
    PrivateKey,
    /// A certificate where a public key belongs.
    #[error("the key is a certificate, and the public key in it is needed (openssl x509 -in cert.pem -noout -pubkey)")]
    Certificate,
    /// A key of another kind, or a broken one.
    #[error("the key is not a valid public key for {0}")]
    WrongKind(Algorithm),
    /// An RSA key that can be factored (RFC 7518 section 3.3).
    #[error("the RSA key has {bits} bits, and RS256 needs 2048 to 8192")]
    RsaSize {
        /// How many it has.
        bits: usize,
    },
    /// An RSA key whose making was flawed (ROCA), or with an exponent by which anyone could sign.
    #[error("the RSA key is a weak one: make a new key")]
    WeakRsa,
    /// Without an audience, a token for another service would be good here.
    #[error("the audience is empty")]
    NoAudience,
    /// An empty `iss` would trust nobody or anybody.
    #[error("the issuer's `iss` is empty; leave it out to take tokens of any `iss` that no other issuer has")]
    EmptyIssuer,
    /// Nothing that the issuer signs could ever be verified.
    #[error("the issuer has no algorithm, or HS256 among algorithms of published keys: a shared secret is never published")]
    Algorithms,
    /// Two issuers list the same tenant.
    #[error("both `{0}` and `{1}` list the tenant `{2}`: a tenant has one issuer")]
    SharedTenant(String, String, String),
    /// Two issuers have the same name or the same `iss`, or two have none: a token's issuer would be a matter of luck.
    #[error("the issuers `{0}` and `{1}` cannot be told apart")]
    Ambiguous(String, String),
    /// The stored key pair cannot be read.
    #[error("the stored key is not a PKCS#8 PEM of a P-256 key pair")]
    NotKeyPair,
    /// No key pair could be made.
    #[error("no key pair could be made")]
    Generation,
}

/// Why a token was not minted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MintError {
    /// `sub` must be 1 to 255 characters without control characters.
    #[error("the subject is not 1 to 255 printable characters")]
    Subject,
    /// A scope must be of the characters of RFC 6749 section 3.3.
    #[error("a scope is empty or holds a character that scopes cannot have")]
    Scope,
    /// A token lives at least a second, and to the year 9999 at most.
    #[error("the life of the token is below a second or beyond the calendar")]
    Life,
    /// More scopes than a token has room for.
    #[error("the token would be larger than 8 KiB")]
    Oversized,
    /// The own issuer speaks for organizations that were made here alone.
    #[error("the tenant is no organization that was made here")]
    Tenant,
    /// There is no key of the algorithm.
    #[error("there is no key to sign with")]
    NoKey,
    /// The key does not sign.
    #[error("the token could not be signed")]
    Signing,
}

/// Why this server's own keys were not made, read or changed.
#[derive(Debug, thiserror::Error)]
pub enum OwnKeyError {
    /// A key pair could not be made, or the stored one is none.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A key could not be sealed or opened.
    #[error(transparent)]
    Vault(#[from] wardgraph_vault::VaultError),
    /// The database did not answer as it should.
    #[error(transparent)]
    Store(#[from] wardgraph_store::StoreError),
}
