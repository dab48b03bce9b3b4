//! The next tokens of a session. A token that comes twice ends it, unless its own client lost the answer.

use serde_json::json;
use wardgraph_api::{Json, Problem, table::auth::Refresh, wire::auth::Refreshing};
use wardgraph_gate::{Ceremony, CeremonyWork, Committed};
use wardgraph_identity::{
    IdentityError,
    refresh::Client,
    session::{self, Held, Presentation, Use, Why, present},
};
use wardgraph_kernel::{Endpoint, EventType, Outcome, SessionId, Timestamp};
use wardgraph_tokens::{Revocation, revoke};

use super::{
    person,
    tokens::{self, Bearer},
};
use crate::{
    Failure, Services,
    handlers::admitted::{let_in, outside},
};

pub(crate) async fn refresh(
    pass: Ceremony<Refresh>,
    Json(body): Json<Refreshing>,
    services: Services,
) -> Result<Committed<Refresh>, Failure> {
    let (now, chance, ip, device) = (pass.now(), pass.chance(), pass.ip(), pass.agent().to_owned());
    let client = Client::new(&device, pass.network());
    let at = Use { client: &client, device: &device, ip, now };
    let (vault, lifetimes) = (&services.vault, services.accounts.lifetimes);
    let mut work = pass.begin()?;
    let presented = present(&mut work.tx(), vault, body.refresh_token.expose(), None, &at, lifetimes).await?;
    let (session, held, next) = match presented {
        Presentation::Wrong => return Ok(work.refuse(wrong()).await?),
        Presentation::Replayed { session, held, number } => return replayed(work, &held, (session, number), now, wrong()).await,
        Presentation::Next { session, held, number, token, again } => {
            note(&mut work, session, number, again);
            (session, held, token)
        }
    };
    let seat = held.seat.as_ref().ok_or(IdentityError::Unreadable("a member's place"))?;
    let Some(seat) = work.tx().ask(let_in(held.user, seat, ip, now)).await? else {
        let who = person(held.user, Some(held.organization.clone()));
        return Ok(work.undo().await?.refuse_as(who, outside()).await?);
    };
    let until = held.until(lifetimes, now);
    let bearer = Bearer { user: held.user, generation: held.generation, seat: &seat, session, until, proof: &held.proof };
    let answer = tokens::answer(&bearer, next, now, &services, &*chance)?;
    Ok(work.commit(person(held.user, Some(held.organization.clone())), Json(answer)).await?)
}

/// Has on record that a token was used, for the first time or again.
pub(in crate::handlers) fn note<E: Endpoint>(work: &mut CeremonyWork<E>, session: SessionId, number: i32, again: bool) {
    let (event_type, payload) =
        if again { (EventType::SessionRetried, json!({ "token": number })) } else { (EventType::SessionRefreshed, json!({})) };
    work.note(event_type, Some(session.into()), Outcome::Success, payload);
}

/// Ends the session: either who presents the token stole it, or who used it before did.
pub(in crate::handlers) async fn replayed<E: Endpoint>(
    work: CeremonyWork<E>,
    held: &Held,
    (session, number): (SessionId, i32),
    now: Timestamp,
    answer: Problem,
) -> Result<Committed<E>, Failure> {
    let mut work = work.undo().await?;
    session::end(&mut work.tx(), session, Why::Replayed, now).await?;
    revoke(&mut work.tx(), Revocation::Session(&session.to_string()), now).await?;
    let payload = json!({ "token": number, "next": held.family.number });
    work.note(EventType::SessionReplayed, Some(session.into()), Outcome::Refused, payload);
    Ok(work.refuse_as(person(held.user, Some(held.organization.clone())), answer).await?)
}

/// The one answer.
fn wrong() -> Problem {
    let problem = Problem::unauthenticated("the refresh token is good no more: sign in again");
    problem.challenge(r#"Bearer realm="wardgraph", error="invalid_token""#)
}
