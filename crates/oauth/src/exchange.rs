//! Token exchange (RFC 8693): a token for one that says less, or is good elsewhere.
//!
//! **Invariants:** what comes of a token allows no more than it, lives no longer, and ends with it (`an_exchange_never_widens`,
//! `what_came_of_a_token_ends_with_it`); nobody exchanges a token that they did not get and that was not meant for them
//! (`a_token_of_another_client_is_not_exchanged`).

use std::time::Duration;

use uuid::Uuid;
use wardgraph_identity::{account::Seat, session::Proof};
use wardgraph_kernel::{ActorType, ConsentId, Identity, SessionId, TenantId, Timestamp, UserId};
use wardgraph_store::{Row, Statement, StatementInfo, StoreError, Tx};
use wardgraph_tokens::{Ancestor, Chain, Claims, Inspected, MOST_ACTORS, MOST_ANCESTORS, OwnClaims, Thumbprint};

use crate::{Client, ErrorCode, Refusal, consent::Agreed, scope, target};

/// What a token of this server's own is called (RFC 8693, section 3).
pub const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
/// The same, as what it is made of.
pub const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

/// A person with a session that lives, where they would be acted for, and what they agreed to there.
const MEMBERSHIP: Statement<Identity> = Statement::identity(
    "oauth.exchange.membership",
    "select m.role, u.global_role, o.requires_mfa, c.consent_id, c.scopes, c.updated_at
     from users u join sessions s on s.user_id = u.user_id join memberships m on m.user_id = u.user_id join organizations o on o.organization_id = m.organization_id
     left join consents c on c.user_id = u.user_id and c.organization_id = m.organization_id and c.client_id = $5
       and c.client_generation >= coalesce((select k.asks_from from clients k where k.client_id = $5), 0)
     where u.user_id = $1 and u.generation = $2 and u.disabled_at is null and s.session_id = $3 and s.ended_at is null and m.organization_id = $4
       and o.deleted_at is null",
);

pub(crate) const STATEMENTS: &[&StatementInfo] = &[MEMBERSHIP.info()];

/// What a client asks.
#[derive(Debug)]
pub struct Asked<'a> {
    /// The client, which proved who it is.
    pub client: &'a Client,
    /// What it would exchange.
    pub subject: &'a Inspected,
    /// Whose doing it would be.
    pub actor: Option<&'a Inspected>,
    /// `scope`.
    pub scope: Option<&'a str>,
    /// Where the token is to be good: `resource` and `audience`.
    pub targets: Vec<String>,
    /// `organization`: where else the token is to work.
    pub organization: Option<&'a str>,
    /// The key that the client proved to hold.
    pub key: Option<Thumbprint>,
    /// What this server is called as an audience.
    pub ours: &'a str,
}

/// An exchange that may be, as far as the tokens say.
#[derive(Debug)]
pub struct Exchange<'a> {
    asked: Asked<'a>,
    own: &'a OwnClaims,
    /// Where the token will be good; here if nothing is said.
    pub audience: Option<String>,
    /// Where it will work.
    pub organization: TenantId,
    chain: Chain,
}

/// What a new token says.
#[derive(Debug)]
pub struct Bounds {
    /// What it is good for.
    pub scopes: Vec<String>,
    /// What it came of.
    pub chain: Chain,
    /// The longest that it may live.
    pub life: Duration,
}

/// The person that is acted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Principal {
    /// Who.
    pub user: UserId,
    /// The session that the token is of, and ends with.
    pub session: SessionId,
    generation: i64,
}

fn unfit(why: &'static str) -> Refusal {
    Refusal::new(ErrorCode::InvalidRequest, why)
}

