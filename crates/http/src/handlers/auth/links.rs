//! Mailed links: an address that is its owner's, a password that is set anew.

use std::time::Instant;

use serde_json::json;
use wardgraph_api::{
    Accepted, FieldError, Json, NoContent, Problem,
    table::auth::{ConfirmPasswordReset, RequestPasswordReset, VerifyEmail},
    wire::auth::{PasswordReset, Receipt, ResetRequest, Verification},
};
use wardgraph_gate::{Ceremony, Committed, Proven};
use wardgraph_identity::{
    Address, IdentityError, account,
    link::{self, Kind},
    mail::{self, Asked},
    session::{self, Why},
};
use wardgraph_kernel::{Endpoint, EventType, Outcome};
use wardgraph_tokens::{Revocation, revoke};

use super::{address, person, room_to_mail};
use crate::{Failure, Services, handlers::left};

pub(crate) async fn verify(
    pass: Ceremony<VerifyEmail>,
    Json(body): Json<Verification>,
    services: Services,
) -> Result<Committed<VerifyEmail>, Failure> {
    confirm_address(pass, body, services, NoContent).await
}

/// Shows that an address is its account's owner's, by the token of a mailed link.
pub(crate) async fn confirm_address<E: Endpoint>(
    pass: Ceremony<E>,
    body: Verification,
    services: Services,
    answer: E::Output,
) -> Result<Committed<E>, Failure> {
    let (accounts, now) = (&services.accounts, pass.now());
    let Some(id) = link::read(&accounts.keys, Kind::Verify, body.token.expose()) else {
        return Ok(pass.begin()?.refuse(spent()).await?);
    };
    // Looked at before it is used up: a password that was mistyped can be followed by the right one.
    let Some(said) = account::unconfirmed(&mut pass.look()?.tx(), id, now).await? else {
        return Ok(pass.begin()?.refuse(spent()).await?);
    };
    let counter = accounts.keys.counter_of_link(id);
    let locked = account::failed(&mut pass.look()?.tx(), &counter).await?.locks(now);
    // Whoever has the address clicks what is mailed to it. Only who knows the password registered, and would sign in with it.
    let matches = accounts.compare(Some(said.verifier.clone()), &body.password, pass.chance()).await?.matches;
    if !matches || locked {
        let mut work = pass.begin()?.undo().await?;
        account::count(&mut work.tx(), &counter, i32::from(!locked), now).await?;
        return Ok(work.refuse(not_chosen()).await?);
    }
    let mut work = pass.begin()?;
    // Whoever guesses with many at once gains nothing, as at the door.
    if work.tx().ask(account::clear(&counter)).await?.locks(now) {
        return Ok(work.refuse(not_chosen()).await?);
    }
    let taken = link::take(&mut work.tx(), Kind::Verify, id, now).await?;
    if taken.is_none() || !account::confirm(&mut work.tx(), &said, now).await? {
        return Ok(work.refuse(spent()).await?);
    }
    let user = said.user;
    if said.name.is_some() {
        // Whoever registered the address before showed nothing, and is out.
        let generation = session::end_all(&mut work.tx(), user, Why::Password, now).await?;
        revoke(&mut work.tx(), Revocation::User { id: &user.to_string(), generation }, now).await?;
        left::by_link(&mut work, (user, None), "registered_again", now).await?;
    }
    let payload = json!({ "registered_again": said.name.is_some() });
    work.note(EventType::UserVerified, Some(user.into()), Outcome::Success, payload);
    let home = account::home(&mut work.tx(), user).await?;
    Ok(work.commit(person(user, home), answer).await?)
}

pub(crate) async fn request(
    pass: Ceremony<RequestPasswordReset>,
    Json(body): Json<ResetRequest>,
    services: Services,
) -> Result<Committed<RequestPasswordReset>, Failure> {
    ask(pass, body, services, Accepted).await
}

