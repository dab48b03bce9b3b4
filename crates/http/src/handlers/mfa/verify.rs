//! A second factor is shown: a sign-in ends, or a new factor counts. A try is counted before it is judged, and the tries of an account are
//! judged one after another.

use std::{net::IpAddr, sync::Arc};

use serde_json::json;
use wardgraph_api::{
    Json, Problem,
    table::mfa::VerifyMfa,
    wire::{
        SecretText,
        mfa::{Enabled, Shown, SignedIn, Verified},
    },
};
use wardgraph_gate::{Ceremony, CeremonyWork, Committed};
use wardgraph_identity::{
    account::{self, Seat},
    challenge::{self, Held, Kind, Standing},
    factor::{self, NewFactor, RECOVERY_CODE, TOTP, WEBAUTHN},
    mail::{Notice, notify, notify_added},
    passkey::{NewPasskey, Refusal},
    recovery::{self as codes, Codes},
    session::{MULTIPLE, ONE_TIME, PASSWORD, Proof},
};
use wardgraph_kernel::{Chance, Endpoint, EventType, FactorId, Outcome, SessionId, Timestamp, UserId};

use zeroize::Zeroizing;

use super::{
    alone, half, over,
    passkey::{self, Turned},
    recovery, totp, wrong,
};
use crate::{
    Failure, Services,
    handlers::auth::{
        opening::{Opening, WithTokens},
        person, tokens,
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
struct Tried {
    held: Held,
    standing: Standing,
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
    Box::pin(show(pass, shown, services, WithTokens, answer)).await
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
    let id = challenge::read(&services.accounts.keys, shown.mfa_token.expose());
    let mut work = pass.begin()?;
    let Some(id) = id else { return Ok(work.refuse(over()).await?) };
    let Some(held) = challenge::attempt(&mut work.tx(), id, place.now).await? else { return Ok(work.refuse(over()).await?) };
    if held.kind == Kind::Passwordless {
        work.keep().await?;
        return alone::sign_in(work, &held, &shown, &place, &services, opening, answer).await;
    }
    let standing = challenge::stands(&mut work.tx(), &held, place.now).await?;
    work.keep().await?;
    let Some(standing) = standing else { return refused(work, &held, "the account is not as it was", over()).await };
    let tried = Tried { held, standing };
    match tried.held.kind {
        Kind::Login => sign_in(work, &tried, &shown, &place, &services, opening, answer).await,
        Kind::Totp | Kind::Passkey | Kind::Passwordless => enable(work, &tried, &shown, &place, &services, opening, answer).await,
    }
}

/// Ends a sign-in.
async fn sign_in<E: Endpoint, O: Opening>(
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
    let Some(seat) = &tried.standing.seat else {
        return refused(work, &tried.held, "no member", Problem::forbidden("the account is no member of this organization"))
            .await;
    };
    account::clear(&mut work.tx(), &counter).await?;
    let amr: Vec<_> = [PASSWORD].into_iter().chain(proved.amr.iter().copied()).chain([MULTIPLE]).collect();
    let (session, begun) = begin(&mut work, tried, seat, &amr, place, services, opening).await?;
    challenge::finish(&mut work.tx(), &tried.held, now).await?;
    if let Some(left) = proved.codes_left {
        work.note(EventType::RecoveryCodeUsed, Some(user.into()), Outcome::Success, json!({ "left": left }));
    }
    work.note(EventType::MfaVerified, Some(user.into()), Outcome::Success, json!({ "method": method }));
    work.note(EventType::SessionCreated, Some(session.into()), Outcome::Success, json!({ "amr": amr }));
    let done = Done::SignedIn(begun, proved.codes_left);
    Ok(work.commit(person(user, Some(seat.organization.clone())), answer(done)).await?)
}

/// A factor that was shown to work.
enum Made {
    App { secret: Zeroizing<Vec<u8>>, step: i64 },
    Passkey(NewPasskey),
}

impl Made {
    const fn method(&self) -> &'static str {
        match self {
            Self::App { .. } => TOTP,
            Self::Passkey(_) => WEBAUTHN,
        }
    }

    const fn amr(&self) -> &'static [&'static str] {
        match self {
            Self::App { .. } => &[ONE_TIME],
            Self::Passkey(new) => passkey::methods(new.kept.syncs),
        }
    }
}

/// What was shown of a new factor: that it works, or what is wrong with it.
fn made(
    held: &Held,
    shown: &Shown,
    place: &Place,
    services: &Services,
) -> Result<Result<Made, (Option<Refusal>, Problem)>, Failure> {
    let state = held.state(&services.accounts.keys)?;
    if held.kind == Kind::Totp {
        let step = shown.code.as_ref().and_then(|code| wardgraph_identity::totp::step(&state, code.expose(), place.now, None));
        return Ok(step.map(|step| Made::App { secret: state, step }).ok_or_else(|| (None, wrong())));
    }
    let Some(key) = &shown.credential else { return Ok(Err((None, wrong()))) };
    let new = wardgraph_identity::passkey::register(services.accounts.party()?, &state, &key.0);
    Ok(new.map(Made::Passkey).map_err(|why| (Some(why), passkey::unfit(why))))
}

