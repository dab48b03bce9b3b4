//! Whether a token is good, and for what (RFC 7662).
//!
//! **Invariant:** a client learns of the tokens that it got, and of those of its organization that are meant for it; of no others
//! (`a_client_learns_about_its_own_tokens_and_those_that_are_meant_for_it`).

use serde_json::json;
use wardgraph_api::{
    Accept, ClientForm, ClientQuery, Problem, Signable,
    carry::{IntrospectionJwt, Media},
    table::oauth::{Introspect, IntrospectByQuery},
    wire::oauth::{ClientCredentials, Confirmation, Introspection, TokenQuestion},
};
use wardgraph_gate::{Ceremony, Committed};
use wardgraph_identity::refresh::Presented;
use wardgraph_kernel::{Endpoint, Read, Secret, Timestamp};
use wardgraph_oauth::{Authenticated, Client, ErrorCode, Refusal, grant};
use wardgraph_tokens::{Algorithm, IdKind, Inspected};

use super::{authenticate, token_type};
use crate::{Failure, Services};

type Known = Signable<Introspection, IntrospectionJwt>;

pub(crate) async fn by_form(
    pass: Ceremony<Introspect>,
    (ClientForm { client, parameters }, accept): (ClientForm<TokenQuestion>, Accept),
    services: Services,
) -> Result<Committed<Introspect>, Failure> {
    match tell(&pass, &client, parameters, &accept, &services).await {
        Ok(known) => Ok(pass.answer(known)),
        Err(problem) => told(pass, problem),
    }
}

pub(crate) async fn by_query(
    pass: Ceremony<IntrospectByQuery>,
    (ClientQuery { client, parameters }, accept): (ClientQuery<TokenQuestion>, Accept),
    services: Services,
) -> Result<Committed<IntrospectByQuery>, Failure> {
    match tell(&pass, &client, parameters, &accept, &services).await {
        Ok(known) => Ok(pass.answer(known)),
        Err(problem) => told(pass, problem),
    }
}

/// Refuses, on record. What was too much is there already, and what fails of itself is no refusal.
fn told<E: Endpoint<Mode = Read>>(pass: Ceremony<E>, problem: Problem) -> Result<Committed<E>, Failure> {
    match problem.status {
        401 => Ok(pass.refuse("not_the_client", problem)),
        400..429 => Ok(pass.refuse("not_told", problem)),
        _ => Err(problem.into()),
    }
}

async fn tell<E: Endpoint>(
    pass: &Ceremony<E>,
    given: &ClientCredentials,
    question: TokenQuestion,
    accept: &Accept,
    services: &Services,
) -> Result<Known, Problem> {
    let by = authenticate(pass, given, services).await?;
    let known = look(pass, &by, question, services).await?;
    if !wants_it_signed(accept, by.client.registered.introspection_alg.is_some()) {
        return Ok(Signable::Plain(known));
    }
    // RFC 9701, section 5: all that is known is one claim, so that nobody takes this for the token that was asked about.
    let (now, issuer) = (pass.now(), &services.issuer);
    let claims =
        json!({ "iss": issuer.iss(), "aud": by.client.id.as_str(), "iat": now.as_second(), "token_introspection": known });
    let claims = claims.as_object().cloned().unwrap_or_default();
    // RS256 is what the RFC has for a client that says nothing (section 6), where this server signs with it.
    let usual = issuer.algorithms().iter().copied().find(|algorithm| *algorithm == Algorithm::RS256);
    let algorithm = by.client.registered.introspection_alg.or(usual);
    let signed = issuer.sign_claims(IdKind::Introspection, &claims, algorithm, now).map_err(Failure::from)?;
    Ok(Signable::signed(signed))
}

/// What is wanted more; where both are wanted alike, what the client registered.
fn wants_it_signed(accept: &Accept, registered: bool) -> bool {
    let (signed, plain) = (accept.quality(IntrospectionJwt::TYPE), accept.quality("application/json"));
    if signed == plain { registered } else { signed > plain }
}

async fn look<E: Endpoint>(
    pass: &Ceremony<E>,
    by: &Authenticated,
    question: TokenQuestion,
    services: &Services,
) -> Result<Introspection, Problem> {
    if !by.is_confidential() {
        let why = "a client that proves nothing is told nothing";
        return Err(Failure::from(Refusal::new(ErrorCode::UnauthorizedClient, why)).into());
    }
    if by.is_anybodys() {
        pass.charge_network()?;
    }
    let Some(token) = question.token else {
        return Err(Failure::from(Refusal::new(ErrorCode::InvalidRequest, "`token` is missing")).into());
    };
    if Presented::read(token.expose()).is_some() {
        return Ok(refresh_token(pass, &by.client, &token, services).await?);
    }
    let inspected = pass.inspect(token.expose()).await?;
    let meant = inspected.ok().filter(|inspected| is_meant_for(inspected, &by.client));
    Ok(meant.map_or_else(Introspection::default, |inspected| described(&inspected, services.issuer.iss())))
}

/// Whether the client got a token, or it is meant for it: of its organization, and good where it stands.
fn is_meant_for(inspected: &Inspected, client: &Client) -> bool {
    let own = inspected.claims.own.as_ref().is_some_and(|own| &*own.client_id == client.id.as_str());
    let here = client.may_ask_for(&inspected.audience);
    own || (client.organization.as_ref() == Some(&inspected.claims.tenant) && here)
}

fn described(inspected: &Inspected, iss: &str) -> Introspection {
    let claims = &inspected.claims;
    let own = claims.own.as_ref();
    Introspection {
        active: true,
        scope: own.map(|own| own.scopes.join(" ")),
        client_id: own.map(|own| own.client_id.to_string()),
        token_type: Some(token_type(claims.key())),
        cnf: claims.key().map(|key| Confirmation { jkt: key.to_string() }),
        exp: Some(claims.expires_at.as_second()),
        iat: inspected.issued_at,
        sub: Some(claims.subject.to_string()),
        aud: Some(inspected.audience.clone()),
        iss: Some(iss.to_owned()),
        jti: claims.token_id.as_deref().map(str::to_owned),
        tenant_id: Some(claims.tenant.to_string()),
        acr: own.and_then(|own| own.acr.as_deref().map(str::to_owned)),
        auth_time: own.and_then(|own| own.auth_time).map(Timestamp::as_second),
        act: own.and_then(|own| own.chain().act()),
    }
}

/// Of refresh tokens a client is told of its own alone: nobody else has any use for one.
async fn refresh_token<E: Endpoint>(
    pass: &Ceremony<E>,
    client: &Client,
    token: &Secret,
    services: &Services,
) -> Result<Introspection, Failure> {
    let mut look = pass.look()?;
    let standing = grant::standing(&mut look.tx(), token, client, services.accounts.lifetimes, pass.now()).await?;
    Ok(standing.map_or_else(Introspection::default, |grant| Introspection {
        active: true,
        scope: Some(grant.scopes.join(" ")),
        client_id: Some(client.id.to_string()),
        token_type: Some("refresh_token".into()),
        exp: Some(grant.expires_at.as_second()),
        sub: Some(grant.user.to_string()),
        iss: Some(services.issuer.iss().to_owned()),
        tenant_id: Some(grant.organization),
        ..Introspection::default()
    }))
}
