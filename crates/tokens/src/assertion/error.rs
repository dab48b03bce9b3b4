//! What can be wrong with an assertion, and with the keys that a client registers.

/// Why an assertion was refused. To the caller every one of them is `invalid_client`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AssertionError {
    /// Larger than [`super::MAX_ASSERTION_BYTES`].
    #[error("the assertion is too large")]
    Oversized,
    /// Not three canonical base64url parts, or not JSON objects without duplicate members.
    #[error("the assertion is no well-formed JWT")]
    Malformed,
    /// A header member is refused, or has the wrong form.
    #[error("the header member `{0}` of the assertion is refused")]
    Header(&'static str),
    /// `alg` is none by which clients may sign.
    #[error("the algorithm of the assertion is not supported")]
    Algorithm,
    /// A claim is absent or malformed.
    #[error("the claim `{0}` of the assertion is missing or malformed")]
    Claim(&'static str),
    /// `iss` and `sub` do not both name the client.
    #[error("the assertion is another client's")]
    Client,
    /// `aud` is not this server's issuer, as one text.
    #[error("the assertion is for another server")]
    Audience,
    /// `exp` has passed, or `iat` or `nbf` lies ahead.
    #[error("the assertion is not good now")]
    Time,
    /// `exp` lies further ahead than [`super::MAX_ASSERTION_LIFE`].
    #[error("the assertion lives longer than it may")]
    Life,
    /// None of the client's keys is the assertion's. After they were fetched anew, another answer may be given.
    #[error("the assertion's key is not among the client's")]
    UnknownKey,
    /// The client's keys cannot be fetched, and none is at hand.
    #[error("the client's keys could not be fetched")]
    KeysUnavailable,
    /// The signature does not fit.
    #[error("the assertion's signature does not verify")]
    Signature,
}

/// Why a client's key set is refused when it is registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// More than 32 KiB.
    #[error("the key set is larger than 32 KiB")]
    Large,
    /// No JSON Web Key Set, one of too many keys, of two that cannot be told apart, or of anything private or shared.
    #[error("not a set of at most 32 public keys (RFC 7517) with different `kid`s; private and symmetric keys are refused")]
    NoSet,
    /// None of its keys verifies by an algorithm of ours.
    #[error("none of the keys can verify ES256, EdDSA (Ed25519) or RS256 (2048 bits or more)")]
    NoKey,
}
