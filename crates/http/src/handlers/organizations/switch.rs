//! Working in another organization: a session begins there, with what was shown at the sign-in. The one that is shown stays, and its refresh token is
//! not used up: whoever loses the answer asks again.

use serde_json::json;
use wardgraph_api::{Json, Problem, table::organizations::Switch, wire::organization::Switching};
use wardgraph_gate::{Ceremony, Committed};
use wardgraph_identity::{account, session};
use wardgraph_kernel::{EventType, Outcome};

use crate::{
    Failure, Services,
    handlers::{
        admitted::{let_in, outside},
        auth::{beginning::Beginning, person, tokens},
    },
};

pub(crate) async fn switch(
    pass: Ceremony<Switch>,
    Json(body): Json<Switching>,
    services: Services,
) -> Result<Committed<Switch>, Failure> {
    let (now, chance, ip, network, device) = (pass.now(), pass.chance(), pass.ip(), pass.network(), pass.agent().to_owned());
    let token = body.refresh_token.expose();
    let mut work = pass.begin()?;
    let Some(shown) = session::recognise(&mut work.tx(), &services.vault, token, None).await? else {
        return Ok(work.refuse(over()).await?);
    };
    let held = &shown.held;
    let good = held.lives(services.accounts.lifetimes, now)
        && !held.falls_short
        && held.seat.is_some()
        && held.family.number == shown.presented.number
        && held.is_next(token, &shown.presented);
    if !good {
        return Ok(work.refuse(over()).await?);
    }
    // Deleted ones are not among them.
    let places = account::places(&mut work.tx(), held.user).await?;
    let there = places.into_iter().find(|place| place.seat.organization.as_str() == body.organization);
    let who = person(held.user, Some(held.organization.clone()));
    let Some(there) = there else {
        let problem = Problem::not_found("you are a member of no such organization");
        return Ok(work.undo().await?.refuse_as(who, problem).await?);
    };
    if there.requires_mfa && !held.proof.is_multiple() {
        return Ok(work.undo().await?.refuse_as(who, one_factor()).await?);
    }
    let Some(seat) = work.tx().ask(let_in(held.user, &there.seat, ip, now)).await? else {
        return Ok(work.undo().await?.refuse_as(who, outside()).await?);
    };
    let begun = Beginning {
        user: held.user,
        generation: held.generation,
        seat: &seat,
        device: &device,
        ip,
        network,
        proof: held.proof.clone(),
        now,
    };
    let (session, answer) = tokens::begin(&mut work.tx(), &begun, &services, &*chance).await?;
    let payload = json!({ "amr": held.proof.amr, "from": held.organization.as_str() });
    work.note(EventType::SessionCreated, Some(session.into()), Outcome::Success, payload);
    Ok(work.commit(person(held.user, Some(seat.organization.clone())), Json(answer)).await?)
}

fn over() -> Problem {
    Problem::unauthenticated("the refresh token is good for nothing: sign in again").challenge(r#"Bearer realm="wardgraph""#)
}

/// What RFC 9470 has a client sign its user in again by.
fn one_factor() -> Problem {
    let challenge = r#"Bearer realm="wardgraph", error="insufficient_user_authentication", acr_values="aal2""#;
    Problem::unauthenticated("the organization requires a second factor, which this session has not shown: sign in with it")
        .challenge(challenge)
}
