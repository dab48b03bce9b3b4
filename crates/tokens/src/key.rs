//! The key that an issuer's signatures are checked with: examined once, at start.

use aws_lc_rs::{
    rsa,
    signature::{ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, VerificationAlgorithm},
};
use jsonwebtoken::DecodingKey;
use wardgraph_kernel::Secret;

use crate::{Algorithm, KeyError, pem, rsa as weak};

/// The shortest shared secret, in bytes (RFC 7518 section 3.2).
const MIN_SECRET_BYTES: usize = 32;

/// A key that fits its algorithm.
#[derive(Debug)]
pub(crate) struct VerifyingKey {
    algorithm: Algorithm,
    key: DecodingKey,
}

impl VerifyingKey {
    /// Reads a configured key: the shared secret, byte for byte, or a public key as PEM.
    pub(crate) fn read(algorithm: Algorithm, key: &Secret) -> Result<Self, KeyError> {
        let key = match algorithm {
            Algorithm::HS256 => shared_secret(key)?,
            Algorithm::RS256 | Algorithm::ES256 | Algorithm::EdDSA => public_key(algorithm, key)?,
        };
        Ok(Self { algorithm, key })
    }

    /// Takes a public key that was examined.
    pub(crate) const fn of(algorithm: Algorithm, key: DecodingKey) -> Self {
        Self { algorithm, key }
    }

    /// Takes a point on P-256, uncompressed, that this server made itself.
    pub(crate) fn of_point(point: &[u8]) -> Self {
        Self { algorithm: Algorithm::ES256, key: DecodingKey::from_ec_der(point) }
    }

    pub(crate) const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Whether `signature` (base64url) was made over `message` with this key. HMACs are compared in constant time.
    pub(crate) fn verifies(&self, message: &[u8], signature: &str) -> bool {
        jsonwebtoken::crypto::verify(signature, message, &self.key, self.algorithm.foreign()).unwrap_or(false)
    }
}

/// A secret that may serve HS256.
pub(crate) fn check_secret(secret: &Secret) -> Result<&[u8], KeyError> {
    if pem::read(secret).is_some() {
        return Err(KeyError::SecretIsPem);
    }
    let bytes = secret.expose().as_bytes(); // to be a key
    if bytes.len() < MIN_SECRET_BYTES {
        return Err(KeyError::ShortSecret { bytes: bytes.len() });
    }
    Ok(bytes)
}

fn shared_secret(secret: &Secret) -> Result<DecodingKey, KeyError> {
    check_secret(secret).map(DecodingKey::from_secret)
}

fn public_key(algorithm: Algorithm, key: &Secret) -> Result<DecodingKey, KeyError> {
    let pem = pem::read(key).ok_or(KeyError::NotPem)?;
    if pem::holds_private_key(&pem) {
        return Err(KeyError::PrivateKey);
    }
    if pem::label(&pem) == Some("CERTIFICATE") {
        return Err(KeyError::Certificate);
    }
    let (parsed, scheme): (_, &'static dyn VerificationAlgorithm) = match algorithm {
        Algorithm::RS256 => (DecodingKey::from_rsa_pem(pem.as_bytes()), &RSA_PKCS1_2048_8192_SHA256),
        Algorithm::ES256 => (DecodingKey::from_ec_pem(pem.as_bytes()), &ECDSA_P256_SHA256_FIXED),
        Algorithm::EdDSA => (DecodingKey::from_ed_pem(pem.as_bytes()), &ED25519),
        Algorithm::HS256 => return Err(KeyError::WrongKind(algorithm)),
    };
    let key = parsed.map_err(|_| KeyError::WrongKind(algorithm))?;
    let der = key.try_get_as_bytes().map_err(|_| KeyError::WrongKind(algorithm))?;
    if algorithm == Algorithm::RS256 {
        check_rsa(der)?;
    }
    ParsedPublicKey::new(scheme, der).map_err(|_| KeyError::WrongKind(algorithm))?;
    Ok(key)
}

fn check_rsa(der: &[u8]) -> Result<(), KeyError> {
    let key = rsa::PublicKey::from_der(der).map_err(|_| KeyError::WrongKind(Algorithm::RS256))?;
    let modulus = key.modulus().big_endian_without_leading_zero();
    let bits = weak::bits(modulus);
    if !(2_048..=8_192).contains(&bits) {
        return Err(KeyError::RsaSize { bits });
    }
    if weak::is_roca(modulus) || !weak::is_sound_exponent(key.exponent().big_endian_without_leading_zero()) {
        return Err(KeyError::WeakRsa);
    }
    Ok(())
}

#[cfg(test)]
mod vectors;
