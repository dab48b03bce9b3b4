//! The tokens of a device (RFC 8628, section 3.4), once somebody has allowed it. A code that is used twice ends what it gave.

use serde_json::json;
use wardgraph_api::{
    Json, Problem,
    table::oauth::Token,
    wire::{SecretText, oauth::TokenAnswer},
};
use wardgraph_gate::{CeremonyWork, Committed};
use wardgraph_identity::{
    refresh::Client as Program,
    session::{self, Use, Why},
};
use wardgraph_kernel::{CodeId, EventType, Outcome, Timestamp};
use wardgraph_oauth::{
    Authenticated, ErrorCode, Refusal,
    client::GrantType,
    device::{self, Presented},
    grant::{self, Granted, Terms},
};
use wardgraph_tokens::{Revocation, revoke};

use super::{
    authorization_code::id_token,
    client_of, issued,
    token::{Asked, means},
    token_type,
};
use crate::{Failure, Services, handlers::auth::person};

pub(super) async fn grant(asked: Asked, services: &Services) -> Result<Committed<Token>, Failure> {
    let (now, chance, ip, device) = (asked.pass.now(), asked.pass.chance(), asked.pass.ip(), asked.pass.agent().to_owned());
    let Some(text) = asked.parameters.device_code.clone() else {
        return asked.refuse(Refusal::new(ErrorCode::InvalidRequest, "`device_code` is missing")).await;
    };
    let key = match asked.bound_to() {
        Ok(key) => key,
        Err(refusal) => return asked.refuse(refusal).await,
    };
    let Asked { pass, by, parameters } = asked;
    let network = pass.network();
    let mut work = pass.begin()?;
    let code = match device::present(&mut work.tx(), text.expose(), by.client.id.as_str(), key, now).await? {
        Presented::Good(code) => code,
        Presented::Pending(id) => return pending(work, &by, id, now).await,
        Presented::Denied => return refuse(work, &by, ErrorCode::AccessDenied, "the person does not allow it").await,
        Presented::Expired => {
            return refuse(work, &by, ErrorCode::ExpiredToken, "the code is too old: ask for another").await;
        }
        Presented::Bad(why) => {
            let mut work = work.undo().await?;
            let payload = json!({ "client_id": by.client.id.as_str(), "reason": why });
            work.note(EventType::AuthorizationRefused, None, Outcome::Refused, payload);
            return Ok(work.refuse_as(client_of(&by.client), wrong()).await?);
        }
        Presented::Again { user, organization, gave } => {
            let mut work = work.undo().await?;
            if let Some(session) = gave {
                session::end(&mut work.tx(), session, Why::Replayed, now).await?;
                revoke(&mut work.tx(), Revocation::Session(&session.to_string()), now).await?;
            }
            let payload = json!({ "client_id": by.client.id.as_str() });
            work.note(EventType::CodeReplayed, gave.map(Into::into), Outcome::Refused, payload);
            return Ok(work.refuse_as(person(user, Some(organization)), wrong()).await?);
        }
    };
    let audience = services.issuer.audience();
    if parameters.resource.iter().any(|asked| asked != code.resource.as_deref().unwrap_or(audience)) {
        return refuse(work, &by, ErrorCode::InvalidTarget, "the code is good for another resource").await;
    }
    let program = Program::new(if by.is_confidential() { by.client.id.as_str() } else { &device }, network);
    let at = Use { client: &program, device: &device, ip, now };
    let granted = Granted {
        client: &by.client,
        user: code.user,
        seat: &code.seat,
        generation: code.generation,
        proof: &code.proof,
        terms: Terms { scopes: code.scopes.clone(), audience: code.resource.clone(), jkt: key },
        at: &at,
    };
    let tokens = grant::begin(&mut work.tx(), &granted, &means(services, &*chance)).await?;
    device::finish(&mut work.tx(), code.id, tokens.session, now).await?;
    let id_token = id_token(&mut work.tx(), &by.client, &code, &tokens, services, now).await?;
    let entry = issued(&by.client, GrantType::DeviceCode.word(), &tokens.access, &tokens.scopes);
    work.note(entry.event_type, entry.subject, Outcome::Success, entry.payload);
    let answer = TokenAnswer {
        access_token: SecretText(tokens.access.token),
        token_type: token_type(key),
        expires_in: tokens.access.life.as_secs(),
        scope: tokens.scopes.join(" "),
        refresh_token: tokens.refresh.map(SecretText),
        id_token,
        issued_token_type: None,
    };
    Ok(work.commit(person(code.user, Some(code.seat.organization.clone())), Json(answer)).await?)
}

/// Nobody has decided yet. Whoever asks too often is told so, and waits longer from then on.
async fn pending(work: CeremonyWork<Token>, by: &Authenticated, id: CodeId, now: Timestamp) -> Result<Committed<Token>, Failure> {
    let mut work = work.undo().await?;
    let refusal = if device::polled(&mut work.tx(), id, now).await? {
        Refusal::new(ErrorCode::SlowDown, "wait five seconds longer between two questions than before")
    } else {
        Refusal::new(ErrorCode::AuthorizationPending, "the person has not decided yet")
    };
    Ok(work.refuse_as(client_of(&by.client), Failure::from(refusal).into()).await?)
}

async fn refuse(
    work: CeremonyWork<Token>,
    by: &Authenticated,
    code: ErrorCode,
    why: &'static str,
) -> Result<Committed<Token>, Failure> {
    let problem = Failure::from(Refusal::new(code, why)).into();
    Ok(work.undo().await?.refuse_as(client_of(&by.client), problem).await?)
}

/// The one answer.
fn wrong() -> Problem {
    let why = "the code is good no more, or was given to another client or for another key";
    Failure::from(Refusal::new(ErrorCode::InvalidGrant, why)).into()
}