/// Has a new factor count, and where it was added while signing in, ends that.
async fn enable<E: Endpoint, O: Opening>(
    mut work: CeremonyWork<E>,
    tried: &Tried,
    shown: &Shown,
    place: &Place,
    services: &Services,
    opening: O,
    answer: impl FnOnce(Done<O::Begun>) -> E::Output + Send,
) -> Result<Committed<E>, Failure> {
    let (user, now, held) = (tried.standing.user, place.now, &tried.held);
    let made = match made(held, shown, place, services)? {
        Ok(made) => made,
        Err((why, problem)) => return unfit(work, held, why, problem, place).await,
    };
    let method = made.method();
    let Some(seat) = &tried.standing.seat else {
        return refused(work, held, "no member", Problem::forbidden("the account is no member of this organization")).await;
    };
    // Who signs in adds the first one: with another there, that one is to be shown.
    if held.session.is_none() && !factor::asked(&mut work.tx(), user, &seat.organization).await?.kinds.is_empty() {
        return refused(work, held, "there is another factor by now", over()).await;
    }
    let id = FactorId::new(now, &*place.chance);
    let field = id.to_string();
    let (sealed, used_step) = match &made {
        Made::App { secret, step } => {
            (Some(services.vault.seal(&mut work.tx(), factor::secret_field(&field), secret).await?), Some(*step))
        }
        Made::Passkey(_) => (None, None),
    };
    let name = held.name.as_deref().unwrap_or(method);
    let new = NewFactor { id, user, kind: method, name, secret: sealed.as_deref(), used_step };
    if let Err(error) = factor::add(&mut work.tx(), &new, now).await {
        return refused(work, held, "too many", Failure::from(error).into()).await;
    }
    if let Made::Passkey(key) = &made
        && let Err(why) = wardgraph_identity::passkey::add(&mut work.tx(), id, user, key).await?
    {
        return unfit(work, held, Some(why), passkey::unfit(why), place).await;
    }
    let codes = Codes::make(&*place.chance);
    let recovery_codes = codes::ensure(&mut work.tx(), user, &codes, now).await?;
    let recovery_codes = recovery_codes.then(|| codes.texts.into_iter().map(SecretText).collect());
    notify_added(&mut work.tx(), user, now, &*place.chance).await?;
    challenge::finish(&mut work.tx(), held, now).await?;
    let mut begun = None;
    if held.session.is_none() {
        let amr: Vec<_> = [PASSWORD].into_iter().chain(made.amr().iter().copied()).chain([MULTIPLE]).collect();
        let (session, made) = begin(&mut work, tried, seat, &amr, place, services, opening).await?;
        work.note(EventType::SessionCreated, Some(session.into()), Outcome::Success, json!({ "amr": amr }));
        begun = Some(made);
    }
    work.note(EventType::FactorAdded, Some(id.into()), Outcome::Success, json!({ "method": method }));
    work.note(EventType::MfaVerified, Some(user.into()), Outcome::Success, json!({ "method": method }));
    if recovery_codes.is_some() {
        work.note(EventType::RecoveryCodesMade, Some(user.into()), Outcome::Success, json!({}));
    }
    let enabled = Enabled { enabled: method.to_owned(), factor_id: id, recovery_codes, tokens: None };
    Ok(work.commit(person(user, Some(seat.organization.clone())), answer(Done::Enabled(enabled, begun))).await?)
}

async fn begin<E: Endpoint, O: Opening>(
    work: &mut CeremonyWork<E>,
    tried: &Tried,
    seat: &Seat,
    amr: &[&str],
    place: &Place,
    services: &Services,
    opening: O,
) -> Result<(SessionId, O::Begun), Failure> {
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
    opening.begin(&mut work.tx(), &begun, services, &*place.chance).await
}

/// Counts a failure, unless it was kept out, and refuses.
async fn failed<E: Endpoint>(
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

/// Refuses a factor that does not do, and has on record why.
async fn unfit<E: Endpoint>(
    work: CeremonyWork<E>,
    held: &Held,
    why: Option<Refusal>,
    problem: Problem,
    place: &Place,
) -> Result<Committed<E>, Failure> {
    let Some(why) = why else { return refused(work, held, TOTP, problem).await };
    let mut work = work.undo().await?;
    passkey::note(&mut work, &why.into(), false, place.now, &*place.chance).await?;
    Ok(work.refuse_as(half(held.organization.clone()), problem).await?)
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
