//! Key pairs of this server: made, kept as PKCS#8, and signing without being parsed again.

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rand::SystemRandom,
    rsa::{KeyPair as RsaKeyPair, KeySize},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256},
};
use zeroize::Zeroizing;

use crate::{Algorithm, KeyError, MintError, thumbprint};

/// A key pair that signs by one algorithm.
pub(crate) enum Pair {
    Es256(Box<EcdsaKeyPair>),
    EdDsa(Box<Ed25519KeyPair>),
    Rs256(Box<RsaKeyPair>),
}

impl Pair {
    /// A new pair as PKCS#8 (RFC 5958), from the cryptographic library's own generator. RSA keys have 3072 bits.
    pub(crate) fn generate(algorithm: Algorithm) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let random = SystemRandom::new();
        let made = match algorithm {
            Algorithm::ES256 => {
                EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).map(|der| der.as_ref().to_vec())
            }
            Algorithm::EdDSA => Ed25519KeyPair::generate_pkcs8(&random).map(|der| der.as_ref().to_vec()),
            Algorithm::RS256 => RsaKeyPair::generate(KeySize::Rsa3072)
                .and_then(|pair| AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).map(|der| der.as_ref().to_vec())),
            Algorithm::HS256 => return Err(KeyError::Algorithms),
        };
        made.map(Zeroizing::new).map_err(|_| KeyError::Generation)
    }

    /// Reads what [`Pair::generate`] made.
    pub(crate) fn read(algorithm: Algorithm, pkcs8: &[u8]) -> Result<Self, KeyError> {
        let pair = match algorithm {
            Algorithm::ES256 => {
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).map(|pair| Self::Es256(Box::new(pair)))
            }
            Algorithm::EdDSA => Ed25519KeyPair::from_pkcs8(pkcs8).map(|pair| Self::EdDsa(Box::new(pair))),
            Algorithm::RS256 => RsaKeyPair::from_pkcs8(pkcs8).map(|pair| Self::Rs256(Box::new(pair))),
            Algorithm::HS256 => return Err(KeyError::Algorithms),
        };
        pair.map_err(|_| KeyError::NotKeyPair)
    }

    pub(crate) const fn algorithm(&self) -> Algorithm {
        match self {
            Self::Es256(_) => Algorithm::ES256,
            Self::EdDsa(_) => Algorithm::EdDSA,
            Self::Rs256(_) => Algorithm::RS256,
        }
    }

    /// The public half's own members of a JSON Web Key, in the order and form that its thumbprint is taken of (RFC 7638, section 3).
    pub(crate) fn public(&self) -> String {
        match self {
            Self::Es256(pair) => {
                let point = pair.public_key().as_ref();
                thumbprint::of_point(point.get(1..33).unwrap_or_default(), point.get(33..).unwrap_or_default())
            }
            Self::EdDsa(pair) => thumbprint::of_curve(pair.public_key().as_ref()),
            Self::Rs256(pair) => {
                let key = pair.public_key();
                thumbprint::of_modulus(
                    key.modulus().big_endian_without_leading_zero(),
                    key.exponent().big_endian_without_leading_zero(),
                )
            }
        }
    }

    /// The signature over `message`, as a JWS has it (RFC 7518, section 3; RFC 8037, section 3.1).
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, MintError> {
        let random = SystemRandom::new();
        let signed = match self {
            Self::Es256(pair) => pair.sign(&random, message).map(|signature| signature.as_ref().to_vec()),
            Self::EdDsa(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Self::Rs256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).map(|()| signature)
            }
        };
        signed.map_err(|_| MintError::Signing)
    }
}

impl std::fmt::Debug for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Pair").field(&self.algorithm()).finish()
    }
}
