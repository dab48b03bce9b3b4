//! A new factor is shown to work, and counts from then on.

use serde_json::json;
use wardgraph_api::wire::{
    SecretText,
    mfa::{Enabled, Shown},
};
use wardgraph_gate::{CeremonyWork, Committed};
use wardgraph_identity::{
    IdentityError,
    challenge::{self, Held, Kind},
    factor::{self, NewFactor, TOTP, WEBAUTHN},
    mail::notify_added,
    passkey::NewPasskey,
    recovery::{self as codes, Codes},
    session::{self, ONE_TIME, Why},
};
use wardgraph_kernel::{Endpoint, EventType, FactorId, Outcome};
use wardgraph_tokens::{Revocation, revoke};
use zeroize::Zeroizing;

use super::{
    over, passkey,
    refusing::{Unfit, no_member, refused, unfit},
    verify::{Done, Place, Tried, begin},
};
use crate::{
    Failure, Services,
    handlers::auth::{opening::Opening, person},
};

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
fn made(held: &Held, shown: &Shown, place: &Place, services: &Services) -> Result<Result<Made, Unfit>, Failure> {
    let state = held.state(&services.accounts.keys)?;
    if held.kind == Kind::Totp {
        let Some(code) = &shown.code else { return Ok(Err(Unfit::Shown("no code was shown"))) };
        let step = wardgraph_identity::totp::step(&state, code.expose(), (place.now, services.accounts.factors.skew), None);
        return Ok(step.map(|step| Made::App { secret: state, step }).ok_or(Unfit::Shown("the first code is wrong")));
    }
    let Some(key) = &shown.credential else { return Ok(Err(Unfit::Shown("no passkey was shown"))) };
    let new = wardgraph_identity::passkey::register(services.accounts.party()?, &state, &key.0);
    Ok(new.map(Made::Passkey).map_err(Unfit::Passkey))
}

/// Has a new factor count, and where it was added while signing in, ends that.
pub(super) async fn enable<E: Endpoint, O: Opening>(
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
        Err(why) => return unfit(work, held, why, place).await,
    };
    let method = made.method();
    let Some(seat) = &tried.standing.seat else { return no_member(work, held).await };
    // Who signs in adds the first one: with another there, that one is to be shown.
    if held.session.is_none() && !work.tx().ask(factor::asked(user, &seat.organization)).await?.kinds.is_empty() {
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
    match factor::add(&mut work.tx(), &new, now).await {
        Ok(()) => {}
        Err(error @ IdentityError::TooMany { .. }) => {
            return refused(work, held, "as many factors as there may be", Failure::from(error).into()).await;
        }
        Err(error) => return Err(error.into()),
    }
    if let Made::Passkey(key) = &made
        && let Err(why) = wardgraph_identity::passkey::add(&mut work.tx(), id, user, key).await?
    {
        return unfit(work, held, Unfit::Passkey(why), place).await;
    }
    let codes = Codes::make(&*place.chance);
    let recovery_codes = codes::ensure(&mut work.tx(), user, &codes, now).await?;
    let recovery_codes = recovery_codes.then(|| codes.texts.into_iter().map(SecretText).collect());
    notify_added(&mut work.tx(), user, now, &*place.chance).await?;
    challenge::finish(&mut work.tx(), held, now).await?;
    // Whoever got in before by less than is asked from now on is out.
    for ended in session::end_others(&mut work.tx(), user, held.session, Why::Factors, now).await? {
        revoke(&mut work.tx(), Revocation::Session(&ended.to_string()), now).await?;
        work.note(EventType::SessionEnded, Some(ended.into()), Outcome::Success, json!({ "reason": Why::Factors.word() }));
    }
    let begun = match held.session {
        Some(_) => None,
        None => Some(begin(&mut work, tried, seat, made.amr(), place, services, opening).await?),
    };
    work.note(EventType::FactorAdded, Some(id.into()), Outcome::Success, json!({ "method": method }));
    work.note(EventType::MfaVerified, Some(user.into()), Outcome::Success, json!({ "method": method }));
    if recovery_codes.is_some() {
        work.note(EventType::RecoveryCodesMade, Some(user.into()), Outcome::Success, json!({}));
    }
    let enabled = Enabled { enabled: method.to_owned(), factor_id: id, recovery_codes, tokens: None };
    Ok(work.commit(person(user, Some(seat.organization.clone())), answer(Done::Enabled(enabled, begun))).await?)
}
