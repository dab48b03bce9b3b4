//! The closed list of signature algorithms.

use std::{fmt, str::FromStr};

/// A signature algorithm (RFC 7518 section 3.1, RFC 8037). Fixed by configuration; `none` cannot be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// HMAC with SHA-256 and a shared secret.
    HS256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RS256,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// Ed25519.
    EdDSA,
}

/// Why a text names no algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the algorithm is not one of HS256, RS256, ES256 and EdDSA")]
pub struct UnknownAlgorithm;

impl Algorithm {
    /// Every algorithm.
    pub const ALL: &[Self] = &[Self::HS256, Self::RS256, Self::ES256, Self::EdDSA];

    /// Those by which a signature can be checked without being able to make one.
    pub const ASYMMETRIC: &[Self] = &[Self::ES256, Self::EdDSA, Self::RS256];

    /// What others may call those by which they sign what is verified here. Ed25519 has two names: RFC 9864 would have no other than the second.
    pub const NAMES: &[&str] = &["ES256", "EdDSA", "Ed25519", "RS256"];

    /// The algorithm that somebody else's signature names.
    pub fn named(word: &str) -> Option<Self> {
        if word == "Ed25519" { Some(Self::EdDSA) } else { word.parse().ok() }
    }

    /// The algorithm as the `alg` header spells it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::HS256 => "HS256",
            Self::RS256 => "RS256",
            Self::ES256 => "ES256",
            Self::EdDSA => "EdDSA",
        }
    }

    pub(crate) const fn foreign(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::HS256 => jsonwebtoken::Algorithm::HS256,
            Self::RS256 => jsonwebtoken::Algorithm::RS256,
            Self::ES256 => jsonwebtoken::Algorithm::ES256,
            Self::EdDSA => jsonwebtoken::Algorithm::EdDSA,
        }
    }
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    /// Reads the exact spelling: `alg` is case-sensitive (RFC 7515 section 4.1.1).
    fn from_str(text: &str) -> Result<Self, UnknownAlgorithm> {
        Self::ALL.iter().copied().find(|a| a.word() == text).ok_or(UnknownAlgorithm)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_that_of_an_algorithm_and_every_algorithm_has_its_own() {
        let named = |word: &&str| Algorithm::named(word).filter(|algorithm| Algorithm::ASYMMETRIC.contains(algorithm));
        assert!(Algorithm::NAMES.iter().all(|word| named(word).is_some()));
        assert!(Algorithm::ASYMMETRIC.iter().all(|algorithm| Algorithm::NAMES.contains(&algorithm.word())));
        assert_eq!(Algorithm::named("Ed25519"), Some(Algorithm::EdDSA));
        for wrong in ["ed25519", "eddsa", "Ed448", "none", ""] {
            assert_eq!(Algorithm::named(wrong), None, "{wrong}");
        }
        // What this server says itself has one name.
        assert!("Ed25519".parse::<Algorithm>().is_err());
    }
}
