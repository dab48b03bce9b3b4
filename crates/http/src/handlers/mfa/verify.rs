//! A second factor is shown: a sign-in ends, or a new factor counts. A try is counted before it is judged, and the tries of an account are
//! judged one after another.

use std::{net::IpAddr, sync::Arc};

use serde_json::json;
use wardgraph_api::{
    Json,
    table::mfa::VerifyMfa,
    wire::mfa::{Enabled, Shown, SignedIn, Verified},
};
use wardgraph_gate::{Ceremony, CeremonyWork, Committed};
use wardgraph_identity::{
    account::Seat,
    challenge::{self, Held, Kind, Standing},
    session::{MULTIPLE, PASSWORD, Proof},
};
use wardgraph_kernel::{Chance, Endpoint, EventType, Outcome, Timestamp, UserId};

use super::{adding, alone, ending, over, refusing::refused};
use crate::{
    Failure, Services,
    handlers::{
        admitted::{let_in, outside},
        auth::{
            beginning::Beginning,
            opening::{Opening, WithTokens},
        },
    },
};

/// Who tries, and with what the methods judge.
pub(super) struct Trial<'a> {
    pub(super) user: UserId,
    pub(super) services: &'a Services,
    pub(super) chance: &'a dyn Chance,
    pub(super) now: Timestamp,
}

/// A second factor that was right.
pub(super) struct Proved {
    /// What it adds to `amr`.
    pub(super) amr: &'static [&'static str],
    /// How many recovery codes are left, if it was one.
    pub(super) codes_left: Option<i64>,
}

/// Where a session would begin.
pub(super) struct Place {
    pub(super) ip: IpAddr,
    pub(super) network: String,
    pub(super) device: String,
    pub(super) now: Timestamp,
    pub(super) chance: Arc<dyn Chance>,
}

/// A challenge that is tried, with its account as it is now.
pub(super) struct Tried {
    pub(super) held: Held,
    pub(super) standing: Standing,
}

pub(crate) async fn verify(
    pass: Ceremony<VerifyMfa>,
    Json(shown): Json<Shown>,
    services: Services,
) -> Result<Committed<VerifyMfa>, Failure> {
    let answer = |done| {
        Json(match done {
            Done::SignedIn(tokens, recovery_codes_left) => Verified::SignedIn(SignedIn { tokens, recovery_codes_left }),
            Done::Enabled(enabled, tokens) => Verified::Enabled(Enabled { tokens, ..enabled }),
        })
    };
    let held = shown.refresh_token.clone();
    Box::pin(show(pass, shown, services, WithTokens(held.as_ref()), answer)).await
}

/// What became of a second factor that was right.
#[derive(Debug)]
pub(crate) enum Done<B> {
    /// A sign-in ended: with the session that begins, and how many recovery codes are left, where one was used.
    SignedIn(B, Option<i64>),
    /// A factor counts from now on. Where it was added while signing in, a session begins.
    Enabled(Enabled, Option<B>),
}

/// Judges a second factor that is shown. `opening` says which kind of session begins.
pub(crate) async fn show<E: Endpoint, O: Opening>(
    pass: Ceremony<E>,
    shown: Shown,
    services: Services,
    opening: O,
    answer: impl FnOnce(Done<O::Begun>) -> E::Output + Send,
) -> Result<Committed<E>, Failure> {
    let place =
        Place { ip: pass.ip(), network: pass.network(), device: pass.agent().to_owned(), now: pass.now(), chance: pass.chance() };
    let (keys, token) = (&services.accounts.keys, shown.mfa_token.expose());
    let (id, offered) = (challenge::read(keys, token), challenge::offered(keys, token));
    let mut work = pass.begin()?;
    if let Some(offered) = offered {
        let Some(held) = challenge::attempt_offer(&mut work.tx(), offered, place.now).await? else {
            return Ok(work.refuse(over()).await?);
        };
        work.keep().await?;
        return alone::sign_in(work, &held, &shown, &place, &services, opening, answer).await;
    }
    let Some(id) = id else { return Ok(work.refuse(over()).await?) };
    let Some(held) = challenge::attempt(&mut work.tx(), id, place.now).await? else { return Ok(work.refuse(over()).await?) };
    let standing = challenge::stands(&mut work.tx(), &held, place.now).await?;
    work.keep().await?;
    let Some(mut standing) = standing else { return refused(work, &held, "the account is not as it was", over()).await };
    // Who adds a factor to a session that there is begins none.
    if let Some(seat) = standing.seat.as_ref().filter(|_| held.session.is_none()) {
        standing.seat = work.tx().ask(let_in(standing.user, seat, place.ip, place.now)).await?;
        if standing.seat.is_none() {
            return refused(work, &held, "another network", outside()).await;
        }
    }
    let tried = Tried { held, standing };
    match tried.held.kind {
        Kind::Login => ending::sign_in(work, &tried, &shown, &place, &services, opening, answer).await,
        Kind::Totp | Kind::Passkey | Kind::Passwordless => {
            adding::enable(work, &tried, &shown, &place, &services, opening, answer).await
        }
    }
}

/// Begins the session of somebody who showed the password and, by now, a second factor.
pub(super) async fn begin<E: Endpoint, O: Opening>(
    work: &mut CeremonyWork<E>,
    tried: &Tried,
    seat: &Seat,
    factor: &[&str],
    place: &Place,
    services: &Services,
    opening: O,
) -> Result<O::Begun, Failure> {
    let amr: Vec<_> = [PASSWORD].into_iter().chain(factor.iter().copied()).chain([MULTIPLE]).collect();
    let beginning = Beginning {
        user: tried.standing.user,
        generation: tried.held.generation,
        seat,
        device: &place.device,
        ip: place.ip,
        network: place.network.clone(),
        proof: Proof::of(&amr, place.now),
        now: place.now,
    };
    let (session, begun) = opening.begin(&mut work.tx(), &beginning, services, &*place.chance).await?;
    work.note(EventType::SessionCreated, Some(session.into()), Outcome::Success, json!({ "amr": amr }));
    Ok(begun)
}
