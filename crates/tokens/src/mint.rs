//! Test tokens, as `wardgraph token mint` gives them out.

use std::{collections::BTreeSet, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use jsonwebtoken::{EncodingKey, Header};
use wardgraph_kernel::{Chance, Secret, TenantId};

use crate::{Algorithm, KeyError, MAX_TOKEN_BYTES, MintError, claims, key, scopes};

/// Signs test tokens for one issuer and audience.
#[derive(Debug, Clone)]
pub struct Minter {
    key: EncodingKey,
    algorithm: Algorithm,
    iss: Option<String>,
    audience: String,
}

/// What a test token shall say.
#[derive(Debug, Clone)]
pub struct MintRequest {
    /// `sub`.
    pub subject: String,
    /// `tenant_id`.
    pub tenant: TenantId,
    /// `scopes` and `scope`. Unknown words are written as they stand, and grant nothing.
    pub scopes: Vec<String>,
    /// How long the token is good; whole seconds, at least one.
    pub ttl: Duration,
    /// `iat`.
    pub now: Timestamp,
}

#[derive(serde::Serialize)]
struct Payload<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<&'a str>,
    aud: &'a str,
    sub: &'a str,
    tenant_id: &'a str,
    scopes: &'a [&'a str],
    scope: String,
    iat: i64,
    exp: i64,
    jti: String,
}

impl Minter {
    /// A minter for an HS256 issuer. `iss` is left out of tokens if the issuer has none.
    pub fn with_secret(secret: &Secret, iss: Option<&str>, audience: &str) -> Result<Self, KeyError> {
        let key = EncodingKey::from_secret(key::check_secret(secret)?);
        Ok(Self::with_key(key, Algorithm::HS256, iss, audience))
    }

    pub(crate) fn with_key(key: EncodingKey, algorithm: Algorithm, iss: Option<&str>, audience: &str) -> Self {
        Self { key, algorithm, iss: iss.map(str::to_owned), audience: audience.to_owned() }
    }

    /// Signs a token (RFC 9068: `typ` is `at+jwt`), with a `jti` of 256 bits from `chance`. What it signs, [`crate::Verifier`] accepts.
    pub fn mint(&self, request: &MintRequest, chance: &dyn Chance) -> Result<Secret, MintError> {
        if !claims::is_name(&request.subject) {
            return Err(MintError::Subject);
        }
        let scopes: BTreeSet<&str> = request.scopes.iter().map(String::as_str).collect();
        let scopes: Vec<&str> = scopes.into_iter().collect();
        if !scopes.iter().all(|word| scopes::is_word(word)) {
            return Err(MintError::Scope);
        }
        let payload = Payload {
            iss: self.iss.as_deref(),
            aud: &self.audience,
            sub: &request.subject,
            tenant_id: request.tenant.as_str(),
            scope: scopes.join(" "),
            scopes: &scopes,
            iat: request.now.as_second(),
            exp: expiry(request).ok_or(MintError::Life)?,
            jti: URL_SAFE_NO_PAD.encode(chance.bytes()),
        };
        self.sign(&payload)
    }

    fn sign(&self, payload: &Payload<'_>) -> Result<Secret, MintError> {
        let mut header = Header::new(self.algorithm.foreign());
        header.typ = Some("at+jwt".to_owned());
        let token = jsonwebtoken::encode(&header, payload, &self.key).map_err(|_| MintError::Signing)?;
        if token.len() > MAX_TOKEN_BYTES { Err(MintError::Oversized) } else { Ok(Secret::new(token)) }
    }
}

fn expiry(request: &MintRequest) -> Option<i64> {
    let ttl = i64::try_from(request.ttl.as_secs()).ok().filter(|ttl| *ttl >= 1)?;
    let exp = request.now.as_second().checked_add(ttl)?;
    Timestamp::from_second(exp).is_ok().then_some(exp)
}
