//! What a second factor that does not do leaves behind: a count, an event that says why, and an answer.

use serde_json::json;
use wardgraph_api::Problem;
use wardgraph_gate::{CeremonyWork, Committed};
use wardgraph_identity::{
    account,
    challenge::Held,
    mail::{Notice, notify},
    passkey::Refusal,
};
use wardgraph_kernel::{Endpoint, EventType, Outcome};

use super::{
    half,
    passkey::{self, Turned},
    verify::{Place, Tried},
    wrong,
};
use crate::Failure;

/// Counts a failure, unless it was kept out, and refuses.
pub(super) async fn failed<E: Endpoint>(
    work: CeremonyWork<E>,
    tried: &Tried,
    (method, turned): (&str, Option<Turned>),
    (counter, counts): (&[u8], bool),
    place: &Place,
) -> Result<Committed<E>, Failure> {
    let (user, now) = (tried.standing.user, place.now);
    let mut work = work.undo().await?;
    let failures = account::count(&mut work.tx(), counter, i32::from(counts), now).await?;
    let payload = json!({ "method": method });
    if counts && failures.begins_to_lock() {
        notify(&mut work.tx(), Some(user), Notice::FactorLocked, now, &*place.chance).await?;
        work.note(EventType::MfaLocked, Some(user.into()), Outcome::Refused, payload.clone());
    }
    if let Some(turned) = turned {
        passkey::note(&mut work, &turned, !counts, now, &*place.chance).await?;
    }
    work.note(EventType::MfaFailed, Some(user.into()), Outcome::Refused, payload);
    Ok(work.refuse_as(half(tried.held.organization.clone()), wrong()).await?)
}

/// Why a new factor does not do.
pub(super) enum Unfit {
    /// What was shown is not its first code, or nothing of its kind.
    Shown(&'static str),
    /// It is a passkey that is not what was asked.
    Passkey(Refusal),
}

/// Refuses a factor that does not do, and has on record why.
pub(super) async fn unfit<E: Endpoint>(
    work: CeremonyWork<E>,
    held: &Held,
    unfit: Unfit,
    place: &Place,
) -> Result<Committed<E>, Failure> {
    let why = match unfit {
        Unfit::Shown(reason) => return refused(work, held, reason, wrong()).await,
        Unfit::Passkey(why) => why,
    };
    let mut work = work.undo().await?;
    passkey::note(&mut work, &why.into(), false, place.now, &*place.chance).await?;
    Ok(work.refuse_as(half(held.organization.clone()), passkey::unfit(why)).await?)
}

/// Refuses somebody who is no member any more of the organization that they would work in.
pub(super) async fn no_member<E: Endpoint>(work: CeremonyWork<E>, held: &Held) -> Result<Committed<E>, Failure> {
    refused(work, held, "no member", Problem::forbidden("the account is no member of this organization")).await
}

/// Refuses what is no guess, or a guess that nobody gains by.
pub(super) async fn refused<E: Endpoint>(
    work: CeremonyWork<E>,
    held: &Held,
    reason: &str,
    problem: Problem,
) -> Result<Committed<E>, Failure> {
    let mut work = work.undo().await?;
    work.note(EventType::MfaFailed, held.user.map(Into::into), Outcome::Refused, json!({ "reason": reason }));
    Ok(work.refuse_as(half(held.organization.clone()), problem).await?)
}
