//! Whether a token is good, and for what (RFC 7662).
//!
//! **Invariant:** a client learns of the tokens that it got, and of those of its organization that are meant for it; of no others
//! (`a_client_learns_about_its_own_tokens_and_those_that_are_meant_for_it`).

use wardgraph_api::{
    ClientForm, ClientQuery, Json, Problem,
    table::oauth::{Introspect, IntrospectByQuery},
    wire::oauth::{ClientCredentials, Confirmation, Introspection, TokenQuestion},
};
use wardgraph_gate::{Ceremony, Committed};
use wardgraph_identity::refresh::Presented;
use wardgraph_kernel::{Endpoint, Read, Secret, Timestamp};
use wardgraph_oauth::{Client, ErrorCode, Refusal, grant};
use wardgraph_tokens::Inspected;

use super::{authenticate, token_type};
use crate::{Failure, Services};

pub(crate) async fn by_form(
    pass: Ceremony<Introspect>,
    ClientForm { client, parameters }: ClientForm<TokenQuestion>,
    services: Services,
) -> Result<Committed<Introspect>, Failure> {
    match look(&pass, &client, parameters, &services).await {
        Ok(known) => Ok(pass.answer(Json(known))),
        Err(problem) => told(pass, problem),
    }
}

pub(crate) async fn by_query(
    pass: Ceremony<IntrospectByQuery>,
    ClientQuery { client, parameters }: ClientQuery<TokenQuestion>,
    services: Services,
) -> Result<Committed<IntrospectByQuery>, Failure> {
    match look(&pass, &client, parameters, &services).await {
        Ok(known) => Ok(pass.answer(Json(known))),
        Err(problem) => told(pass, problem),
    }
}

/// Refuses, on record where somebody tried to be a client.
fn told<E: Endpoint<Mode = Read>>(pass: Ceremony<E>, problem: Problem) -> Result<Committed<E>, Failure> {
    if problem.status == 401 { Ok(pass.refuse("not_the_client", problem)) } else { Err(problem.into()) }
}

async fn look<E: Endpoint>(
    pass: &Ceremony<E>,
    given: &ClientCredentials,
    question: TokenQuestion,
    services: &Services,
) -> Result<Introspection, Problem> {
    let by = authenticate(pass, given, services).await?;
    if !by.is_confidential() {
        let why = "a client that proves nothing is told nothing";
        return Err(Failure::from(Refusal::new(ErrorCode::UnauthorizedClient, why)).into());
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
    let own = inspected.claims.own.as_ref().is_some_and(|own| own.client_id == client.id.as_str());
    let here = client.may_ask_for(&inspected.audience);
    own || (client.organization.as_ref() == Some(&inspected.claims.tenant) && here)
}

fn described(inspected: &Inspected, iss: &str) -> Introspection {
    let claims = &inspected.claims;
    let own = claims.own.as_ref();
    Introspection {
        active: true,
        scope: own.map(|own| own.scopes.join(" ")),
        client_id: own.map(|own| own.client_id.clone()),
        token_type: Some(token_type(claims.key())),
        cnf: claims.key().map(|key| Confirmation { jkt: key.to_string() }),
        exp: Some(claims.expires_at.as_second()),
        iat: inspected.issued_at,
        sub: Some(claims.subject.to_string()),
        aud: Some(inspected.audience.clone()),
        iss: Some(iss.to_owned()),
        jti: claims.token_id.clone(),
        tenant_id: Some(claims.tenant.to_string()),
        acr: own.and_then(|own| own.acr.clone()),
        auth_time: own.and_then(|own| own.auth_time).map(Timestamp::as_second),
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
