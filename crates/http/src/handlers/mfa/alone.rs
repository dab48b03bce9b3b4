//! A passkey signs in alone. Whatever is wrong, the answer is the same.

use serde_json::{Value, json};
use wardgraph_api::{Problem, wire::mfa::Shown};
use wardgraph_gate::{CeremonyWork, Committed};
use wardgraph_identity::{
    account,
    challenge::{self, Held},
    factor::WEBAUTHN,
    mail::{Notice, notify},
    passkey::{self, Refusal},
    session::{MULTIPLE, Proof},
};
use wardgraph_kernel::{Endpoint, EventType, FactorId, Outcome};

use super::{
    half,
    passkey::{Turned, claimed, methods, note, prove_alone},
    refusing::refused,
    verify::{Done, Place},
    wrong,
};
use crate::{
    Failure, Services,
    handlers::{
        admitted::{let_in, outside},
        auth::{beginning::Beginning, opening::Opening, person, settling::settled},
    },
};

/// Ends a sign-in that began with nothing but the question for a passkey.
pub(super) async fn sign_in<E: Endpoint, O: Opening>(
    mut work: CeremonyWork<E>,
    held: &Held,
    shown: &Shown,
    place: &Place,
    services: &Services,
    opening: O,
    answer: impl FnOnce(Done<O::Begun>) -> E::Output + Send,
) -> Result<Committed<E>, Failure> {
    let now = place.now;
    let Some(credential) = &shown.credential else { return refused(work, held, "no passkey", wrong()).await };
    let stored = match claimed(&mut work.tx(), credential).await? {
        Ok(stored) => stored,
        Err(turned) => return turned_away(work, &turned, None, place).await,
    };
    // By network: a passkey's id is no secret, and whoever knows it keeps nobody else out.
    let counter = services.accounts.keys.counter_of_factor(stored.user, WEBAUTHN, Some(&place.network));
    let locked = account::failed(&mut work.tx(), &counter).await?.locks(now);
    // A lock does the work of a try, and is not made longer by one.
    let proof = match prove_alone(services, held, credential, &stored)? {
        Ok(proof) if !locked => proof,
        judged => {
            let turned = Turned { why: judged.err().unwrap_or(Refusal::Unknown), claimed: Some(Box::new(stored)) };
            return turned_away(work, &turned, Some((&counter, !locked)), place).await;
        }
    };
    if stored.disabled || (services.accounts.verifies && !stored.verified) {
        let turned = Turned { why: Refusal::Unknown, claimed: Some(Box::new(stored)) };
        return turned_away(work, &turned, None, place).await;
    }
    let seat = match stored.seat {
        None => settled(&mut work, stored.user, now, &*place.chance).await?,
        seat => seat,
    };
    let Some(seat) = &seat else {
        let problem = Problem::forbidden("the account is no member of an organization");
        return Ok(work.undo().await?.refuse_as(person(stored.user, None), problem).await?);
    };
    let Some(seat) = &work.tx().ask(let_in(stored.user, seat, place.ip, now)).await? else {
        return Ok(work.undo().await?.refuse_as(person(stored.user, Some(seat.organization.clone())), outside()).await?);
    };
    let organization = Some(seat.organization.clone());
    passkey::note_use(&mut work.tx(), stored.id, &proof, now).await?;
    work.tx().ask(account::clear(&counter)).await?;
    let amr: Vec<_> = methods(proof.syncs).iter().copied().chain([MULTIPLE]).collect();
    let begun = Beginning {
        user: stored.user,
        generation: stored.generation,
        seat,
        device: &place.device,
        ip: place.ip,
        network: place.network.clone(),
        proof: Proof::of(&amr, now),
        now,
    };
    let (session, begun) = opening.begin(&mut work.tx(), &begun, services, &*place.chance).await?;
    challenge::finish(&mut work.tx(), held, now).await?;
    work.note(EventType::MfaVerified, Some(stored.user.into()), Outcome::Success, shown_by(stored.id));
    work.note(EventType::SessionCreated, Some(session.into()), Outcome::Success, json!({ "amr": amr }));
    Ok(work.commit(person(stored.user, organization), answer(Done::SignedIn(begun, None))).await?)
}

/// What an event says of the passkey: it is about the person, as after a password.
fn shown_by(factor: FactorId) -> Value {
    json!({ "method": WEBAUTHN, "factor": factor.to_string() })
}

/// Counts a failure of a passkey that there is, unless it was kept out, and refuses.
async fn turned_away<E: Endpoint>(
    work: CeremonyWork<E>,
    turned: &Turned,
    counter: Option<(&[u8], bool)>,
    place: &Place,
) -> Result<Committed<E>, Failure> {
    let now = place.now;
    let mut work = work.undo().await?;
    if let (Some((counter, counts)), Some(stored)) = (counter, &turned.claimed) {
        let failures = account::count(&mut work.tx(), counter, i32::from(counts), now).await?;
        if counts && failures.begins_to_lock() {
            notify(&mut work.tx(), Some(stored.user), Notice::PasskeyLocked, now, &*place.chance).await?;
            work.note(EventType::MfaLocked, Some(stored.user.into()), Outcome::Refused, shown_by(stored.id));
        }
    }
    let locked = counter.is_some_and(|(_, counts)| !counts);
    note(&mut work, turned, locked, now, &*place.chance).await?;
    let seat = turned.claimed.as_ref().and_then(|stored| stored.seat.as_ref());
    Ok(work.refuse_as(half(seat.map(|seat| seat.organization.clone())), wrong()).await?)
}
