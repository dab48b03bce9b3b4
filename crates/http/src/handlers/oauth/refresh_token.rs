//! The next tokens of a grant (RFC 6749, section 6). A token that comes twice ends the grant, unless its own client lost the answer.

use wardgraph_api::{
    Json,
    table::oauth::Token,
    wire::{SecretText, oauth::TokenAnswer},
};
use wardgraph_gate::Committed;
use wardgraph_identity::{
    IdentityError,
    account::Seat,
    refresh::Client as Program,
    session::{Presentation, Use, present},
};
use wardgraph_kernel::Outcome;
use wardgraph_oauth::{
    Authenticated, ErrorCode, OAuthError, Refusal,
    client::GrantType,
    grant::{self, Bearer, Terms},
    scope,
};
use wardgraph_tokens::Thumbprint;

use super::{
    issued, outside,
    token::{Asked, means},
    token_type,
};
use crate::{
    Failure, Services,
    handlers::{
        admitted::admits,
        auth::{
            person,
            refresh::{note, replayed},
        },
        granted::with_grants,
    },
};

pub(super) async fn grant(asked: Asked, services: &Services) -> Result<Committed<Token>, Failure> {
    let (now, chance, ip, device) = (asked.pass.now(), asked.pass.chance(), asked.pass.ip(), asked.pass.agent().to_owned());
    let Some(token) = asked.parameters.refresh_token.clone() else {
        return asked.refuse(Refusal::new(ErrorCode::InvalidRequest, "`refresh_token` is missing")).await;
    };
    let key = match asked.bound_to() {
        Ok(key) => key,
        Err(refusal) => return asked.refuse(refusal).await,
    };
    let Asked { pass, by, parameters } = asked;
    let program = program(&by, &device, pass.network());
    let at = Use { client: &program, device: &device, ip, now };
    let client = by.client.clone();
    let mut work = pass.begin()?;
    let (vault, lifetimes) = (&services.vault, services.accounts.lifetimes);
    let presented = present(&mut work.tx(), vault, token.expose(), Some(client.id.as_str()), &at, lifetimes).await?;
    let (session, held, next) = match presented {
        Presentation::Wrong => return Ok(work.refuse(wrong()).await?),
        Presentation::Replayed { session, held, number } => return replayed(work, &held, (session, number), now, wrong()).await,
        Presentation::Next { session, held, number, token, again } => {
            note(&mut work, session, number, again);
            (session, held, token)
        }
    };
    let Some(terms) = grant::terms(&mut work.tx(), session, &client.id).await? else {
        return Ok(work.refuse(wrong()).await?);
    };
    let seat = held.seat.as_ref().ok_or(IdentityError::Unreadable("a member's place"))?;
    if !admits(&mut work.tx(), &seat.organization, ip).await? {
        let who = person(held.user, Some(held.organization.clone()));
        return Ok(work.undo().await?.refuse_as(who, Failure::from(outside()).into()).await?);
    }
    let seat = with_grants(&mut work.tx(), held.user, seat, now).await?;
    let scopes = match narrowed(&terms, &seat, &by, &parameters, key, services) {
        Ok(scopes) => scopes,
        Err(OAuthError::Refused(refusal)) => return Ok(work.refuse(Failure::from(refusal).into()).await?),
        Err(error) => return Err(error.into()),
    };
    let (user, generation, until) = (held.user, held.generation, held.until(lifetimes, now));
    let bearer = Bearer { client: &client, user, seat: &seat, generation, proof: &held.proof, session, until };
    let terms = Terms { jkt: key, ..terms };
    let access = grant::sign(&bearer, &terms, &scopes, now, &means(services, &*chance))?;
    let entry = issued(&client, GrantType::RefreshToken.word(), &access, &scopes);
    work.note(entry.event_type, entry.subject, Outcome::Success, entry.payload);
    let answer = TokenAnswer {
        access_token: SecretText(access.token),
        token_type: token_type(key),
        expires_in: access.life.as_secs(),
        scope: scopes.join(" "),
        refresh_token: Some(SecretText(next)),
        id_token: None,
        issued_token_type: None,
    };
    Ok(work.commit(person(held.user, Some(held.organization.clone())), Json(answer)).await?)
}

/// Who presents a token, for whoever asks again: a client that proved who it is is the same from everywhere.
fn program(by: &Authenticated, device: &str, network: String) -> Program {
    if by.is_confidential() { Program::new(by.client.id.as_str(), network) } else { Program::new(device, network) }
}

/// What the access token is good for: what was given, as far as it may be had now, and no more than is asked.
fn narrowed(
    terms: &Terms,
    seat: &Seat,
    by: &Authenticated,
    parameters: &wardgraph_api::wire::oauth::TokenRequest,
    key: Option<Thumbprint>,
    services: &Services,
) -> Result<Vec<String>, OAuthError> {
    if terms.jkt.is_some() && terms.jkt != key {
        return Err(Refusal::new(ErrorCode::InvalidGrant, "the grant is bound to another key").into());
    }
    let here = services.issuer.audience();
    let granted = terms.audience.as_deref().unwrap_or(here);
    if parameters.resource.iter().any(|asked| asked != granted) {
        return Err(Refusal::new(ErrorCode::InvalidTarget, "the grant is good for another resource").into());
    }
    let may = grant::now_allowed(&terms.scopes, &by.client, seat);
    Ok(scope::asked(parameters.scope.as_deref(), &may)?)
}

/// The one answer.
fn wrong() -> wardgraph_api::Problem {
    let why = "the refresh token is good no more, or is another client's";
    Failure::from(Refusal::new(ErrorCode::InvalidGrant, why)).into()
}
