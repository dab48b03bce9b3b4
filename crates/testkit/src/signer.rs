//! Key pairs of clients: what they prove to hold, and what they sign who they are with.

use aws_lc_rs::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    rsa::{KeyPair as RsaKeyPair, KeySize},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde_json::{Value, json};

/// A key pair.
#[derive(Debug)]
pub enum Signer {
    /// Of P-256.
    Es256(EcdsaKeyPair),
    /// Of Ed25519.
    EdDsa(Ed25519KeyPair),
    /// Of RSA with 2048 bits, or with what the test wants.
    Rs256(RsaKeyPair),
}

impl Signer {
    /// A new pair for ES256.
    pub fn es256() -> Self {
        Self::Es256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    /// A new pair for EdDSA.
    pub fn eddsa() -> Self {
        Self::EdDsa(Ed25519KeyPair::generate().unwrap())
    }

    /// A new pair for RS256.
    pub fn rs256() -> Self {
        Self::Rs256(RsaKeyPair::generate(KeySize::Rsa2048).unwrap())
    }

    /// How `alg` spells what it signs by.
    pub const fn algorithm(&self) -> &'static str {
        match self {
            Self::Es256(_) => "ES256",
            Self::EdDsa(_) => "EdDSA",
            Self::Rs256(_) => "RS256",
        }
    }

    /// The public half as a JSON Web Key, of its required members alone.
    pub fn jwk(&self) -> Value {
        match self {
            Self::Es256(pair) => {
                let point = pair.public_key().as_ref();
                json!({ "kty": "EC", "crv": "P-256", "x": B64.encode(&point[1..33]), "y": B64.encode(&point[33..]) })
            }
            Self::EdDsa(pair) => json!({ "kty": "OKP", "crv": "Ed25519", "x": B64.encode(pair.public_key().as_ref()) }),
            Self::Rs256(pair) => {
                let key = pair.public_key();
                let n = B64.encode(key.modulus().big_endian_without_leading_zero());
                json!({ "kty": "RSA", "n": n, "e": B64.encode(key.exponent().big_endian_without_leading_zero()) })
            }
        }
    }

    /// The thumbprint of the public half (RFC 7638): of its members in the order of their names.
    pub fn thumbprint(&self) -> String {
        let jwk = self.jwk();
        let members: std::collections::BTreeMap<_, _> = jwk.as_object().unwrap().iter().collect();
        B64.encode(digest(&SHA256, serde_json::to_string(&members).unwrap().as_bytes()))
    }

    /// A signed text with this header and these claims, whatever they say.
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        self.sign_bytes(header.to_string().as_bytes(), claims.to_string().as_bytes())
    }

    /// The same of any bytes.
    pub fn sign_bytes(&self, header: &[u8], claims: &[u8]) -> String {
        let message = format!("{}.{}", B64.encode(header), B64.encode(claims));
        let signature = match self {
            Self::Es256(pair) => pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap().as_ref().to_vec(),
            Self::EdDsa(pair) => pair.sign(message.as_bytes()).as_ref().to_vec(),
            Self::Rs256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
                signature
            }
        };
        format!("{message}.{}", B64.encode(signature))
    }

    /// The header of a good proof of possession (RFC 9449).
    pub fn proof_header(&self) -> Value {
        json!({ "typ": "dpop+jwt", "alg": self.algorithm(), "jwk": self.jwk() })
    }

    /// A proof of possession with these claims.
    pub fn prove(&self, claims: &Value) -> String {
        self.sign(&self.proof_header(), claims)
    }

    /// An assertion with these claims, that names its key `kid`.
    pub fn assert(&self, kid: &str, claims: &Value) -> String {
        self.sign(&json!({ "typ": "JWT", "alg": self.algorithm(), "kid": kid }), claims)
    }
}

/// What `ath` says of an access token.
pub fn token_hash(token: &str) -> String {
    B64.encode(digest(&SHA256, token.as_bytes()))
}