/// Judges the tokens: whose they are, whom they are meant for, and by which key.
pub fn judge(asked: Asked<'_>) -> Result<Exchange<'_>, Refusal> {
    let subject = &asked.subject.claims;
    let own = subject.own.as_deref().ok_or_else(|| unfit("`subject_token` is no token of this server"))?;
    if !is_meant_for(asked.subject, own, &asked) {
        return Err(unfit("`subject_token` was given to another client and is not meant for this one"));
    }
    holds(subject, asked.key, "`subject_token` is bound to a key: prove that you hold it")?;
    let organization = match asked.organization {
        None => subject.tenant.clone(),
        Some(id) => TenantId::parse(id).map_err(|_| elsewhere())?,
    };
    let mut chain = own.chain().clone();
    chain.ancestors.push(Ancestor::of(subject).ok_or_else(|| unfit("`subject_token` cannot be taken back"))?);
    if let Some(actor) = asked.actor {
        chain.ancestors.push(acts(actor, &asked, &organization)?);
        chain.actors.insert(0, actor.claims.subject.to_string());
    }
    if chain.actors.len() > MOST_ACTORS || chain.ancestors.len() > MOST_ANCESTORS {
        return Err(unfit("the token came of too many others"));
    }
    let audience = target::of(asked.client, &asked.targets, asked.ours)?;
    Ok(Exchange { asked, own, audience, organization, chain })
}

/// Whether a client may exchange a token: it got it; or it is a client's of its own organization, for a place other than this server at which the client
/// stands.
fn is_meant_for(subject: &Inspected, own: &OwnClaims, asked: &Asked<'_>) -> bool {
    let client = asked.client;
    let stands_there = subject.audience != asked.ours && client.may_ask_for(&subject.audience);
    &*own.client_id == client.id.as_str()
        || (own.is_a_clients() && Some(&subject.claims.tenant) == client.organization.as_ref() && stands_there)
}

fn holds(token: &Claims, key: Option<Thumbprint>, why: &'static str) -> Result<(), Refusal> {
    if token.key().is_some() && token.key() != key { Err(unfit(why)) } else { Ok(()) }
}

/// Judges a token by which somebody would act for somebody else: the client's own, there, and nobody else's word.
fn acts(actor: &Inspected, asked: &Asked<'_>, organization: &TenantId) -> Result<Ancestor, Refusal> {
    let own = actor.claims.own.as_deref().filter(|own| &*own.client_id == asked.client.id.as_str());
    let own = own.ok_or_else(|| unfit("`actor_token` was not given to this client"))?;
    holds(&actor.claims, asked.key, "`actor_token` is bound to a key: prove that you hold it")?;
    if own.chain.is_some() {
        return Err(unfit("`actor_token` came of another token"));
    }
    if actor.claims.tenant != *organization {
        return Err(unfit("`actor_token` is of another organization"));
    }
    if actor.claims.subject == asked.subject.claims.subject {
        return Err(unfit("`actor_token` and `subject_token` are of the same party"));
    }
    Ancestor::of(&actor.claims).ok_or_else(|| unfit("`actor_token` cannot be taken back"))
}

/// The one answer to whoever would act where the person is not, or did not let them.
fn elsewhere() -> Refusal {
    Refusal::new(ErrorCode::InvalidTarget, "the person is no member of the organization, or did not let the client work there")
}

impl Exchange<'_> {
    /// The person that the token is of; `None` for a client's own.
    pub fn person(&self) -> Result<Option<Principal>, Refusal> {
        let subject = &self.asked.subject.claims;
        if subject.actor.kind == ActorType::Client {
            return Ok(None);
        }
        let ids = Uuid::try_parse(&subject.subject).ok().zip(self.own.session.as_deref().and_then(|id| Uuid::try_parse(id).ok()));
        let (user, session) = ids.ok_or_else(|| unfit("`subject_token` is of no session of a person's"))?;
        Ok(Some(Principal { user: user.into(), session: session.into(), generation: self.own.generation }))
    }

    /// Whether the token works in another organization than the one that it comes of.
    fn moves(&self) -> bool {
        self.organization != self.asked.subject.claims.tenant
    }

    /// What the token of a person says, as they stand now.
    pub fn of_person(mut self, membership: &Membership, now: Timestamp) -> Result<Bounds, Refusal> {
        let client = self.asked.client;
        let proof = Proof {
            amr: self.own.amr.to_vec(),
            acr: self.own.acr.as_deref().unwrap_or_default().to_owned(),
            at: self.own.auth_time.unwrap_or(Timestamp::MIN),
        };
        if membership.requires_mfa && !proof.is_multiple() {
            return Err(elsewhere());
        }
        let may = crate::grant::now_allowed(&self.own.scopes, client, &membership.seat);
        let scopes = self.scopes(&may)?;
        if self.moves() {
            let own = client.registered.first_party && client.organization.as_ref() == Some(&self.organization);
            let trusted = own || client.is_the_operators();
            let agreed = membership.agreed.as_ref().filter(|(_, agreed)| agreed.covers(&scopes));
            self.chain.agreement = match agreed {
                Some((id, _)) => Some(id.to_string()),
                None if trusted => None,
                None => return Err(elsewhere()),
            };
        }
        self.bounds(scopes, now)
    }

    /// What the token of a client says.
    pub fn of_client(self, now: Timestamp) -> Result<Bounds, Refusal> {
        if self.moves() {
            return Err(elsewhere());
        }
        let registered = scope::permissions(&self.asked.client.registered.scopes);
        let mut may = scope::within(&self.own.scopes, registered);
        may.retain(|word| !scope::PERSONAL.contains(&word.as_str()));
        let scopes = self.scopes(&may)?;
        self.bounds(scopes, now)
    }

    fn scopes(&self, may: &[String]) -> Result<Vec<String>, Refusal> {
        let scopes = scope::asked(self.asked.scope, may)?;
        if scopes.is_empty() {
            return Err(Refusal::new(ErrorCode::InvalidScope, "nothing of what `subject_token` allows may be had"));
        }
        Ok(scopes)
    }

    fn bounds(self, scopes: Vec<String>, now: Timestamp) -> Result<Bounds, Refusal> {
        let ends = [Some(self.asked.subject), self.asked.actor].into_iter().flatten().map(|token| token.claims.expires_at);
        let left = ends.min().map(|end| end.as_second().saturating_sub(now.as_second()));
        let left = left.and_then(|left| u64::try_from(left).ok()).filter(|left| *left > 0);
        let left = left.ok_or_else(|| unfit("a token is expired"))?;
        Ok(Bounds { scopes, chain: self.chain, life: Duration::from_secs(left) })
    }
}

