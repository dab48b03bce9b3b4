//! Grants: what a person gave a client leave to do, as a session that the client got. Whatever ends a session ends the grant with all of its tokens.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;
use wardgraph_identity::{
    account::Seat,
    refresh::{FamilyKey, Presented, family_key},
    session::{self, Credential, Lifetimes, NewSession, Proof, Use},
};
use wardgraph_kernel::{Chance, ClientId, Identity, Secret, SessionId, Timestamp, UserId};
use wardgraph_store::{Statement, StatementInfo, Tx};
use wardgraph_tokens::{AccessRequest, Chain, Issued, OwnIssuer, Revocation, Thumbprint, revoke};
use wardgraph_vault::Vault;

use crate::{AuthMethod, Client, OAuthError, client::GrantType, scope};

const BIND: Statement<Identity> = Statement::identity(
    "oauth.grant.bind",
    "update sessions set client_id = $2, scopes = $3, audience = $4, jkt = $5 where session_id = $1",
);
const TERMS: Statement<Identity> = Statement::identity(
    "oauth.grant.terms",
    "select scopes, audience, jkt from sessions where session_id = $1 and client_id = $2",
);

/// A grant of a client that has not ended, of a person who may act there.
const STANDING: Statement<Identity> = Statement::identity(
    "oauth.grant.standing",
    "select s.user_id, s.organization_id, s.scopes, s.verifier, s.last_used_at, s.expires_at, s.created_at, o.session_idle_seconds, o.session_lifetime_seconds
     from sessions s join users u on u.user_id = s.user_id join memberships m on m.user_id = s.user_id and m.organization_id = s.organization_id
     join organizations o on o.organization_id = s.organization_id
     where s.session_id = $1 and s.client_id = $2 and s.ended_at is null and u.disabled_at is null",
);

pub(crate) const STATEMENTS: &[&StatementInfo] = &[BIND.info(), TERMS.info(), STANDING.info()];

/// What grants are made with.
#[derive(Debug, Clone, Copy)]
pub struct Means<'a> {
    /// What seals the families of refresh tokens.
    pub vault: &'a Vault,
    /// What signs access tokens.
    pub issuer: &'a OwnIssuer,
    /// How long sessions last.
    pub lifetimes: Lifetimes,
    /// Chance.
    pub chance: &'a dyn Chance,
}

/// What a person gave a client leave to do.
#[derive(Debug)]
pub struct Granted<'a> {
    /// The client.
    pub client: &'a Client,
    /// The person.
    pub user: UserId,
    /// Where they sit: the client acts there, and nowhere else.
    pub seat: &'a Seat,
    /// The account's generation.
    pub generation: i64,
    /// How they proved who they are.
    pub proof: &'a Proof,
    /// For what.
    pub terms: Terms,
    /// Who asks, from where, and when.
    pub at: &'a Use<'a>,
}

/// What a grant is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The scopes that the person gave.
    pub scopes: Vec<String>,
    /// Where the tokens are good; here if nothing is said.
    pub audience: Option<String>,
    /// The key that they are good with.
    pub jkt: Option<Thumbprint>,
}

/// The tokens of a grant.
#[derive(Debug)]
pub struct Tokens {
    /// The session that the client got.
    pub session: SessionId,
    /// The access token.
    pub access: Issued,
    /// What the access token is good for.
    pub scopes: Vec<String>,
    /// The next refresh token, if the client uses any.
    pub refresh: Option<Secret>,
}

/// Whom an access token of a grant is for.
#[derive(Debug)]
pub struct Bearer<'a> {
    /// The client.
    pub client: &'a Client,
    /// The person.
    pub user: UserId,
    /// Where they sit now.
    pub seat: &'a Seat,
    /// The account's generation.
    pub generation: i64,
    /// How they proved who they are.
    pub proof: &'a Proof,
    /// The session that the client got.
    pub session: SessionId,
    /// Until when that lives if it is not used again.
    pub until: Timestamp,
}

