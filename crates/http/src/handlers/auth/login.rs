//! Signing in. Whatever is wrong, the answer is the same, and so is the work: one look, one hash, one count.

use std::net::IpAddr;

use serde_json::json;
use wardgraph_api::{
    Json, Problem,
    table::auth::Login,
    wire::{
        auth::Credentials,
        mfa::{MfaChallenge, SignIn},
    },
};
use wardgraph_gate::{Ceremony, Committed, Proven, Question};
use wardgraph_identity::{
    account::{self, Attempt, Found, Seat},
    challenge::{self, Kind, NewChallenge},
    factor::{self, Asked},
    mail::{Notice, notify},
    session::{PASSWORD, Proof},
};
use wardgraph_kernel::{Endpoint, EventType, Outcome, Timestamp, UserId};

use super::{
    address,
    beginning::Beginning,
    opening::{Opening, WithTokens},
    person,
    settling::settled,
};
use crate::{
    Failure, Services,
    handlers::{
        admitted::{let_in, outside},
        mfa,
    },
};

pub(crate) async fn login(
    pass: Ceremony<Login>,
    Json(credentials): Json<Credentials>,
    services: Services,
) -> Result<Committed<Login>, Failure> {
    let answer = |ending| {
        Json(match ending {
            Ending::Session(tokens) => SignIn::Tokens(tokens),
            Ending::Challenge(challenge) => SignIn::Challenge(challenge),
        })
    };
    let held = credentials.refresh_token.clone();
    sign_in(pass, credentials, services, WithTokens(held.as_ref()), answer).await
}

/// What the right password brings.
#[derive(Debug)]
pub(crate) enum Ending<B> {
    /// A session.
    Session(B),
    /// No session yet: a second factor is asked.
    Challenge(MfaChallenge),
}

/// Signs somebody in. `opening` says which kind of session begins.
pub(crate) async fn sign_in<E: Endpoint, O: Opening>(
    pass: Ceremony<E>,
    credentials: Credentials,
    services: Services,
    opening: O,
    answer: impl FnOnce(Ending<O::Begun>) -> E::Output + Send,
) -> Result<Committed<E>, Failure> {
    let accounts = &services.accounts;
    let (email, network, now) = (address(&credentials.email)?, pass.network(), pass.now());
    let attempt = Attempt {
        email: &email,
        counter: &accounts.keys.counter(&email),
        counter_at: &accounts.keys.counter_at(&email, &network),
        network: &network,
        organization: credentials.organization.as_deref(),
        now,
    };
    let found = account::find(&mut pass.look()?.tx(), &attempt).await?;
    let compared = accounts.compare(found.verifier.clone(), &credentials.password, pass.chance()).await?;
    let counter = if found.at_home { attempt.counter_at } else { attempt.counter };
    let locked = found.failures.locks(now);
    let may = !found.disabled && (found.verified || !accounts.verifies);
    let Some(user) = found.user.filter(|_| compared.matches && may && !locked) else {
        return failed(pass, counter, &found, !compared.matches && !locked).await;
    };

    let (chance, ip, device) = (pass.chance(), pass.ip(), pass.agent().to_owned());
    let mut work = pass.begin()?;
    // While the password was worked out it may have been changed, and others may have failed: whoever guesses with many at once gains nothing. What the
    // place asks is asked with it, once the account is held: a factor that was added by then is seen.
    let stands = account::stands(user, &found).failing_as::<Failure>();
    let question =
        stands.and(account::clear(counter)).and(Question::maybe(found.seat.as_ref().map(|seat| there(user, seat, ip, now))));
    let ((stands, failures), asked) = work.tx().ask(question).await?;
    if !stands || failures.locks(now) {
        let mut work = work.undo().await?;
        work.note(EventType::LoginFailed, Some(user.into()), Outcome::Refused, json!({ "account": short(counter) }));
        return Ok(work.refuse(wrong()).await?);
    }
    if let Some((old, new)) = found.verifier.as_ref().zip(compared.renewed.as_ref()) {
        account::rehash(&mut work.tx(), user, old, new).await?;
    }
    let seat = match found.seat {
        None if credentials.organization.is_none() => settled(&mut work, user, now, &*chance).await?,
        seat => seat,
    };
    let Some(seat) = seat else {
        let problem = Problem::forbidden("the account is no member of this organization");
        return Ok(work.undo().await?.refuse_as(person(user, None), problem).await?);
    };
    let (admitted, mut asked) = match asked {
        Some(asked) => asked,
        None => work.tx().ask(there(user, &seat, ip, now)).await?,
    };
    let Some(seat) = admitted else {
        return Ok(work.undo().await?.refuse_as(person(user, Some(seat.organization)), outside()).await?);
    };
    asked.required |= accounts.factors.required;
    if asked.is_more() {
        let network = found.at_home.then_some(network.as_str());
        let challenge = NewChallenge {
            organization: Some(&seat.organization),
            network,
            ..NewChallenge::of(Kind::Login, user, found.generation, now)
        };
        let token = challenge::begin(&mut work.tx(), &accounts.keys, &challenge, &*chance).await?;
        work.note(EventType::MfaRequired, Some(user.into()), Outcome::Success, json!({ "methods": asked.methods() }));
        // Half of who signs in is known.
        let who = Proven { tenant: Some(seat.organization), ..Proven::nobody() };
        let challenge = mfa::challenged(token, &asked, accounts.passkeys.is_some());
        return Ok(work.commit(who, answer(Ending::Challenge(challenge))).await?);
    }
    let proof = Proof::of(&[PASSWORD], now);
    let begun = Beginning { user, generation: found.generation, seat: &seat, device: &device, ip, network, proof, now };
    let (session, begun) = opening.begin(&mut work.tx(), &begun, &services, &*chance).await?;
    work.note(EventType::SessionCreated, Some(session.into()), Outcome::Success, json!({ "amr": [PASSWORD] }));
    Ok(work.commit(person(user, Some(seat.organization)), answer(Ending::Session(begun))).await?)
}

/// What is asked where somebody works: whether they are let in, and what they must show besides.
fn there(user: UserId, seat: &Seat, from: IpAddr, now: Timestamp) -> Question<'_, (Option<Seat>, Asked), Failure> {
    let_in(user, seat, from, now).failing_as::<Failure>().and(factor::asked(user, &seat.organization))
}

/// Counts a failure, or does what counting one costs, and refuses.
async fn failed<E: Endpoint>(pass: Ceremony<E>, counter: &[u8], found: &Found, counts: bool) -> Result<Committed<E>, Failure> {
    let (now, chance) = (pass.now(), pass.chance());
    let mut work = pass.begin()?.undo().await?;
    let failures = account::count(&mut work.tx(), counter, i32::from(counts), now).await?;
    let payload = json!({ "account": short(counter) });
    if counts && failures.begins_to_lock() {
        notify(&mut work.tx(), found.user, Notice::SignInsFail, now, &*chance).await?;
        work.note(EventType::LoginLocked, found.user.map(Into::into), Outcome::Refused, payload.clone());
    }
    work.note(EventType::LoginFailed, found.user.map(Into::into), Outcome::Refused, payload);
    Ok(work.refuse(wrong()).await?)
}

/// The one answer.
fn wrong() -> Problem {
    let problem = Problem::unauthenticated("the e-mail address or the password is wrong, or the account cannot sign in now");
    problem.challenge(r#"Bearer realm="wardgraph""#)
}

/// By what failures with one address are told to belong together in the log, without naming it.
fn short(counter: &[u8]) -> String {
    counter.first_chunk().map(|start| format!("{:016x}", u64::from_be_bytes(*start))).unwrap_or_default()
}