/// How a person stands in an organization.
#[derive(Debug)]
pub struct Membership {
    /// What they may do there.
    pub seat: Seat,
    requires_mfa: bool,
    /// What they agreed to there.
    agreed: Option<(ConsentId, Agreed)>,
}

/// How a person stands in `organization`.
///
/// # Errors
/// In the inner result the answer, where they are no member, or their account or session is not as the token says.
pub async fn membership(
    tx: &mut Tx<'_, Identity>,
    principal: &Principal,
    exchange: &Exchange<'_>,
) -> Result<Result<Membership, Refusal>, StoreError> {
    let (organization, client) = (&exchange.organization, exchange.asked.client);
    let params: wardgraph_store::Params<'_> =
        &[&principal.user.uuid(), &principal.generation, &principal.session.uuid(), &organization.as_str(), &client.id.as_str()];
    let rows = tx.run(&MEMBERSHIP, params).await?;
    match rows.first() {
        Some(row) => read(row, organization).map(Ok),
        None if exchange.moves() => Ok(Err(elsewhere())),
        None => Ok(Err(unfit("the person's account, session or membership is not as it was"))),
    }
}

fn read(row: &Row, organization: &TenantId) -> Result<Membership, StoreError> {
    let unreadable = || StoreError::Unsafe("a member's place cannot be read".into());
    let seat = Seat::read(organization.clone(), row.try_get(0)?, row.try_get(1)?).ok_or_else(unreadable)?;
    let agreed = match row.try_get::<Option<Uuid>>(3)? {
        None => None,
        Some(id) => Some((id.into(), Agreed { scopes: row.try_get(4)?, at: row.try_get(5)? })),
    };
    Ok(Membership { seat, requires_mfa: row.try_get(2)?, agreed })
}
