//! A second factor is shown: a sign-in ends, or a new factor counts. A try is counted before it is judged, and the tries of an account are
//! judged one after another.

use std::{net::IpAddr, sync::Arc};

use serde_json::json;
use wardgraph_api::{
    Json, Problem,
    table::mfa::VerifyMfa,
    wire::{
        SecretText,
        auth::Tokens,
        mfa::{Enabled, Shown, SignedIn, Verified},
    },
};
use wardgraph_gate::{Ceremony, CeremonyWork, Committed};
use wardgraph_identity::{
    account::{self, Seat},
    challenge::{self, Held, Kind, Standing},
    factor::{self, NewFactor, RECOVERY_CODE, TOTP},
    mail::{Notice, notify},
    recovery::{self as codes, Codes},
    session::{MULTIPLE, ONE_TIME, PASSWORD, Proof},
};
use wardgraph_kernel::{Chance, EventType, FactorId, Outcome, SessionId, Timestamp, UserId};

use super::{half, over, recovery, totp, wrong};
use crate::{
    Failure, Services,
    handlers::auth::{person, tokens},
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
struct Place {
    ip: IpAddr,
    network: String,
    device: String,
    now: Timestamp,
    chance: Arc<dyn Chance>,
}

/// A challenge that is tried, with its account as it is now.
struct Tried {
    held: Held,
    standing: Standing,
}

pub(crate) async fn verify(
    pass: Ceremony<VerifyMfa>,
    Json(shown): Json<Shown>,
    services: Services,
) -> Result<Committed<VerifyMfa>, Failure> {
    let place =
        Place { ip: pass.ip(), network: pass.network(), device: pass.agent().to_owned(), now: pass.now(), chance: pass.chance() };
    let id = challenge::read(&services.accounts.keys, shown.mfa_token.expose());
    let mut work = pass.begin()?;
    let Some(id) = id else { return Ok(work.refuse(over()).await?) };
    let Some(held) = challenge::attempt(&mut work.tx(), id, place.now).await? else { return Ok(work.refuse(over()).await?) };
    let standing = challenge::stands(&mut work.tx(), &held, place.now).await?;
    work.keep().await?;
    let Some(standing) = standing else { return refused(work, &held, "the account is not as it was", over()).await };
    let tried = Tried { held, standing };
    match tried.held.kind {
        Kind::Login => sign_in(work, &tried, &shown, &place, &services).await,
        Kind::Totp => enable(work, &tried, &shown, &place, &services).await,
    }
}

/// Ends a sign-in.
async fn sign_in(
    mut work: CeremonyWork<VerifyMfa>,
    tried: &Tried,
    shown: &Shown,
    place: &Place,
    services: &Services,
) -> Result<Committed<VerifyMfa>, Failure> {
    let (user, now) = (tried.standing.user, place.now);
    let trial = Trial { user, services, chance: &*place.chance, now };
    let method = if shown.code.is_some() { TOTP } else { RECOVERY_CODE };
    let counter = services.accounts.keys.counter_of_factor(user, method, tried.held.network.as_deref());
    let locked = account::failed(&mut work.tx(), &counter).await?.locks(now);
    let proved = match (&shown.code, &shown.recovery_code) {
        (Some(code), _) => totp::judge(&mut work.tx(), &trial, code.expose()).await?,
        (None, Some(code)) => recovery::judge(&mut work.tx(), &trial, code.expose()).await?,
        (None, None) => None,
    };
    // A lock does the work of a try, and is not made longer by one.
    let Some(proved) = proved.filter(|_| !locked) else {
        return failed(work, tried, method, (&counter, !locked), place).await;
    };
    let Some(seat) = &tried.standing.seat else {
        return refused(work, &tried.held, "no member", Problem::forbidden("the account is no member of this organization"))
            .await;
    };
    account::clear(&mut work.tx(), &counter).await?;
    let amr: Vec<_> = [PASSWORD].into_iter().chain(proved.amr.iter().copied()).chain([MULTIPLE]).collect();
    let (session, tokens) = begin(&mut work, tried, seat, &amr, place, services).await?;
    challenge::finish(&mut work.tx(), &tried.held, now).await?;
    if let Some(left) = proved.codes_left {
        work.note(EventType::RecoveryCodeUsed, Some(user.into()), Outcome::Success, json!({ "left": left }));
    }
    work.note(EventType::MfaVerified, Some(user.into()), Outcome::Success, json!({ "method": method }));
    work.note(EventType::SessionCreated, Some(session.into()), Outcome::Success, json!({ "amr": amr }));
    let answer = SignedIn { tokens, recovery_codes_left: proved.codes_left };
    Ok(work.commit(person(user, Some(seat.organization.clone())), Json(Verified::SignedIn(answer))).await?)
}

/// Has a new authenticator count, and where it was added while signing in, ends that.
async fn enable(
    mut work: CeremonyWork<VerifyMfa>,
    tried: &Tried,
    shown: &Shown,
    place: &Place,
    services: &Services,
) -> Result<Committed<VerifyMfa>, Failure> {
    let (user, now, held) = (tried.standing.user, place.now, &tried.held);
    let secret = held.state(&services.accounts.keys)?;
    let step = shown.code.as_ref().and_then(|code| wardgraph_identity::totp::step(&secret, code.expose(), now, None));
    let Some(step) = step else { return refused(work, held, TOTP, wrong()).await };
    let Some(seat) = &tried.standing.seat else {
        return refused(work, held, "no member", Problem::forbidden("the account is no member of this organization")).await;
    };
    // Who signs in adds the first one: with another there, that one is to be shown.
    if held.session.is_none() && !factor::asked(&mut work.tx(), user, &seat.organization).await?.kinds.is_empty() {
        return refused(work, held, "there is another factor by now", over()).await;
    }
    let id = FactorId::new(now, &*place.chance);
    let field = id.to_string();
    let sealed = services.vault.seal(&mut work.tx(), factor::secret_field(&field), &secret).await?;
    let name = held.name.as_deref().unwrap_or(TOTP);
    let new = NewFactor { id, user, kind: TOTP, name, secret: Some(&sealed), used_step: Some(step) };
    if let Err(error) = factor::add(&mut work.tx(), &new, now).await {
        return refused(work, held, "too many", Failure::from(error).into()).await;
    }
    let codes = Codes::make(&*place.chance);
    let recovery_codes = codes::ensure(&mut work.tx(), user, &codes, now).await?;
    let recovery_codes = recovery_codes.then(|| codes.texts.into_iter().map(SecretText).collect());
    notify(&mut work.tx(), user, Notice::FactorAdded, now, &*place.chance).await?;
    challenge::finish(&mut work.tx(), held, now).await?;
    let mut tokens = None;
    if held.session.is_none() {
        let amr = [PASSWORD, ONE_TIME, MULTIPLE];
        let (session, made) = begin(&mut work, tried, seat, &amr, place, services).await?;
        work.note(EventType::SessionCreated, Some(session.into()), Outcome::Success, json!({ "amr": amr }));
        tokens = Some(made);
    }
    work.note(EventType::FactorAdded, Some(id.into()), Outcome::Success, json!({ "method": TOTP }));
    work.note(EventType::MfaVerified, Some(user.into()), Outcome::Success, json!({ "method": TOTP }));
    if recovery_codes.is_some() {
        work.note(EventType::RecoveryCodesMade, Some(user.into()), Outcome::Success, json!({}));
    }
    let answer = Enabled { enabled: TOTP.to_owned(), factor_id: id, recovery_codes, tokens };
    Ok(work.commit(person(user, Some(seat.organization.clone())), Json(Verified::Enabled(answer))).await?)
}

async fn begin(
    work: &mut CeremonyWork<VerifyMfa>,
    tried: &Tried,
    seat: &Seat,
    amr: &[&str],
    place: &Place,
    services: &Services,
) -> Result<(SessionId, Tokens), Failure> {
    let begun = tokens::Beginning {
        user: tried.standing.user,
        generation: tried.held.generation,
        seat,
        device: &place.device,
        ip: place.ip,
        network: place.network.clone(),
        proof: Proof::of(amr, place.now),
        now: place.now,
    };
    tokens::begin(&mut work.tx(), &begun, services, &*place.chance).await
}

/// Counts a failure, unless it was kept out, and refuses.
async fn failed(
    work: CeremonyWork<VerifyMfa>,
    tried: &Tried,
    method: &str,
    (counter, counts): (&[u8], bool),
    place: &Place,
) -> Result<Committed<VerifyMfa>, Failure> {
    let (user, now) = (tried.standing.user, place.now);
    let mut work = work.undo().await?;
    let failures = account::count(&mut work.tx(), counter, i32::from(counts), now).await?;
    let payload = json!({ "method": method });
    if counts && failures.begins_to_lock() {
        notify(&mut work.tx(), user, Notice::FactorLocked, now, &*place.chance).await?;
        work.note(EventType::MfaLocked, Some(user.into()), Outcome::Refused, payload.clone());
    }
    work.note(EventType::MfaFailed, Some(user.into()), Outcome::Refused, payload);
    Ok(work.refuse_as(half(tried.held.organization.clone()), wrong()).await?)
}

/// Refuses what is no guess, or a guess that nobody gains by.
async fn refused(
    work: CeremonyWork<VerifyMfa>,
    held: &Held,
    reason: &str,
    problem: Problem,
) -> Result<Committed<VerifyMfa>, Failure> {
    let mut work = work.undo().await?;
    work.note(EventType::MfaFailed, held.user.map(Into::into), Outcome::Refused, json!({ "reason": reason }));
    Ok(work.refuse_as(half(held.organization.clone()), problem).await?)
}