/// Begins a grant: a session that the client got, with its first tokens. Those of the account's sessions that are too many end.
pub async fn begin(tx: &mut Tx<'_, Identity>, granted: &Granted<'_>, means: &Means<'_>) -> Result<Tokens, OAuthError> {
    let (client, at, chance) = (granted.client, granted.at, means.chance);
    let id = SessionId::new(at.now, chance);
    let key = FamilyKey::generate(chance);
    let first = key.token(id, 1);
    let sealed = means.vault.seal(tx, family_key(&id.to_string()), key.expose()).await?;
    let new = NewSession {
        id,
        user: granted.user,
        organization: &granted.seat.organization,
        credential: Credential::Tokens { first: &first, family_key: &sealed },
        at,
        lifetimes: means.lifetimes,
        proof: granted.proof,
    };
    let until = tx.ask(session::open(&new)).await?;
    let terms = &granted.terms;
    // What a client with a secret or a key gets again, it gets by that: it may change the key that its tokens are bound to (RFC 9449, section 5).
    let bound = terms.jkt.filter(|_| client.registered.auth_method == AuthMethod::None).map(|key| key.to_string());
    tx.run(&BIND, &[&id.uuid(), &client.id.as_str(), &terms.scopes, &terms.audience, &bound]).await?;
    for ended in tx.ask(session::crowded(granted.user, Some(client.id.as_str()), at.now)).await? {
        revoke(tx, Revocation::Session(&ended.to_string()), at.now).await?;
    }
    let bearer = Bearer {
        client,
        user: granted.user,
        seat: granted.seat,
        generation: granted.generation,
        proof: granted.proof,
        session: id,
        until,
    };
    let scopes = now_allowed(&terms.scopes, client, granted.seat);
    let access = sign(&bearer, terms, &scopes, at.now, means)?;
    let refresh = client.grants(GrantType::RefreshToken).then_some(first);
    Ok(Tokens { session: id, access, scopes, refresh })
}

/// What is left of scopes that were given once: what the client may have now, and the person now does.
pub fn now_allowed(scopes: &[String], client: &Client, seat: &Seat) -> Vec<String> {
    let registered = &client.registered.scopes;
    let mut left = scope::within(scopes, scope::permissions(registered).intersect(seat.permissions()));
    left.retain(|word| !scope::PERSONAL.contains(&word.as_str()) || registered.contains(word));
    left
}

/// Signs an access token of a grant.
pub fn sign(
    bearer: &Bearer<'_>,
    terms: &Terms,
    scopes: &[String],
    now: Timestamp,
    means: &Means<'_>,
) -> Result<Issued, OAuthError> {
    let client = bearer.client;
    let request = AccessRequest {
        subject: bearer.user.to_string(),
        tenant: bearer.seat.organization.clone(),
        scopes: scopes.to_vec(),
        client_id: client.id.to_string(),
        client_generation: client.generation,
        audience: terms.audience.clone(),
        jkt: terms.jkt,
        session: Some(bearer.session.to_string()),
        generation: bearer.generation,
        amr: bearer.proof.amr.clone(),
        acr: Some(bearer.proof.acr.clone()),
        auth_time: Some(bearer.proof.at),
        algorithm: client.registered.access_token_alg,
        chain: Chain::default(),
        life: Some(means.issuer.life_within(now, bearer.until)),
        now,
    };
    Ok(means.issuer.sign(&request, means.chance)?)
}

/// What a grant of this client is good for; `None` if it has no such grant.
pub async fn terms(tx: &mut Tx<'_, Identity>, session: SessionId, client: &ClientId) -> Result<Option<Terms>, OAuthError> {
    let rows = tx.run(&TERMS, &[&session.uuid(), &client.as_str()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let scopes = row.try_get::<Option<Vec<String>>>(0)?.ok_or(OAuthError::Unreadable("the scopes of a grant"))?;
    let key = row.try_get::<Option<&str>>(2)?;
    let key = key.map(|text| Thumbprint::parse(text).ok_or(OAuthError::Unreadable("the key of a grant"))).transpose()?;
    Ok(Some(Terms { scopes, audience: row.try_get(1)?, jkt: key }))
}

/// A grant whose next refresh token somebody asks about.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The person.
    pub user: UserId,
    /// The organization.
    pub organization: String,
    /// For what it is good.
    pub scopes: Vec<String>,
    /// When it ends by itself, if it is used until then.
    pub expires_at: Timestamp,
}

/// What a refresh token is good for that is to be used next; `None` for one that is not, or is another client's.
pub async fn standing(
    tx: &mut Tx<'_, Identity>,
    token: &Secret,
    client: &Client,
    lifetimes: Lifetimes,
    now: Timestamp,
) -> Result<Option<Standing>, OAuthError> {
    let Some(presented) = Presented::read(token.expose()) else { return Ok(None) };
    let rows = tx.run(&STANDING, &[&presented.session.uuid(), &client.id.as_str()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let (verifier, last_used_at): (Vec<u8>, Timestamp) = (row.try_get(3)?, row.try_get(4)?);
    let expires_at: Timestamp = row.try_get(5)?;
    let until = lifetimes.within(row.try_get(7)?, row.try_get(8)?).until(row.try_get(6)?, last_used_at);
    let is_next = bool::from(Sha256::digest(token.expose()).as_slice().ct_eq(&verifier));
    let standing = Standing {
        user: row.try_get::<Uuid>(0)?.into(),
        organization: row.try_get(1)?,
        scopes: row.try_get::<Option<Vec<String>>>(2)?.unwrap_or_default(),
        expires_at: expires_at.min(until),
    };
    Ok((is_next && now < standing.expires_at).then_some(standing))
}
