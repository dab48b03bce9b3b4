//! The next tokens of a session. A token that comes twice ends it, unless its own client lost the answer.

use serde_json::json;
use wardgraph_api::{Json, Problem, table::auth::Refresh, wire::auth::Refreshing};
use wardgraph_gate::{Ceremony, CeremonyWork, Committed};
use wardgraph_identity::{
    IdentityError,
    refresh::{Client, FamilyKey, Presented, Turn},
    session::{self, Held, Use, Why},
};
use wardgraph_kernel::{EventType, Outcome, SessionId, Timestamp};
use wardgraph_tokens::{Revocation, revoke};

use super::{
    person,
    tokens::{self, Bearer, family_key},
};
use crate::{Failure, Services};

pub(crate) async fn refresh(
    pass: Ceremony<Refresh>,
    Json(body): Json<Refreshing>,
    services: Services,
) -> Result<Committed<Refresh>, Failure> {
    let (now, chance, ip, device) = (pass.now(), pass.chance(), pass.ip(), pass.agent().to_owned());
    let client = Client::new(&device, pass.network());
    let token = body.refresh_token.expose();
    let mut work = pass.begin()?;
    let Some(presented) = Presented::read(token) else { return Ok(work.refuse(wrong()).await?) };
    let Some(held) = session::hold(&mut work.tx(), presented.session).await? else {
        return Ok(work.refuse(wrong()).await?);
    };
    let key = services.vault.open(&mut work.tx(), family_key(&presented.session.to_string()), &held.sealed).await?;
    let key = FamilyKey::of(&key).ok_or(IdentityError::Unreadable("the key of a session's tokens"))?;
    let (session, number) = (presented.session, presented.number);
    // Who guesses a session's id ends nobody's session: only a token that was one says anything.
    if !key.made(&presented) || !held.lives(services.accounts.lifetimes, now) || held.falls_short {
        return Ok(work.refuse(wrong()).await?);
    }
    let Some(seat) = &held.seat else { return Ok(work.refuse(wrong()).await?) };
    let next = match held.family.turn(number, &client, now) {
        Turn::Rotate if held.is_next(token, &presented) => {
            let next = key.token(session, number.saturating_add(1));
            let at = Use { client: &client, device: &device, ip, now };
            session::rotate(&mut work.tx(), session, &next, &at).await?;
            work.note(EventType::SessionRefreshed, Some(session.into()), Outcome::Success, json!({}));
            next
        }
        Turn::Again(again) => {
            work.note(EventType::SessionRetried, Some(session.into()), Outcome::Success, json!({ "token": number }));
            key.token(session, again)
        }
        Turn::Rotate | Turn::Replayed => return replayed(work, &held, session, number, now).await,
    };
    let bearer = Bearer { user: held.user, generation: held.generation, seat, session, proof: &held.proof };
    let answer = tokens::answer(&bearer, next, now, &services, &*chance)?;
    Ok(work.commit(person(held.user, Some(held.organization)), Json(answer)).await?)
}

/// Ends the session: either who presents the token stole it, or who used it before did.
async fn replayed(
    work: CeremonyWork<Refresh>,
    held: &Held,
    session: SessionId,
    number: i32,
    now: Timestamp,
) -> Result<Committed<Refresh>, Failure> {
    let mut work = work.undo().await?;
    session::end(&mut work.tx(), session, Why::Replayed, now).await?;
    revoke(&mut work.tx(), Revocation::Session(&session.to_string()), now).await?;
    let payload = json!({ "token": number, "next": held.family.number });
    work.note(EventType::SessionReplayed, Some(session.into()), Outcome::Refused, payload);
    Ok(work.refuse_as(person(held.user, Some(held.organization.clone())), wrong()).await?)
}

/// The one answer.
fn wrong() -> Problem {
    let problem = Problem::unauthenticated("the refresh token is good no more: sign in again");
    problem.challenge(r#"Bearer realm="wardgraph", error="invalid_token""#)
}
