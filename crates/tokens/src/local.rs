//! The server's own issuer: a key pair made at the first start, for test tokens.

use std::fmt;

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use jsonwebtoken::EncodingKey;
use wardgraph_kernel::{Permissions, Secret};

use crate::{
    DEFAULT_LEEWAY, Issuer, KeyError, Minter, Tenants, claims::Rules, issuer::Keys, key::VerifyingKey, pem, words::KeptWords,
};

/// An ES256 key pair. The caller stores its PEM, readable by the owner alone; this room does no IO.
#[derive(Clone)]
pub struct LocalKey {
    signing: EncodingKey,
    point: Vec<u8>,
}

impl LocalKey {
    /// A new key pair, from the cryptographic library's own generator: no outside chance can weaken it.
    pub fn generate() -> Result<Self, KeyError> {
        let pair = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        let pair = pair.map_err(|_| KeyError::Generation)?;
        Self::of(EncodingKey::from_ec_der(pair.as_ref()))
    }

    /// Reads what [`LocalKey::to_pem`] wrote. Any P-256 key pair in PKCS#8 will do.
    pub fn from_pem(text: &Secret) -> Result<Self, KeyError> {
        let pem = pem::read(text).ok_or(KeyError::NotKeyPair)?;
        Self::of(EncodingKey::from_ec_pem(pem.as_bytes()).map_err(|_| KeyError::NotKeyPair)?)
    }

    /// The key pair as a PKCS#8 PEM (RFC 5958, RFC 7468), to be stored.
    pub fn to_pem(&self) -> Secret {
        pem::write_private_key(self.signing.as_bytes())
    }

    /// The issuer of the tokens that this key signs, as `iss` and for `audience`. Its name is `local`.
    pub fn issuer(&self, iss: &str, audience: &str, ceiling: Permissions) -> Result<Issuer, KeyError> {
        let rules = Rules {
            name: "local".into(),
            identity: iss.into(),
            audiences: vec![audience.to_owned()],
            // Whoever holds this key is the operator himself.
            tenants: Tenants::ALL,
            leeway: DEFAULT_LEEWAY,
            ceiling,
            own: false,
            words: KeptWords::default(),
        };
        Issuer::with_keys(Keys::Fixed(VerifyingKey::of_point(&self.point)), Some(iss.to_owned()), rules)
    }

    /// Whoever signs with this key, as `iss` and for `audience`.
    pub fn minter(&self, iss: &str, audience: &str) -> Minter {
        Minter::with_key(self.signing.clone(), crate::Algorithm::ES256, Some(iss), audience)
    }

    fn of(signing: EncodingKey) -> Result<Self, KeyError> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, signing.as_bytes());
        let point = pair.map_err(|_| KeyError::NotKeyPair)?.public_key().as_ref().to_vec();
        Ok(Self { signing, point })
    }
}

impl fmt::Debug for LocalKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalKey").finish_non_exhaustive()
    }
}
