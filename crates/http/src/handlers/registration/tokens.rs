//! The tokens by which an organization lets programs register clients.

use std::time::Duration;

use serde_json::json;
use wardgraph_api::{
    FieldError, Issued, Json, NoContent, Path, Problem,
    table::registration::{CreateInitialToken, DeleteInitialToken, ListInitialTokens},
    wire::{
        SecretText,
        registration::{InitialToken, InitialTokenList, IssuedInitialToken, NewInitialToken},
    },
};
use wardgraph_gate::{Account, Committed, Permit, Work};
use wardgraph_kernel::{Endpoint, InitialTokenId, OrganizationRole, Permissions, TenantId, Timestamp, Write};
use wardgraph_oauth::{
    client::initial::{self, NewToken},
    scope,
};
use wardgraph_organizations::OrganizationError;

use crate::{
    Failure, Services,
    handlers::{
        account::sessions::{is_signed_in, signed_out},
        refused::refuse,
        roles::sit_down,
    },
};

/// How long a token is good, unless the request says.
const LIFE_S: i64 = 24 * 3_600;

/// What an initial token gives leave to.
#[derive(Debug, Clone)]
pub struct TokenTerms {
    /// The most that its clients may ask for.
    pub scopes: Vec<String>,
    /// What they may do on their own behalf.
    pub role: Option<OrganizationRole>,
    /// How many clients.
    pub uses: i32,
    /// Until when.
    pub expires_at: Timestamp,
}

/// What is wanted of a token, if all of it may be: nobody lets clients have more than `may` holds. `usual` are the scopes of clients that register
/// themselves, of which as much is given as may be where the request names none.
///
/// # Errors
/// 422 with a fault for each member.
pub fn token_terms(new: NewInitialToken, may: Permissions, usual: &[String], now: Timestamp) -> Result<TokenTerms, Problem> {
    let mut faults = Vec::new();
    let mut fault = |place: &str, detail: &str| faults.push(FieldError::new(format!("/{place}"), detail));
    let scopes = new.scopes.unwrap_or_else(|| scope::within(usual, may));
    for (index, word) in scopes.iter().enumerate() {
        if !scope::is_known(word) {
            fault(&format!("scopes/{index}"), "is no scope of this server");
        } else if !may.covers(Permissions::from_scopes([word.as_str()])) {
            fault(&format!("scopes/{index}"), "is more than you may yourself");
        }
    }
    let role = new.role.as_deref().and_then(|word| {
        let role = OrganizationRole::of(word);
        if role.is_none() {
            fault("role", "is no role in an organization");
        }
        role
    });
    if role.is_some_and(|role| !may.covers(role.permissions().intersect(scope::permissions(&scopes)))) {
        fault("role", "is more than you may yourself");
    }
    let life = Duration::from_secs(new.expires_in.unwrap_or(LIFE_S).unsigned_abs());
    let expires_at = now.saturating_add(life).unwrap_or(Timestamp::MAX);
    if faults.is_empty() {
        Ok(TokenTerms { scopes, role, uses: new.uses.unwrap_or(1), expires_at })
    } else {
        Err(Problem::invalid("see `errors`").fields(faults))
    }
}

pub(crate) async fn create(
    permit: Permit<CreateInitialToken>,
    Json(new): Json<NewInitialToken>,
    services: Services,
) -> Result<Committed<CreateInitialToken>, Failure> {
    let (caller, now, chance) = (permit.account()?, permit.now(), permit.chance());
    let terms = token_terms(new, permit.permissions().collect(), &services.newcomers.scopes, now)?;
    let (id, organization) = (InitialTokenId::new(now, &*chance), permit.tenant().clone());
    let mut work = permit.begin()?;
    if !is_signed_in(&mut work, &caller).await? {
        return Ok(work.refuse(signed_out()).await?);
    }
    let TokenTerms { scopes, role, uses, expires_at } = terms;
    if let Err(error) = may_promise(&mut work, (&organization, &caller), role, now).await {
        return refuse(work, None, error).await;
    }
    let wanted = NewToken { organization: &organization, maker: Some(caller.user), scopes: &scopes, role, uses, expires_at };
    let text = initial::make(&mut work.tx(), id, &wanted, now, &*chance).await?;
    let role = role.map(|role| role.word().to_owned());
    work.explain(json!({ "scopes": scopes, "role": role, "uses": uses, "expires_at": expires_at }));
    let shown = InitialToken { id, scopes, role, uses_left: uses, created_at: now, expires_at };
    Ok(work.commit_issued(id, Issued(IssuedInitialToken { initial_token: SecretText(text), shown })).await?)
}

/// Whether the caller holds all that a client would which is registered by the token.
async fn may_promise<E: Endpoint<Mode = Write>>(
    work: &mut Work<E>,
    (tenant, caller): (&TenantId, &Account),
    role: Option<OrganizationRole>,
    now: Timestamp,
) -> Result<(), OrganizationError> {
    let (desk, by) = sit_down(work, tenant, caller, now).await?;
    match role {
        Some(role) => desk.may_promise(&by, role).await,
        None => Ok(()),
    }
}

pub(crate) async fn list(permit: Permit<ListInitialTokens>, (): ()) -> Result<Json<InitialTokenList>, Failure> {
    let now = permit.now();
    let mut work = permit.begin()?;
    let shown = |token: initial::InitialToken| InitialToken {
        id: token.id,
        scopes: token.scopes,
        role: token.role.map(|role| role.word().to_owned()),
        uses_left: token.uses_left,
        created_at: token.created_at,
        expires_at: token.expires_at,
    };
    let initial_tokens: Vec<_> = initial::list(&mut work.once(), now).await?.into_iter().map(shown).collect();
    Ok(Json(InitialTokenList { count: initial_tokens.len(), initial_tokens }))
}

pub(crate) async fn withdraw(
    permit: Permit<DeleteInitialToken>,
    Path(id): Path<InitialTokenId>,
) -> Result<Committed<DeleteInitialToken>, Failure> {
    let caller = permit.account()?;
    let mut work = permit.begin()?;
    if !is_signed_in(&mut work, &caller).await? {
        return Ok(work.refuse(signed_out()).await?);
    }
    if !initial::withdraw(&mut work.tx(), id).await? {
        return refuse(work, Some(id.into()), Problem::not_found("the organization has no such token")).await;
    }
    Ok(work.commit(id, NoContent).await?)
}
