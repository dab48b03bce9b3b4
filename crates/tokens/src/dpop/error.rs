//! What can be wrong with a proof.

/// Why a proof was refused. The message holds nothing of the proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// Larger than [`super::MAX_PROOF_BYTES`].
    #[error("the proof is too large")]
    Oversized,
    /// Not three canonical base64url parts, or not JSON objects without duplicate members.
    #[error("the proof is no well-formed JWT")]
    Malformed,
    /// The header has a member that is refused, or one of the wrong form; `typ` must be `dpop+jwt`.
    #[error("a header member of the proof is refused")]
    Header(&'static str),
    /// `alg` is none of [`crate::Algorithm::ASYMMETRIC`], or not that of the key.
    #[error("the proof's algorithm is not supported, or not that of its key")]
    Algorithm,
    /// `jwk` is no public key that is strong enough, or holds anything private.
    #[error("the proof's key is no public key that is supported")]
    Key,
    /// A claim is absent or malformed.
    #[error("a claim of the proof is missing or malformed")]
    Claim(&'static str),
    /// `htm` names another method.
    #[error("the proof is for another method")]
    Method,
    /// `htu` names another address.
    #[error("the proof is for another address")]
    Place,
    /// `iat` lies too far from now.
    #[error("the proof was made too long ago, or lies ahead")]
    Time,
    /// `ath` names another access token.
    #[error("the proof is for another access token")]
    Token,
    /// `nonce` is absent, or none that this server gave out lately.
    #[error("the proof needs the nonce of this answer")]
    Nonce,
    /// The signature does not fit.
    #[error("the proof's signature does not verify")]
    Signature,
    /// It came before.
    #[error("the proof was used before")]
    Replayed,
    /// It proves another key than the one that is asked for.
    #[error("the proof is by another key")]
    OtherKey,
}

impl ProofError {
    /// The error's word in answers (RFC 9449, section 12.2): with `use_dpop_nonce` a client takes the nonce of the answer and asks again.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Nonce => "use_dpop_nonce",
            _ => "invalid_dpop_proof",
        }
    }

    /// A short text for `error_description`, in the characters that are allowed there.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Oversized => "the proof is too large",
            Self::Malformed => "the proof is no well-formed JWT",
            Self::Header(_) => "a header member of the proof is refused; typ must be dpop+jwt",
            Self::Algorithm => "the algorithm of the proof is not supported, or not that of its key",
            Self::Key => "the key of the proof is no public key that is supported",
            Self::Claim(_) => "a claim of the proof is missing or malformed; it needs htm, htu, iat and jti",
            Self::Method => "the proof is for another method",
            Self::Place => "the proof is for another address",
            Self::Time => "the proof was made too long ago, or lies ahead",
            Self::Token => "the proof is for another access token",
            Self::Nonce => "the proof needs the nonce of this answer",
            Self::Signature => "the signature of the proof does not verify",
            Self::Replayed => "the proof was used before",
            Self::OtherKey => "the proof is by another key",
        }
    }
}
