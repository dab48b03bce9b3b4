//! A second factor begins to be added: by somebody who signed in, or who has to have one before they can.

use serde_json::json;
use wardgraph_api::{
    Issued, Json, Problem, ShownOnce,
    table::mfa::{EnableMfa, EnrolMfa},
    wire::{
        Name, SecretText,
        mfa::{AppSecret, Begun, Enrolment, Method, NewEnrolment, NewFactor},
    },
};
use wardgraph_gate::{Ceremony, Committed, Permit};
use wardgraph_identity::{
    account,
    challenge::{self, Kind, NewChallenge},
    factor,
    passkey::{self, Offer},
    totp,
};
use wardgraph_kernel::{Chance, Endpoint, EventType, Outcome, Secret, Write};
use zeroize::Zeroizing;

use super::{half, options, over, word};
use crate::{
    Failure, Services,
    handlers::account::sessions::{is_signed_in, signed_out},
};

pub(crate) async fn enable(
    permit: Permit<EnableMfa>,
    Json(new): Json<NewFactor>,
    services: Services,
) -> Result<Committed<EnableMfa>, Failure> {
    Box::pin(begin(permit, new, services, Issued)).await
}

/// Begins to add a factor of somebody who signed in. `answer` shows its secret once.
pub(crate) async fn begin<E>(
    permit: Permit<E>,
    new: NewFactor,
    services: Services,
    answer: impl FnOnce(Enrolment) -> E::Output + Send,
) -> Result<Committed<E>, Failure>
where
    E: Endpoint<Mode = Write, Output: ShownOnce>,
{
    let (caller, now, chance, tenant) = (permit.account()?, permit.now(), permit.chance(), permit.tenant().clone());
    let mut work = permit.begin()?;
    if !is_signed_in(&mut work, &caller).await? {
        return Ok(work.refuse(signed_out()).await?);
    }
    let (state, begun) = match new.method {
        Method::Totp => app(&account::account(&mut work.tx(), caller.user).await?.email, &*chance)?,
        Method::Webauthn => key(&services, &passkey::offer_own(&mut work.tx(), caller.user, &*chance).await?)?,
    };
    let (name, kind) = (named(new.name, new.method), kind(new.method));
    let challenge = NewChallenge {
        session: Some(caller.session),
        organization: Some(&tenant),
        name: Some(&name),
        state: Some(&state),
        ..NewChallenge::of(kind, caller.user, caller.generation, now)
    };
    let token = challenge::begin_own(&mut work.tx(), &services.accounts.keys, &challenge, &*chance).await?;
    Ok(work.commit_issued(caller.user, answer(shown(token, new.method, begun))).await?)
}

pub(crate) async fn enrol(
    pass: Ceremony<EnrolMfa>,
    Json(new): Json<NewEnrolment>,
    services: Services,
) -> Result<Committed<EnrolMfa>, Failure> {
    begin_signing_in(pass, new, services, Issued).await
}

/// Begins to add the first factor of somebody who must have one to sign in. `answer` shows its secret once.
pub(crate) async fn begin_signing_in<E: Endpoint>(
    pass: Ceremony<E>,
    new: NewEnrolment,
    services: Services,
    answer: impl FnOnce(Enrolment) -> E::Output + Send,
) -> Result<Committed<E>, Failure> {
    let (now, chance, keys) = (pass.now(), pass.chance(), &services.accounts.keys);
    let id = challenge::read(keys, new.mfa_token.expose());
    let mut work = pass.begin()?;
    let Some(id) = id else { return Ok(work.refuse(over()).await?) };
    let Some(held) = challenge::attempt(&mut work.tx(), id, now).await? else { return Ok(work.refuse(over()).await?) };
    let standing = challenge::stands(&mut work.tx(), &held, now).await?;
    work.keep().await?;
    let organization = held.organization.clone();
    let (Some(standing), Some(tenant), Kind::Login) = (standing, &organization, held.kind) else {
        return Ok(work.undo().await?.refuse_as(half(organization), over()).await?);
    };
    // With a factor there, that one is to be shown: else the password alone would add another.
    if !work.tx().ask(factor::asked(standing.user, tenant)).await?.kinds.is_empty() {
        let problem = Problem::forbidden("the account has a second factor: show it");
        return Ok(work.undo().await?.refuse_as(half(organization), problem).await?);
    }
    let (state, begun) = match new.method {
        Method::Totp => app(&standing.email, &*chance)?,
        Method::Webauthn => key(&services, &passkey::offer(&mut work.tx(), standing.user, &*chance).await?)?,
    };
    let (name, kind) = (named(new.name, new.method), kind(new.method));
    let challenge = NewChallenge {
        organization: Some(tenant),
        network: held.network.as_deref(),
        name: Some(&name),
        state: Some(&state),
        ..NewChallenge::of(kind, standing.user, held.generation, now)
    };
    let token = challenge::begin(&mut work.tx(), keys, &challenge, &*chance).await?;
    work.note(EventType::MfaEnrolmentBegun, Some(standing.user.into()), Outcome::Success, json!({ "method": word(new.method) }));
    let shown = shown(token, new.method, begun);
    Ok(work.commit(half(organization), answer(shown)).await?)
}

fn named(name: Option<Name>, method: Method) -> String {
    name.map_or_else(|| word(method).to_owned(), |name| name.trim().to_owned())
}

const fn kind(method: Method) -> Kind {
    match method {
        Method::Totp => Kind::Totp,
        Method::Webauthn => Kind::Passkey,
    }
}

/// What is kept of what was begun until it is shown to work, and what is told of it.
type Beginning = (Zeroizing<Vec<u8>>, Begun);

/// An authenticator app of the account with this address.
fn app(email: &str, chance: &dyn Chance) -> Result<Beginning, Failure> {
    let secret = totp::secret(chance);
    let shown = totp::shown(&secret, email)?;
    let begun =
        AppSecret { secret: SecretText(shown.secret), otpauth_uri: SecretText(shown.uri), qr_svg: SecretText(shown.qr_svg) };
    Ok((secret, Begun::App(begun)))
}

/// A passkey.
fn key(services: &Services, offer: &Offer) -> Result<Beginning, Failure> {
    let party = services.accounts.party()?;
    let asked = passkey::enrol(party, &offer.handle)?;
    let creation_options = Box::new(options::creation(party, offer, &asked));
    Ok((Zeroizing::new(asked.state), Begun::Passkey { creation_options }))
}

fn shown(token: Secret, method: Method, begun: Begun) -> Enrolment {
    Enrolment { mfa_token: SecretText(token), method, expires_in: challenge::LIFE.as_secs(), begun }
}
