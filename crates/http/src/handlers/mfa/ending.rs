//! A second factor ends a sign-in.

use serde_json::json;
use wardgraph_api::wire::mfa::Shown;
use wardgraph_gate::{CeremonyWork, Committed};
use wardgraph_identity::{
    account, challenge,
    factor::{RECOVERY_CODE, TOTP, WEBAUTHN},
};
use wardgraph_kernel::{Endpoint, EventType, Outcome};

use super::{
    passkey, recovery,
    refusing::{failed, no_member},
    totp,
    verify::{Done, Place, Trial, Tried, begin},
};
use crate::{
    Failure, Services,
    handlers::auth::{opening::Opening, person},
};

/// Ends a sign-in.
pub(super) async fn sign_in<E: Endpoint, O: Opening>(
    mut work: CeremonyWork<E>,
    tried: &Tried,
    shown: &Shown,
    place: &Place,
    services: &Services,
    opening: O,
    answer: impl FnOnce(Done<O::Begun>) -> E::Output + Send,
) -> Result<Committed<E>, Failure> {
    let (user, now) = (tried.standing.user, place.now);
    let trial = Trial { user, services, chance: &*place.chance, now };
    let method = match shown {
        Shown { code: Some(_), .. } => TOTP,
        Shown { credential: Some(_), .. } => WEBAUTHN,
        Shown { .. } => RECOVERY_CODE,
    };
    let counter = services.accounts.keys.counter_of_factor(user, method, tried.held.network.as_deref());
    let locked = account::failed(&mut work.tx(), &counter).await?.locks(now);
    let mut turned = None;
    let proved = match (&shown.code, &shown.recovery_code, &shown.credential) {
        (Some(code), ..) => totp::judge(&mut work.tx(), &trial, code.expose()).await?,
        (None, Some(code), _) => recovery::judge(&mut work.tx(), &trial, code.expose()).await?,
        (None, None, Some(key)) => match passkey::judge(&mut work.tx(), &trial, &tried.held, key).await? {
            Ok(proved) => Some(proved),
            Err(why) => {
                turned = Some(why);
                None
            }
        },
        (None, None, None) => None,
    };
    // A lock does the work of a try, and is not made longer by one.
    let Some(proved) = proved.filter(|_| !locked) else {
        return failed(work, tried, (method, turned), (&counter, !locked), place).await;
    };
    let Some(seat) = &tried.standing.seat else { return no_member(work, &tried.held).await };
    work.tx().ask(account::clear(&counter)).await?;
    let begun = begin(&mut work, tried, seat, proved.amr, place, services, opening).await?;
    challenge::finish(&mut work.tx(), &tried.held, now).await?;
    if let Some(left) = proved.codes_left {
        work.note(EventType::RecoveryCodeUsed, Some(user.into()), Outcome::Success, json!({ "left": left }));
    }
    work.note(EventType::MfaVerified, Some(user.into()), Outcome::Success, json!({ "method": method }));
    let done = Done::SignedIn(begun, proved.codes_left);
    Ok(work.commit(person(user, Some(seat.organization.clone())), answer(done)).await?)
}
