//! What a token says once it is believed.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use serde_json::Value;
use wardgraph_kernel::{Actor, ActorType, Permissions, TenantId};

use crate::{Binding, Chain, Tenants, Thumbprint, TokenError, Words, date, json::Members, purpose, scopes, words::KeptWords};

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
    pub token_id: Option<Box<str>>,
    /// `exp`. The token is good until then and the leeway beyond.
    pub expires_at: Timestamp,
    /// Who acts: the subject, as a user.
    pub actor: Actor,
    /// Whether the issuer may speak for the tenant, as far as configuration says.
    pub binding: Binding,
    /// What this server's own tokens say besides; `None` for those of others, whatever they say.
    pub own: Option<Arc<OwnClaims>>,
}

impl Claims {
    /// The key that whoever uses the token must prove to hold.
    pub fn key(&self) -> Option<Thumbprint> {
        self.own.as_ref().and_then(|own| own.jkt)
    }
}

/// What this server's own tokens say of how they came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnClaims {
    /// `sid`: the session that the token ends with.
    pub session: Option<Box<str>>,
    /// `gen`: the user's generation when it was signed.
    pub generation: i64,
    /// `client_id`.
    pub client_id: Box<str>,
    /// `cgen`: the client's generation when it was signed.
    pub client_generation: i64,
    /// `scopes`, as they stand.
    pub scopes: Words,
    /// `amr`: the factors that were used.
    pub amr: Words,
    /// `acr`.
    pub acr: Option<Box<str>>,
    /// `auth_time`: when the user proved who they are.
    pub auth_time: Option<Timestamp>,
    /// `cnf`, `jkt`: the key that whoever uses the token must prove to hold (RFC 9449, section 6).
    pub jkt: Option<Thumbprint>,
    /// The tokens that it came of, if it came of any: [`OwnClaims::chain`].
    pub chain: Option<Box<Chain>>,
}

/// `client_id` of sessions that no OAuth client asked for.
pub const OWN_CLIENT: &str = "wardgraph";

/// `client_id` of tokens by which an administrator of the server is in an organization's content for a while: no client has it.
pub const ELEVATION: &str = "wardgraph-elevation";

static NO_CHAIN: Chain = Chain { actors: Vec::new(), ancestors: Vec::new(), agreement: None };

impl OwnClaims {
    /// The tokens that it came of; none, as a rule.
    pub fn chain(&self) -> &Chain {
        self.chain.as_deref().unwrap_or(&NO_CHAIN)
    }

    /// Whether it is an administrator's way into an organization's content: what it may do, its scopes say alone.
    pub fn is_elevated(&self) -> bool {
        &*self.client_id == ELEVATION
    }

    /// Whether an OAuth client got it, on its own behalf or by a person's leave: it stands for what its scopes say, and for no account.
    pub fn is_a_clients(&self) -> bool {
        &*self.client_id != OWN_CLIENT
    }
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
    /// What many of its tokens say alike.
    pub(crate) words: KeptWords,
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

/// Where a token has to be good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// At this server.
    Here,
    /// Anywhere: it is asked about, and nothing is done by it.
    Anywhere,
}

/// Reads the claims of a token whose signature was verified. `elsewhere` says whether another issuer lists a tenant.
pub(crate) fn read(
    members: &Members,
    rules: &Rules,
    keys: KeysVersion,
    reach: Reach,
    elsewhere: impl Fn(&TenantId) -> bool,
) -> Result<Timed, TokenError> {
    let subject: Arc<str> = Some(members.text("sub")?).filter(|s| is_name(s)).ok_or(TokenError::InvalidClaim("sub"))?.into();
    let tenant = TenantId::parse(members.text("tenant_id")?).map_err(|_| TokenError::InvalidClaim("tenant_id"))?;
    let expires_at = date::find(members, "exp")?.ok_or(TokenError::MissingClaim("exp"))?;
    let begins_at = date::find(members, "nbf")?.max(date::find(members, "iat")?).unwrap_or(Timestamp::MIN);
    if reach == Reach::Here {
        check_audience(members, &rules.audiences)?;
    }
    purpose::check(members)?;
    let token_id = members.find_text("jti")?;
    if token_id.is_some_and(|id| !is_name(id)) {
        return Err(TokenError::InvalidClaim("jti"));
    }
    let binding = rules.tenants.claim(&rules.identity, &tenant, elsewhere(&tenant)).ok_or(TokenError::ForeignTenant)?;
    let words = scopes::read(members)?;
    let permissions = Permissions::from_scopes(words.iter().copied()).intersect(rules.ceiling);
    let own = if rules.own { Some(Arc::new(own(members, words.into_iter(), &rules.words)?)) } else { None };
    // No person's id is one that a client has.
    let itself = own.as_ref().is_some_and(|own| *own.client_id == *subject || own.chain().is_of_client(&subject));
    let claims = Claims {
        binding,
        actor: Actor { kind: if itself { ActorType::Client } else { ActorType::User }, id: subject.clone() },
        subject,
        tenant,
        permissions,
        issuer: rules.name.clone(),
        token_id: token_id.map(Box::from),
        expires_at,
        own,
    };
    Ok(Timed {
        claims: Arc::new(claims),
        from: begins_at.saturating_sub(rules.leeway).unwrap_or(Timestamp::MIN),
        until: expires_at.saturating_add(rules.leeway).unwrap_or(Timestamp::MAX),
        keys,
    })
}

/// What only this server says in its tokens.
fn own<'a>(members: &Members, scopes: impl Iterator<Item = &'a str>, kept: &KeptWords) -> Result<OwnClaims, TokenError> {
    let number = |name| members.find(name).ok_or(TokenError::MissingClaim(name))?.as_i64().ok_or(TokenError::InvalidClaim(name));
    let amr = match members.find("amr") {
        None => Vec::new(),
        Some(Value::Array(words)) => {
            let words = words.iter().map(Value::as_str).collect::<Option<_>>();
            words.ok_or(TokenError::InvalidClaim("amr"))?
        }
        Some(_) => return Err(TokenError::InvalidClaim("amr")),
    };
    Ok(OwnClaims {
        session: members.find_text("sid")?.map(Box::from),
        generation: number("gen")?,
        // Tokens from before there were clients say nothing.
        client_generation: if members.find("cgen").is_some() { number("cgen")? } else { 0 },
        client_id: members.text("client_id")?.into(),
        scopes: kept.of(scopes),
        amr: kept.of(amr.into_iter()),
        acr: members.find_text("acr")?.map(Box::from),
        auth_time: date::find(members, "auth_time")?,
        jkt: bound_to(members)?,
        chain: Some(Chain::read(members)?).filter(|chain| *chain != NO_CHAIN).map(Box::new),
    })
}

/// The key that a token is bound to. One that is bound in any other way than ours is none that we signed.
fn bound_to(members: &Members) -> Result<Option<Thumbprint>, TokenError> {
    let Some(confirmation) = members.find("cnf") else { return Ok(None) };
    let only = confirmation.as_object().filter(|members| members.len() == 1).and_then(|members| members.get("jkt"));
    let key = only.and_then(Value::as_str).and_then(Thumbprint::parse);
    key.map(Some).ok_or(TokenError::InvalidClaim("cnf"))
}

/// Whether a text can name somebody: 1 to 255 characters, no control character among them, not blank.
pub(crate) fn is_name(text: &str) -> bool {
    text.chars().count() <= 255 && !text.trim().is_empty() && !text.chars().any(char::is_control)
}

/// Whether a text can name a client or a place where a token is good: 1 to 512 visible characters.
pub(crate) fn is_client_name(text: &str) -> bool {
    (1..=512).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
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