/// Mails a link by which a password is set anew, if anybody has the address. `answer` is made of the same receipt in either case.
pub(crate) async fn ask<E: Endpoint>(
    pass: Ceremony<E>,
    body: ResetRequest,
    services: Services,
    answer: impl FnOnce(Receipt) -> E::Output + Send,
) -> Result<Committed<E>, Failure> {
    let (began, accounts) = (Instant::now(), &services.accounts);
    let (email, now, chance) = (address(&body.email)?, pass.now(), pass.chance());
    room_to_mail(mail::is_full(&mut pass.look()?.tx()).await?)?;
    let mut work = pass.begin()?;
    let mailed = mail::admits(&mut work.tx(), &accounts.keys, Asked::Password, &email, now).await?;
    let user = account::request_reset(&mut work.tx(), &email, mailed, now, &*chance).await?;
    let outcome = if user.is_some() { Outcome::Success } else { Outcome::Refused };
    work.note(EventType::ResetRequested, user.map(Into::into), outcome, json!({}));
    let receipt = Receipt { status: "accepted".into(), verification_required: accounts.verifies };
    // Whoever asked showed nothing yet: it is nobody's doing.
    let done = work.commit(Proven::nobody(), answer(receipt)).await?;
    accounts.on_the_beat(began).await;
    Ok(done)
}

pub(crate) async fn confirm(
    pass: Ceremony<ConfirmPasswordReset>,
    Json(body): Json<PasswordReset>,
    services: Services,
) -> Result<Committed<ConfirmPasswordReset>, Failure> {
    set_anew(pass, body, services, NoContent).await
}

/// Sets a password anew, by the token of a mailed link.
pub(crate) async fn set_anew<E: Endpoint>(
    pass: Ceremony<E>,
    body: PasswordReset,
    services: Services,
    answer: E::Output,
) -> Result<Committed<E>, Failure> {
    let (accounts, now, chance, network) = (&services.accounts, pass.now(), pass.chance(), pass.network());
    let Some(id) = link::read(&accounts.keys, Kind::Reset, body.token.expose()) else {
        return Ok(pass.begin()?.refuse(spent()).await?);
    };
    // Looked at before it is used up: a password that is too weak can be followed by another.
    let Some(owner) = link::look(&mut pass.look()?.tx(), Kind::Reset, id, now).await? else {
        return Ok(pass.begin()?.refuse(spent()).await?);
    };
    let words = [owner.email.clone(), owner.name];
    let verifier = accounts.verifier(&body.new_password, words, "/new_password", chance.clone()).await?;
    let mut work = pass.begin()?;
    let Some(owner) = link::take(&mut work.tx(), Kind::Reset, id, now).await? else {
        return Ok(work.refuse(spent()).await?);
    };
    let email = Address::parse(&owner.email).ok_or(IdentityError::Unreadable("an account's address"))?;
    let (anywhere, here) = (accounts.keys.counter(&email), accounts.keys.counter_at(&email, &network));
    account::set_password(&mut work.tx(), owner.user, &verifier, &[&anywhere, &here], now, &*chance).await?;
    let generation = session::end_all(&mut work.tx(), owner.user, Why::Password, now).await?;
    revoke(&mut work.tx(), Revocation::User { id: &owner.user.to_string(), generation }, now).await?;
    work.note(EventType::PasswordReset, Some(owner.user.into()), Outcome::Success, json!({}));
    // Whoever forgot the password invites and agrees anew; whoever had it stolen knows of no invitation and no agreement.
    left::by_link(&mut work, (owner.user, None), "password_reset", now).await?;
    let home = account::home(&mut work.tx(), owner.user).await?;
    Ok(work.commit(person(owner.user, home), answer).await?)
}

/// A link that is no good, whyever.
pub(super) fn spent() -> Problem {
    let fault = FieldError::new("/token", "was used, is too old, or is no link of this server: ask for another");
    Problem::invalid("see `errors`").fields(vec![fault])
}

/// Somebody followed a link to the own address with another password than the one that was registered with.
fn not_chosen() -> Problem {
    let detail = "is not the one that was registered with, or was wrong too often: follow the newest link, or ask for a new password, which confirms the address as well";
    Problem::invalid("see `errors`").fields(vec![FieldError::new("/password", detail)])
}
