//! A token for one that says less, or is good elsewhere (RFC 8693): of a person that the client acts for, or of a client.

use serde_json::json;
use wardgraph_api::{
    Json,
    table::oauth::Token,
    wire::{
        SecretText,
        oauth::{TokenAnswer, TokenRequest},
    },
};
use wardgraph_gate::{Ceremony, Committed};
use wardgraph_kernel::Secret;
use wardgraph_oauth::{
    ErrorCode, OAuthError, Refusal,
    client::GrantType,
    exchange::{self, ACCESS_TOKEN, Bounds, Exchange, JWT, Principal},
};
use wardgraph_tokens::{AccessRequest, Inspected, Issued, MintError};

use super::{client_of, issued, outside, token::Asked, token_type};
use crate::{
    Failure, Services,
    handlers::{admitted::admits, auth::person, granted::with_grants},
};

pub(super) async fn grant(asked: Asked, services: &Services) -> Result<Committed<Token>, Failure> {
    match Box::pin(exchanged(&asked, services)).await {
        Ok(exchanged) => answer(asked, exchanged).await,
        Err(Refused::Known(OAuthError::Refused(refusal))) => asked.refuse(refusal).await,
        Err(Refused::Known(error)) => Err(error.into()),
        Err(Refused::Away(failure)) => Err(failure),
    }
}

/// What came of it.
struct Exchanged {
    token: Issued,
    bounds: Bounds,
    principal: Option<Principal>,
    request: AccessRequest,
}

/// Why nothing did.
enum Refused {
    Known(OAuthError),
    Away(Failure),
}

impl From<OAuthError> for Refused {
    fn from(error: OAuthError) -> Self {
        Self::Known(error)
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self::Known(refusal.into())
    }
}

async fn answer(asked: Asked, exchanged: Exchanged) -> Result<Committed<Token>, Failure> {
    let Exchanged { token, bounds, principal: of, request } = exchanged;
    let client = &asked.by.client;
    let mut entry = issued(client, GrantType::TokenExchange.word(), &token, &bounds.scopes);
    if let Some(payload) = entry.payload.as_object_mut() {
        payload.insert("sub".into(), request.subject.into());
        payload.insert("via".into(), json!(bounds.chain.ancestors.iter().map(|one| &one.token_id).collect::<Vec<_>>()));
        payload.extend(bounds.chain.act().map(|act| ("act".to_owned(), act)));
    }
    let who = of.map_or_else(|| client_of(client), |of| person(of.user, Some(request.tenant)));
    let answer = TokenAnswer {
        access_token: SecretText(token.token),
        token_type: token_type(asked.by.key),
        expires_in: token.life.as_secs(),
        scope: bounds.scopes.join(" "),
        refresh_token: None,
        id_token: None,
        issued_token_type: Some(ACCESS_TOKEN.to_owned()),
    };
    Ok(asked.pass.settle(who, vec![entry], Json(answer)).await?)
}

