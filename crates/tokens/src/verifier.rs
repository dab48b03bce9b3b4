//! The whole way of a token, from text to claims.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;

use crate::{
    Claims, Issuer, KeyError, TokenError,
    cache::{Fingerprint, TokenCache},
    claims::{self, Timed},
    header,
    json::Members,
};

/// The largest token, in bytes.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// How many verified tokens are remembered, about half a kilobyte each: one for each of 100,000 tenants. Of fewer than are in use by turns,
/// the least recently used would be forgotten just before it comes again, and none would ever be found.
pub(crate) const CACHED_TOKENS: u64 = 131_072;

/// Verifies tokens of a fixed set of issuers. Another set is another verifier, with an empty cache.
#[derive(Debug)]
pub struct Verifier {
    issuers: Vec<Issuer>,
    cache: TokenCache,
}

/// A token that is good.
#[derive(Debug, Clone)]
pub struct Verified {
    /// What it says.
    pub claims: Arc<Claims>,
    /// Whether this process had not seen it, or had forgotten it: of concurrent first uses exactly one is told so.
    pub first_seen: bool,
    /// Which token it is.
    pub fingerprint: Fingerprint,
}

impl Verifier {
    /// A verifier of these issuers' tokens. With none, every token is refused.
    pub fn new(issuers: Vec<Issuer>) -> Result<Self, KeyError> {
        Self::with_cache(issuers, CACHED_TOKENS)
    }

    /// The same, remembering at most `tokens` tokens.
    pub fn with_cache(issuers: Vec<Issuer>, tokens: u64) -> Result<Self, KeyError> {
        for (index, one) in issuers.iter().enumerate() {
            if let Some(other) = issuers.iter().skip(index + 1).find(|o| o.iss == one.iss || o.name() == one.name()) {
                return Err(KeyError::Ambiguous(one.name().to_owned(), other.name().to_owned()));
            }
        }
        Ok(Self { issuers, cache: TokenCache::new(tokens) })
    }

    /// Verifies a token as it stands at `now`. A good one is remembered for its own life and leeway at most.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Verified, TokenError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::Oversized);
        }
        let fingerprint = Fingerprint::of(token).ok_or(TokenError::Malformed)?;
        if let Some(known) = self.cache.find(&fingerprint, now) {
            return Ok(Verified { claims: known.claims, first_seen: false, fingerprint });
        }
        let timed = self.examine(token)?;
        timed.check(now)?;
        let claims = timed.claims.clone();
        Ok(Verified { claims, first_seen: self.cache.remember(fingerprint, timed, now), fingerprint })
    }

    /// Form, issuer, algorithm, signature, claims: in this order, so that nothing but the form and `iss` of an unsigned token is read.
    fn examine(&self, token: &str) -> Result<Timed, TokenError> {
        let (message, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (head, body) = message.split_once('.').ok_or(TokenError::Malformed)?;
        let header = Members::parse(&decode(head)?)?;
        let members = Members::parse(&decode(body)?)?;
        decode(signature)?;
        header::check(&header)?;
        let issuer = self.issuer(members.find_text("iss")?)?;
        header::check_algorithm(&header, issuer.key.algorithm())?;
        if !issuer.key.verifies(message, signature) {
            return Err(TokenError::Signature);
        }
        claims::read(&members, &issuer.rules)
    }

    /// The one issuer that a token is tried with: that of its `iss`, else the one configured without.
    fn issuer(&self, iss: Option<&str>) -> Result<&Issuer, TokenError> {
        let named = iss.and_then(|iss| self.issuers.iter().find(|issuer| issuer.iss.as_deref() == Some(iss)));
        let refusal = if iss.is_some() { TokenError::UnknownIssuer } else { TokenError::MissingClaim("iss") };
        named.or_else(|| self.issuers.iter().find(|issuer| issuer.iss.is_none())).ok_or(refusal)
    }
}

/// Decodes canonical base64url without padding (RFC 7515 section 2). A dot is not in the alphabet, so that a fourth part fails here.
fn decode(part: &str) -> Result<Vec<u8>, TokenError> {
    if part.is_empty() {
        return Err(TokenError::Malformed);
    }
    URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed)
}
