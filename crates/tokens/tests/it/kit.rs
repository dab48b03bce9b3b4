//! Tokens written by hand, so that every byte can be wrong; and the issuers that judge them.

use std::{sync::LazyLock, time::Duration};

use aws_lc_rs::{
    encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der},
    hmac,
    rand::SystemRandom,
    rsa::{KeyPair as RsaKeyPair, KeySize},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};
use wardgraph_kernel::{Permissions, Secret, Timestamp};
use wardgraph_tokens::{Algorithm, DEFAULT_LEEWAY, Issuer, IssuerConfig, IssuerKeys, Tenants, TokenError, Verified, Verifier};

pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const NOW: i64 = 1_800_000_000;

/// Key pairs of each kind, made once: an RSA key takes a while.
pub(crate) static RSA: LazyLock<RsaKeyPair> = LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap());
pub(crate) static EC: LazyLock<EcdsaKeyPair> =
    LazyLock::new(|| EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap());
pub(crate) static ED: LazyLock<Ed25519KeyPair> = LazyLock::new(|| Ed25519KeyPair::generate().unwrap());

pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let lines: Vec<&str> = body.as_bytes().chunks(64).map(|l| std::str::from_utf8(l).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

pub(crate) fn rsa_pem() -> String {
    let der: PublicKeyX509Der<'_> = RSA.public_key().as_der().unwrap();
    pem("PUBLIC KEY", der.as_ref())
}

pub(crate) fn rsa_private_pem() -> String {
    let der: Pkcs8V1Der<'_> = RSA.as_der().unwrap();
    pem("PRIVATE KEY", der.as_ref())
}

pub(crate) fn ec_pem() -> String {
    let der: PublicKeyX509Der<'_> = EC.public_key().as_der().unwrap();
    pem("PUBLIC KEY", der.as_ref())
}

pub(crate) fn ed_pem() -> String {
    let der: PublicKeyX509Der<'_> = ED.public_key().as_der().unwrap();
    pem("PUBLIC KEY", der.as_ref())
}

pub(crate) fn config(algorithm: Algorithm, key: &str) -> IssuerConfig {
    IssuerConfig {
        name: format!("outside-{algorithm}"),
        keys: IssuerKeys::Fixed { algorithm, key: Secret::new(key) },
        audiences: vec!["wardgraph".to_owned()],
        tenants: Tenants::ANY,
        issuer: None,
        leeway: DEFAULT_LEEWAY,
        ceiling: Permissions::outside_ceiling(),
    }
}

pub(crate) fn verifier(config: IssuerConfig) -> Verifier {
    Verifier::new(vec![Issuer::new(config).unwrap()]).unwrap()
}

pub(crate) fn hs256() -> Verifier {
    verifier(config(Algorithm::HS256, SECRET))
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

pub(crate) fn later(now: Timestamp, by: Duration) -> Timestamp {
    now.saturating_add(by).unwrap()
}

pub(crate) fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A good set of claims.
pub(crate) fn claims() -> Value {
    json!({"sub": "alice", "tenant_id": "acme", "aud": "wardgraph", "exp": NOW + 60, "scopes": ["nodes:write", "search:read"]})
}

/// A good set of claims with one of them changed; `null` is a value too, see [`without`].
pub(crate) fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

pub(crate) fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

pub(crate) fn sign_hs256(secret: &str, message: &str) -> String {
    b64(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), message.as_bytes()))
}

/// A token whose parts are any bytes, signed by the shared secret.
pub(crate) fn raw(header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
    let message = format!("{}.{}", b64(header), b64(payload));
    let signature = sign_hs256(SECRET, &message);
    format!("{message}.{signature}")
}

/// A token of these claims, signed by the shared secret.
pub(crate) fn token(claims: &Value) -> String {
    raw(r#"{"alg":"HS256","typ":"JWT"}"#, claims.to_string())
}

/// A token of these claims, signed as `algorithm` by the key of its kind.
pub(crate) fn token_by(algorithm: Algorithm, claims: &Value) -> String {
    let message = format!("{}.{}", b64(json!({"alg": algorithm.word()}).to_string()), b64(claims.to_string()));
    let bytes = message.as_bytes();
    let signature = match algorithm {
        Algorithm::HS256 => return token(claims),
        Algorithm::RS256 => {
            let mut signature = vec![0; RSA.public_modulus_len()];
            RSA.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), bytes, &mut signature).unwrap();
            signature
        }
        Algorithm::ES256 => EC.sign(&SystemRandom::new(), bytes).unwrap().as_ref().to_vec(),
        Algorithm::EdDSA => ED.sign(bytes).as_ref().to_vec(),
    };
    format!("{message}.{}", b64(signature))
}

/// A text without its first or its last letter.
pub(crate) fn beheaded(text: &str) -> &str {
    text.split_at(1).1
}

pub(crate) fn curtailed(text: &str) -> &str {
    text.split_at(text.len() - 1).0
}

pub(crate) fn verify(token: &str) -> Result<Verified, TokenError> {
    hs256().verify(token, at(NOW))
}

#[track_caller]
pub(crate) fn refused(token: &str, error: TokenError) {
    assert_eq!(verify(token).map(|v| v.claims), Err(error), "{token}");
}