async fn exchanged(asked: &Asked, services: &Services) -> Result<Exchanged, Refused> {
    let (pass, client, parameters) = (&asked.pass, &asked.by.client, &asked.parameters);
    let invalid = |why: &'static str| Refusal::new(ErrorCode::InvalidRequest, why);
    if !asked.by.is_confidential() {
        return Err(Refusal::new(ErrorCode::UnauthorizedClient, "a client that proves nothing exchanges nothing").into());
    }
    let key = asked.bound_to()?;
    if !matches!(parameters.requested_token_type.as_deref(), None | Some(ACCESS_TOKEN | JWT)) {
        return Err(invalid("`requested_token_type` must be an access token").into());
    }
    let given = parameters.subject_token.as_ref().zip(parameters.subject_token_type.as_deref());
    let (token, kind) = given.ok_or_else(|| invalid("`subject_token` and `subject_token_type` are needed"))?;
    let subject = inspect(pass, token, kind).await?;
    let actor = match (&parameters.actor_token, parameters.actor_token_type.as_deref()) {
        (None, None) => None,
        (Some(token), Some(kind)) => Some(inspect(pass, token, kind).await?),
        _ => return Err(invalid("`actor_token` and `actor_token_type` go together").into()),
    };
    let exchange = exchange::judge(exchange::Asked {
        client,
        subject: &subject,
        actor: actor.as_ref(),
        scope: parameters.scope.as_deref(),
        targets: targets(parameters),
        organization: parameters.organization.as_deref(),
        key,
        ours: services.issuer.audience(),
    })?;
    let (audience, tenant, of) = (exchange.audience.clone(), exchange.organization.clone(), exchange.person()?);
    let bounds = bounds(asked, exchange, of.as_ref()).await?;
    let own = subject.claims.own.as_deref();
    let request = AccessRequest {
        subject: subject.claims.subject.to_string(),
        tenant,
        scopes: bounds.scopes.clone(),
        client_id: client.id.to_string(),
        client_generation: client.generation,
        audience,
        jkt: key,
        session: own.and_then(|own| own.session.as_deref().map(str::to_owned)),
        generation: own.map_or(0, |own| own.generation),
        amr: own.map(|own| own.amr.to_vec()).unwrap_or_default(),
        acr: own.and_then(|own| own.acr.as_deref().map(str::to_owned)),
        auth_time: own.and_then(|own| own.auth_time),
        algorithm: client.registered.access_token_alg,
        chain: bounds.chain.clone(),
        life: Some(bounds.life.min(services.issuer.life())),
        now: pass.now(),
    };
    let token = match services.issuer.sign(&request, &*pass.chance()) {
        Err(MintError::Oversized) => return Err(invalid("the token came of too many others").into()),
        signed => signed.map_err(OAuthError::from)?,
    };
    Ok(Exchanged { token, bounds, principal: of, request })
}

/// Where the token is to be good: a place may be named by its address and by its name.
fn targets(parameters: &TokenRequest) -> Vec<String> {
    let mut targets: Vec<_> = parameters.resource.iter().chain(&parameters.audience).cloned().collect();
    targets.sort();
    targets.dedup();
    targets
}

/// What the new token says, of a person as they stand now.
async fn bounds(asked: &Asked, exchange: Exchange<'_>, of: Option<&Principal>) -> Result<Bounds, Refused> {
    let now = asked.pass.now();
    let Some(of) = of else { return Ok(exchange.of_client(now)?) };
    let mut look = asked.pass.look().map_err(OAuthError::from)?;
    let membership = exchange::membership(&mut look.tx(), of, &exchange).await.map_err(OAuthError::from)?;
    let mut membership = membership?;
    let mut look = asked.pass.look().map_err(OAuthError::from)?;
    if !admits(&mut look.tx(), &membership.seat.organization, asked.pass.ip()).await.map_err(Refused::Away)? {
        return Err(outside().into());
    }
    let mut look = asked.pass.look().map_err(OAuthError::from)?;
    let seat = with_grants(&mut look.tx(), of.user, &membership.seat, now).await;
    membership.seat = seat.map_err(|error| Refused::Away(error.into()))?;
    Ok(exchange.of_person(&membership, now)?)
}

/// What a token says that must be one of this server's and good.
async fn inspect(pass: &Ceremony<Token>, token: &Secret, kind: &str) -> Result<Inspected, Refused> {
    if !matches!(kind, ACCESS_TOKEN | JWT) {
        return Err(Refusal::new(ErrorCode::InvalidRequest, "only access tokens of this server are exchanged").into());
    }
    let inspected = pass.inspect(token.expose()).await.map_err(|problem| Refused::Away(problem.into()))?;
    Ok(inspected.map_err(|_| Refusal::new(ErrorCode::InvalidRequest, "a token is none of this server's, or is good no more"))?)
}
