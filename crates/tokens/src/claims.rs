//! What a token says once it is believed.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use serde_json::Value;
use wardgraph_kernel::{Actor, ActorType, Permissions, TenantId};

use crate::{Binding, Tenants, TokenError, date, json::Members, purpose, scopes};

/// The verified claims of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// `sub`: 1 to 255 characters, none of them a control character. Unique within its issuer only.
    pub subject: Arc<str>,
    /// `tenant_id`.
    pub tenant: TenantId,
    /// What the scopes mean, within the issuer's ceiling.
    pub permissions: Permissions,
    /// The configured name of the issuer: the operator's word, not the token's.
    pub issuer: Arc<str>,
    /// `jti`, if the token has one.
    pub token_id: Option<String>,
    /// `exp`. The token is good until then and the leeway beyond.
    pub expires_at: Timestamp,
    /// Who acts: the subject, as a user.
    pub actor: Actor,
    /// Whether the issuer may speak for the tenant, as far as configuration says.
    pub binding: Binding,
    /// What this server's own tokens say besides; `None` for those of others, whatever they say.
    pub own: Option<Arc<OwnClaims>>,
}

/// What this server's own tokens say of how they came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnClaims {
    /// `sid`: the session that the token ends with.
    pub session: Option<String>,
    /// `gen`: the user's generation when it was signed.
    pub generation: i64,
    /// `client_id`.
    pub client_id: String,
    /// `amr`: the factors that were used.
    pub amr: Vec<String>,
    /// `acr`.
    pub acr: Option<String>,
    /// `auth_time`: when the user proved who they are.
    pub auth_time: Option<Timestamp>,
}

/// What an issuer asks of the claims beside their form.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) name: Arc<str>,
    /// What the issuer's tenants are remembered by.
    pub(crate) identity: Arc<str>,
    pub(crate) audiences: Vec<String>,
    pub(crate) tenants: Tenants,
    pub(crate) leeway: Duration,
    pub(crate) ceiling: Permissions,
    /// Whether it is this server itself, whose tokens say more.
    pub(crate) own: bool,
}

/// Claims, and when they hold.
#[derive(Debug, Clone)]
pub(crate) struct Timed {
    pub(crate) claims: Arc<Claims>,
    /// The first moment, leeway included.
    pub(crate) from: Timestamp,
    /// The first moment that is too late, leeway included.
    pub(crate) until: Timestamp,
    /// Which issuer's keys verified it, and which version of them.
    pub(crate) keys: KeysVersion,
}

/// An issuer, by its place among the configured ones, and a version of its keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeysVersion {
    pub(crate) issuer: usize,
    pub(crate) version: u64,
}

impl Timed {
    /// Refuses claims that do not hold at `now`. RFC 7519: at `exp` itself a token is already refused.
    pub(crate) fn check(&self, now: Timestamp) -> Result<(), TokenError> {
        match now {
            now if now >= self.until => Err(TokenError::Expired),
            now if now < self.from => Err(TokenError::NotYetValid),
            _ => Ok(()),
        }
    }
}

/// Reads the claims of a token whose signature was verified. `elsewhere` says whether another issuer lists a tenant.
pub(crate) fn read(
    members: &Members,
    rules: &Rules,
    keys: KeysVersion,
    elsewhere: impl Fn(&TenantId) -> bool,
) -> Result<Timed, TokenError> {
    let subject: Arc<str> = Some(members.text("sub")?).filter(|s| is_name(s)).ok_or(TokenError::InvalidClaim("sub"))?.into();
    let tenant = TenantId::parse(members.text("tenant_id")?).map_err(|_| TokenError::InvalidClaim("tenant_id"))?;
    let expires_at = date::find(members, "exp")?.ok_or(TokenError::MissingClaim("exp"))?;
    let begins_at = date::find(members, "nbf")?.max(date::find(members, "iat")?).unwrap_or(Timestamp::MIN);
    check_audience(members, &rules.audiences)?;
    purpose::check(members)?;
    let token_id = members.find_text("jti")?;
    if token_id.is_some_and(|id| !is_name(id)) {
        return Err(TokenError::InvalidClaim("jti"));
    }
    let binding = rules.tenants.claim(&rules.identity, &tenant, elsewhere(&tenant)).ok_or(TokenError::ForeignTenant)?;
    let claims = Claims {
        binding,
        actor: Actor { kind: ActorType::User, id: subject.clone() },
        subject,
        tenant,
        permissions: Permissions::from_scopes(scopes::read(members)?).intersect(rules.ceiling),
        issuer: rules.name.clone(),
        token_id: token_id.map(String::from),
        expires_at,
        own: if rules.own { Some(Arc::new(own(members)?)) } else { None },
    };
    Ok(Timed {
        claims: Arc::new(claims),
        from: begins_at.saturating_sub(rules.leeway).unwrap_or(Timestamp::MIN),
        until: expires_at.saturating_add(rules.leeway).unwrap_or(Timestamp::MAX),
        keys,
    })
}

/// What only this server says in its tokens.
fn own(members: &Members) -> Result<OwnClaims, TokenError> {
    let generation =
        members.find("gen").ok_or(TokenError::MissingClaim("gen"))?.as_i64().ok_or(TokenError::InvalidClaim("gen"))?;
    let amr = match members.find("amr") {
        None => Vec::new(),
        Some(Value::Array(words)) => {
            let words = words.iter().map(|word| word.as_str().map(str::to_owned)).collect::<Option<_>>();
            words.ok_or(TokenError::InvalidClaim("amr"))?
        }
        Some(_) => return Err(TokenError::InvalidClaim("amr")),
    };
    Ok(OwnClaims {
        session: members.find_text("sid")?.map(str::to_owned),
        generation,
        client_id: members.text("client_id")?.to_owned(),
        amr,
        acr: members.find_text("acr")?.map(str::to_owned),
        auth_time: date::find(members, "auth_time")?,
    })
}

/// Whether a text can name somebody: 1 to 255 characters, no control character among them, not blank.
pub(crate) fn is_name(text: &str) -> bool {
    text.chars().count() <= 255 && !text.trim().is_empty() && !text.chars().any(char::is_control)
}

/// `aud` is one text or a list of texts, one of which is ours.
fn check_audience(members: &Members, audiences: &[String]) -> Result<(), TokenError> {
    let names = match members.find("aud").ok_or(TokenError::MissingClaim("aud"))? {
        Value::Array(list) => list.iter().map(Value::as_str).collect(),
        single => single.as_str().map(|name| vec![name]),
    };
    let names: Vec<&str> = names.ok_or(TokenError::InvalidClaim("aud"))?;
    if audiences.iter().any(|audience| names.contains(&audience.as_str())) { Ok(()) } else { Err(TokenError::Audience) }
}
