//! The tokens of a device (RFC 8628, section 3.4), once somebody has allowed it. A code that is used twice ends what it gave.

use serde_json::json;
use wardgraph_api::{Problem, table::oauth::Token};
use wardgraph_gate::{CeremonyWork, Committed};
use wardgraph_kernel::{CodeId, EventType, Outcome, Timestamp};
use wardgraph_oauth::{
    Authenticated, ErrorCode, Refusal,
    client::GrantType,
    device::{self, Presented},
};

use super::{client_of, code_holder::Holder, token::Asked};
use crate::{Failure, Services};

pub(super) async fn grant(asked: Asked, services: &Services) -> Result<Committed<Token>, Failure> {
    let Some(text) = asked.parameters.device_code.clone() else {
        return asked.refuse(Refusal::new(ErrorCode::InvalidRequest, "`device_code` is missing")).await;
    };
    let holder = match Holder::of(&asked) {
        Ok(holder) => holder,
        Err(refusal) => return asked.refuse(refusal).await,
    };
    let (now, chance, by, pass) = (holder.now, asked.pass.chance(), &holder.by, asked.pass);
    let client = by.client.id.as_str();
    let mut work = pass.begin()?;
    let code = match device::present(&mut work.tx(), text.expose(), client, holder.key, now).await? {
        Presented::Good(code) => code,
        Presented::Pending(id) => return pending(work, by, id, now).await,
        Presented::Denied => {
            return refuse(work, by, Refusal::new(ErrorCode::AccessDenied, "the person does not allow it")).await;
        }
        Presented::Expired => {
            return refuse(work, by, Refusal::new(ErrorCode::ExpiredToken, "the code is too old: ask for another")).await;
        }
        Presented::Bad(why) => {
            let mut work = work.undo().await?;
            let payload = json!({ "client_id": client, "reason": why });
            work.note(EventType::AuthorizationRefused, None, Outcome::Refused, payload);
            return Ok(work.refuse_as(client_of(&by.client), wrong()).await?);
        }
        Presented::Again { user, organization, gave } => {
            return holder.replayed(work.undo().await?, (user, organization), gave, wrong()).await;
        }
    };
    if let Some(refusal) = holder.elsewhere(&mut work.tx(), &code, services).await? {
        return refuse(work, by, refusal).await;
    }
    let tokens = holder.begin(&mut work, &code, services, &*chance).await?;
    device::finish(&mut work.tx(), code.id, tokens.session, now).await?;
    holder.answer(work, GrantType::DeviceCode, &code, tokens, services).await
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

async fn refuse(work: CeremonyWork<Token>, by: &Authenticated, refusal: Refusal) -> Result<Committed<Token>, Failure> {
    let problem = Failure::from(refusal).into();
    Ok(work.undo().await?.refuse_as(client_of(&by.client), problem).await?)
}

/// The one answer.
fn wrong() -> Problem {
    let why = "the code is good no more, or was given to another client or for another key";
    Failure::from(Refusal::new(ErrorCode::InvalidGrant, why)).into()
}
