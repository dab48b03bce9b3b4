//! The whole way of a proof, from text to the key that it proves.

use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;

use super::{Nonces, Place, ProofError};
use crate::{Algorithm, Thumbprint, TokenError, compact::Parts, date, header, json::Members, jwk};

/// The largest proof, in bytes.
pub const MAX_PROOF_BYTES: usize = 8 * 1024;
/// How far ahead `iat` may lie, since clocks differ (FAPI 2.0 asks for no less).
const AHEAD: Duration = Duration::from_secs(10);
/// How old a proof may be.
const OLDEST: Duration = Duration::from_mins(1);
/// The longest time in which one proof could be believed, and a little more.
pub(crate) const BELIEVED_FOR: Duration = Duration::from_secs(75);
/// The longest `jti`, in bytes.
const MOST_ID_BYTES: usize = 256;

/// What a proof must be made for.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The request's method.
    pub method: &'a str,
    /// The request's address, of this server's own knowledge.
    pub place: &'a Place,
    /// The access token that the request carries, if it carries one.
    pub token: Option<&'a str>,
    /// The nonces that are believed.
    pub nonces: &'a Nonces,
    /// The time of the request.
    pub now: Timestamp,
}

/// A proof that is good, if it was not used before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    key: Thumbprint,
    id: [u8; 32],
    made_at: Timestamp,
}

impl Proof {
    /// Verifies a proof (RFC 9449, section 4.3). What costs most comes last: the key is read and the signature checked of those alone that were made
    /// for this request, with a nonce of ours.
    ///
    /// # Errors
    /// As [`ProofError`] says.
    pub fn verify(proof: &str, asked: &Asked<'_>) -> Result<Self, ProofError> {
        if proof.len() > MAX_PROOF_BYTES {
            return Err(ProofError::Oversized);
        }
        let Parts { message, signature, header, body } = Parts::of(proof).map_err(|_| ProofError::Malformed)?;
        let claims = Members::parse(&body).map_err(|_| ProofError::Malformed)?;
        header::check_for(&header, "dpop+jwt", &["jwk"]).map_err(refused)?;
        let algorithm = header::algorithm(&header).filter(|algorithm| Algorithm::ASYMMETRIC.contains(algorithm));
        let algorithm = algorithm.ok_or(ProofError::Algorithm)?;
        let (id, made_at) = check(&claims, asked)?;
        let key = header.find("jwk").and_then(jwk::read_public).ok_or(ProofError::Key)?;
        if key.key.algorithm() != algorithm {
            return Err(ProofError::Algorithm);
        }
        if !key.key.verifies(message.as_bytes(), signature) {
            return Err(ProofError::Signature);
        }
        let thumbprint = key.thumbprint();
        let mut named = Context::new(&SHA256);
        named.update(b"dpop");
        named.update(thumbprint.as_bytes());
        named.update(id.as_bytes());
        let mut id = [0; 32];
        id.copy_from_slice(named.finish().as_ref());
        Ok(Self { key: thumbprint, id, made_at })
    }

    /// The key that it proves.
    pub const fn key(&self) -> Thumbprint {
        self.key
    }

    /// What tells it from every other proof, whichever key made that.
    pub const fn id(&self) -> &[u8; 32] {
        &self.id
    }

    /// Until when it could be believed.
    pub fn until(&self) -> Timestamp {
        self.made_at.saturating_add(BELIEVED_FOR).unwrap_or(Timestamp::MAX)
    }
}

/// Checks the claims, and tells the proof's `jti` and `iat`.
fn check<'c>(claims: &'c Members, asked: &Asked<'_>) -> Result<(&'c str, Timestamp), ProofError> {
    let id = text(claims, "jti")?;
    if id.is_empty() || id.len() > MOST_ID_BYTES {
        return Err(ProofError::Claim("jti"));
    }
    if text(claims, "htm")? != asked.method {
        return Err(ProofError::Method);
    }
    let place = text(claims, "htu")?;
    if place != asked.place.as_str() && Place::parse(place).as_ref() != Some(asked.place) {
        return Err(ProofError::Place);
    }
    let made_at = date::find(claims, "iat").map_err(refused)?.ok_or(ProofError::Claim("iat"))?;
    let age = asked.now.duration_since(made_at);
    if age.is_negative() && age.unsigned_abs() > AHEAD || age.is_positive() && age.unsigned_abs() > OLDEST {
        return Err(ProofError::Time);
    }
    if let Some(token) = asked.token {
        let hash = URL_SAFE_NO_PAD.encode(digest(&SHA256, token.as_bytes()));
        if text(claims, "ath")? != hash {
            return Err(ProofError::Token);
        }
    }
    let nonce = claims.find_text("nonce").map_err(refused)?;
    if !nonce.is_some_and(|nonce| asked.nonces.knows(nonce, asked.now)) {
        return Err(ProofError::Nonce);
    }
    Ok((id, made_at))
}

fn text<'c>(claims: &'c Members, name: &'static str) -> Result<&'c str, ProofError> {
    claims.text(name).map_err(|_| ProofError::Claim(name))
}

const fn refused(error: TokenError) -> ProofError {
    match error {
        TokenError::Header(name) => ProofError::Header(name),
        TokenError::InvalidClaim(name) | TokenError::MissingClaim(name) => ProofError::Claim(name),
        _ => ProofError::Malformed,
    }
}
