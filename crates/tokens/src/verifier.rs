//! The whole way of a token, from text to claims.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use jiff::Timestamp;
use serde_json::Value;
use wardgraph_kernel::TenantId;

use crate::{
    Claims, Issuer, KeyError, TokenError,
    cache::{Fingerprint, Known, TokenCache},
    claims::{self, KeysVersion, Reach, Timed},
    compact::Parts,
    header,
    issuer::Keys,
    json::Members,
};

/// The largest token, in bytes.
pub const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// How many verified tokens are remembered, about a third of a kilobyte each: one for each of 100,000 tenants. Of fewer than are in use by turns,
/// each would be forgotten just before it comes again, and none would ever be found.
pub(crate) const CACHED_TOKENS: usize = 131_072;

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

/// A token of this server's own that is asked about.
#[derive(Debug, Clone)]
pub struct Inspected {
    /// What it says.
    pub claims: Arc<Claims>,
    /// `aud`: where it is good.
    pub audience: String,
    /// `iat`.
    pub issued_at: Option<i64>,
}

impl Verifier {
    /// A verifier of these issuers' tokens. With none, every token is refused.
    pub fn new(issuers: Vec<Issuer>) -> Result<Self, KeyError> {
        Self::with_cache(issuers, CACHED_TOKENS)
    }

    /// The same, remembering at most `tokens` tokens.
    pub fn with_cache(issuers: Vec<Issuer>, tokens: usize) -> Result<Self, KeyError> {
        for (index, one) in issuers.iter().enumerate() {
            if let Some(other) = issuers.iter().skip(index + 1).find(|o| o.iss == one.iss || o.name() == one.name()) {
                return Err(KeyError::Ambiguous(one.name().to_owned(), other.name().to_owned()));
            }
            for other in issuers.iter().skip(index + 1) {
                if let Some(tenant) = one.rules.tenants.listed.intersection(&other.rules.tenants.listed).next() {
                    return Err(KeyError::SharedTenant(
                        one.name().to_owned(),
                        other.name().to_owned(),
                        tenant.as_str().to_owned(),
                    ));
                }
            }
        }
        Ok(Self { issuers, cache: TokenCache::new(tokens) })
    }

    /// Verifies a token as it stands at `now`, with the keys at hand: waits for nobody. A good one is remembered for its own life and leeway at
    /// most, and while the keys that verified it are the issuer's.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Verified, TokenError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::Oversized);
        }
        let fingerprint = Fingerprint::of(token).ok_or(TokenError::Malformed)?;
        if let Some(known) = self.cache.find(&fingerprint, now).filter(|known| self.stands(known, now)) {
            return Ok(Verified { claims: known.claims, first_seen: false, fingerprint });
        }
        let timed = self.examine(token, now, Reach::Here)?;
        timed.check(now)?;
        let claims = timed.claims.clone();
        Ok(Verified { claims, first_seen: self.cache.remember(fingerprint, &timed, now), fingerprint })
    }

    /// What a token of this server's own says, wherever it is good: for whoever is asked about it. Nothing may be done by what comes of this.
    ///
    /// # Errors
    /// As [`Verifier::verify`]; [`TokenError::UnknownIssuer`] for the tokens of others.
    pub fn inspect(&self, token: &str, now: Timestamp) -> Result<Inspected, TokenError> {
        let claims = match self.verify(token, now) {
            Ok(verified) => verified.claims,
            Err(TokenError::Audience) => {
                let timed = self.examine(token, now, Reach::Anywhere)?;
                timed.check(now)?;
                timed.claims
            }
            Err(error) => return Err(error),
        };
        if claims.own.is_none() {
            return Err(TokenError::UnknownIssuer);
        }
        let members = Members::parse(&Parts::of(token)?.body)?;
        let audience = members.text("aud")?.to_owned();
        Ok(Inspected { claims, audience, issued_at: members.find("iat").and_then(Value::as_i64) })
    }

    /// Fetches the published keys of a token's issuer, for a token that [`TokenError::UnknownKey`] or [`TokenError::KeysUnavailable`] refused.
    ///
    /// # Errors
    /// [`TokenError::KeysUnavailable`] if they cannot be fetched; what is wrong with the token's form, if it has none.
    pub async fn renew(&self, token: &str, now: Timestamp) -> Result<(), TokenError> {
        match &self.issuer(Members::parse(&Parts::of(token)?.body)?.find_text("iss")?)?.1.keys {
            // Those of this server come by themselves: whoever polls brings them.
            Keys::Fixed(_) | Keys::Own(_) => Ok(()),
            Keys::Published(keys) => keys.renew(now).await,
        }
    }

    /// Fetches the published keys of every issuer whose turn it is, and tells how long to wait until the next turn.
    pub async fn renew_all(&self, now: Timestamp) -> Option<Duration> {
        let published = |issuer: &Issuer| match &issuer.keys {
            Keys::Fixed(_) | Keys::Own(_) => None,
            Keys::Published(keys) => Some(keys.clone()),
        };
        let renewed = self.issuers.iter().filter_map(published).map(|keys| async move {
            if keys.rest(now).is_zero() {
                // What failed is told in the log, and its turn comes again.
                let _ = keys.renew(now).await;
            }
            keys.rest(now)
        });
        join_all(renewed).await.into_iter().min()
    }

    /// Whether the keys that verified a token are its issuer's still.
    fn stands(&self, known: &Known, now: Timestamp) -> bool {
        let issuer = self.issuers.get(known.keys.issuer);
        issuer.is_some_and(|issuer| issuer.keys_version(now) == Some(known.keys.version))
    }

    /// Form, issuer, algorithm, signature, claims: in this order, so that nothing but the form and `iss` of an unsigned token is read.
    fn examine(&self, token: &str, now: Timestamp, reach: Reach) -> Result<Timed, TokenError> {
        let Parts { message, signature, header, body } = Parts::of(token)?;
        let claims = Members::parse(&body)?;
        header::check(&header)?;
        let (place, issuer) = self.issuer(claims.find_text("iss")?)?;
        let version = issuer.verify(&header, message, signature, now)?;
        let listed = |tenant: &TenantId| {
            let others = self.issuers.iter().enumerate().filter(|(other, _)| *other != place);
            others.map(|(_, other)| other).any(|other| other.rules.tenants.listed.contains(tenant))
        };
        claims::read(&claims, &issuer.rules, KeysVersion { issuer: place, version }, reach, listed)
    }

    /// The one issuer that a token is tried with, and its place: that of its `iss`, else the one configured without.
    fn issuer(&self, iss: Option<&str>) -> Result<(usize, &Issuer), TokenError> {
        let mut issuers = self.issuers.iter().enumerate();
        let named = iss.and_then(|iss| issuers.find(|(_, issuer)| issuer.iss.as_deref() == Some(iss)));
        let refusal = if iss.is_some() { TokenError::UnknownIssuer } else { TokenError::MissingClaim("iss") };
        named.or_else(|| self.issuers.iter().enumerate().find(|(_, issuer)| issuer.iss.is_none())).ok_or(refusal)
    }
}

#[cfg(test)]
mod vectors;
