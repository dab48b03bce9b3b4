//! Access tokens (RFC 9068).

use std::{collections::BTreeSet, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use wardgraph_kernel::{Chance, Secret, TenantId};

use super::{MAX_ACCESS_LIFE, OwnIssuer};
use crate::{Algorithm, Ancestor, Chain, MAX_TOKEN_BYTES, MintError, Thumbprint, claims, scopes, tenants::is_made_here};

/// What an access token shall say.
#[derive(Debug, Clone)]
pub struct AccessRequest {
    /// `sub`: the user's id, or the client's where it acts for itself.
    pub subject: String,
    /// `tenant_id`: an organization that was made here.
    pub tenant: TenantId,
    /// `scopes` and `scope`. Unknown words are written as they stand, and grant nothing.
    pub scopes: Vec<String>,
    /// `client_id`: the OAuth client that asked, or [`crate::OWN_CLIENT`].
    pub client_id: String,
    /// `cgen`: the client's generation. The token ends when that client's tokens are taken back.
    pub client_generation: i64,
    /// `aud`, if the token is good elsewhere than here.
    pub audience: Option<String>,
    /// `cnf`: the thumbprint of the key without which the token is good for nothing (RFC 9449, section 6.1).
    pub jkt: Option<Thumbprint>,
    /// `sid`: the session that the token ends with.
    pub session: Option<String>,
    /// `gen`: the user's generation. The token ends when the user has a later one.
    pub generation: i64,
    /// `amr` (RFC 8176): the factors that were used.
    pub amr: Vec<String>,
    /// `acr`.
    pub acr: Option<String>,
    /// `auth_time`: when the user proved who they are.
    pub auth_time: Option<Timestamp>,
    /// The algorithm that the client wants; the issuer's first if it wants none.
    pub algorithm: Option<Algorithm>,
    /// The tokens that it comes of.
    pub chain: Chain,
    /// How long the token shall live, if not as long as usual: whole seconds, at least one.
    pub life: Option<Duration>,
    /// `iat`.
    pub now: Timestamp,
}

/// A signed token.
#[derive(Debug, Clone)]
pub struct Issued {
    /// The token.
    pub token: Secret,
    /// `jti`: what it is revoked by.
    pub id: String,
    /// `exp`.
    pub expires_at: Timestamp,
    /// How long it lives.
    pub life: Duration,
}

#[derive(serde::Serialize)]
struct Payload<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    client_id: &'a str,
    tenant_id: &'a str,
    scopes: &'a [&'a str],
    scope: String,
    iat: i64,
    exp: i64,
    jti: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<&'a str>,
    r#gen: i64,
    cgen: i64,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    amr: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    acr: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cnf: Option<Confirmation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    act: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    via: &'a [Ancestor],
    #[serde(skip_serializing_if = "Option::is_none")]
    agr: Option<&'a str>,
}

/// RFC 7800, section 3, and RFC 9449, section 6.1.
#[derive(serde::Serialize)]
struct Confirmation {
    jkt: String,
}

impl OwnIssuer {
    /// Signs an access token, with a `jti` of 256 bits from `chance`. Nothing is waited for. What it signs for here, [`crate::Verifier`] accepts.
    ///
    /// # Errors
    /// [`MintError::NoKey`] if there is no key of the algorithm; [`MintError::Tenant`] for a tenant that was not made here; what is wrong with the
    /// request.
    pub fn sign(&self, request: &AccessRequest, chance: &dyn Chance) -> Result<Issued, MintError> {
        let config = &self.0.config;
        let names = [Some(&request.subject), request.session.as_ref(), request.acr.as_ref()];
        if !claims::is_client_name(&request.client_id)
            || request.audience.as_deref().is_some_and(|name| !claims::is_client_name(name))
        {
            return Err(MintError::Subject);
        }
        if !names.into_iter().flatten().chain(&request.amr).all(|name| claims::is_name(name)) {
            return Err(MintError::Subject);
        }
        if !request.chain.is_sound() {
            return Err(MintError::Subject);
        }
        if !is_made_here(&request.tenant) {
            return Err(MintError::Tenant);
        }
        let words: BTreeSet<&str> = request.scopes.iter().map(String::as_str).collect();
        let words: Vec<&str> = words.into_iter().collect();
        if !words.iter().all(|word| scopes::is_word(word)) {
            return Err(MintError::Scope);
        }
        let life = Duration::from_secs(request.life.unwrap_or(config.life).min(MAX_ACCESS_LIFE).as_secs());
        let iat = request.now.as_second();
        let exp = i64::try_from(life.as_secs()).ok().filter(|life| *life >= 1).and_then(|life| iat.checked_add(life));
        let expires_at = exp.and_then(|exp| Timestamp::from_second(exp).ok()).ok_or(MintError::Life)?;
        let id = URL_SAFE_NO_PAD.encode(chance.bytes());
        let payload = Payload {
            iss: &config.iss,
            aud: request.audience.as_deref().unwrap_or(&config.audience),
            sub: &request.subject,
            client_id: &request.client_id,
            tenant_id: request.tenant.as_str(),
            scope: words.join(" "),
            scopes: &words,
            iat,
            exp: expires_at.as_second(),
            jti: &id,
            sid: request.session.as_deref(),
            r#gen: request.generation,
            cgen: request.client_generation,
            amr: &request.amr,
            acr: request.acr.as_deref(),
            auth_time: request.auth_time.map(Timestamp::as_second),
            cnf: request.jkt.map(|key| Confirmation { jkt: key.to_string() }),
            act: request.chain.act(),
            via: &request.chain.ancestors,
            agr: request.chain.agreement.as_deref(),
        };
        let body = serde_json::to_vec(&payload).map_err(|_| MintError::Signing)?;
        let token = self.signed("at+jwt", request.algorithm, &body, request.now)?;
        Ok(Issued { token, id, expires_at, life })
    }

    pub(super) fn signed(
        &self,
        typ: &str,
        algorithm: Option<Algorithm>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Secret, MintError> {
        let keys = self.0.keys.load();
        let wanted = algorithm.or_else(|| self.0.config.algorithms.first().copied());
        let key = keys.signing(wanted, now).ok_or(MintError::NoKey)?;
        let header = format!(r#"{{"alg":"{}","kid":"{}","typ":"{typ}"}}"#, key.pair.algorithm(), key.id);
        let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(body));
        let signature = key.pair.sign(message.as_bytes())?;
        let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature));
        if token.len() > MAX_TOKEN_BYTES { Err(MintError::Oversized) } else { Ok(Secret::new(token)) }
    }
}
