//! Passkeys: what authenticators are asked, and whether they did it.

use serde_json::json;
use wardgraph_api::{
    FieldError, Json, Problem,
    table::passkeys::BeginPasskey,
    wire::{
        SecretText,
        passkey::{Credential, PasskeyBeginning, PasskeyBegun},
    },
};
use wardgraph_gate::{Ceremony, CeremonyWork, Committed, Tx, UndoneCeremony};
use wardgraph_identity::{
    challenge::{self, Held},
    mail::{Notice, notify},
    passkey::{self, Proof, Refusal, Stored},
    session::{HARDWARE_KEY, PRESENT, SOFTWARE_KEY},
};
use wardgraph_kernel::{Chance, Endpoint, EventType, Identity, Outcome, Secret, TenantId, Timestamp};

use super::{
    half, options, over,
    verify::{Proved, Trial},
};
use crate::{Failure, Services};

pub(crate) async fn begin(
    pass: Ceremony<BeginPasskey>,
    Json(body): Json<PasskeyBeginning>,
    services: Services,
) -> Result<Committed<BeginPasskey>, Failure> {
    let (now, chance) = (pass.now(), pass.chance());
    let mut work = pass.begin()?;
    match ask(&mut work, body.mfa_token.map(|token| token.0), &services, now, &*chance).await? {
        Some((organization, begun)) => {
            work.note(EventType::PasskeyAsked, None, Outcome::Success, json!({ "alone": organization.is_none() }));
            Ok(work.commit(half(organization), Json(begun)).await?)
        }
        None => Ok(work.refuse(over()).await?),
    }
}

/// Asks for any passkey, or for one of the account whose sign-in the token stands for. `None` if that is over.
pub(crate) async fn ask<E: Endpoint>(
    work: &mut CeremonyWork<E>,
    token: Option<Secret>,
    services: &Services,
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<Option<(Option<TenantId>, PasskeyBegun)>, Failure> {
    let (party, keys) = (services.accounts.party()?, &services.accounts.keys);
    let Some(token) = token else {
        let asked = passkey::begin_alone(party)?;
        let token = challenge::offer(keys, &asked.state, now, chance)?;
        let request_options = options::request(party, None, &asked);
        return Ok(Some((None, PasskeyBegun { mfa_token: SecretText(token), request_options })));
    };
    let Some(id) = challenge::read(keys, token.expose()) else { return Ok(None) };
    let Some(waiting) = challenge::waiting(&mut work.tx(), id, now).await? else { return Ok(None) };
    let allowed = passkey::allowed(&mut work.tx(), waiting.user).await?;
    if allowed.is_empty() {
        return Err(Problem::conflict("the account has no passkey").into());
    }
    let asked = passkey::begin_second(party, &allowed)?;
    challenge::keep_state(&mut work.tx(), keys, id, &asked.state).await?;
    let request_options = options::request(party, Some(&allowed), &asked);
    Ok(Some((waiting.organization, PasskeyBegun { mfa_token: SecretText(token), request_options })))
}

/// A passkey that is not believed.
pub(super) struct Turned {
    pub(super) why: Refusal,
    /// The passkey that it claims to be, if there is one.
    pub(super) claimed: Option<Box<Stored>>,
}

impl From<Refusal> for Turned {
    fn from(why: Refusal) -> Self {
        Self { why, claimed: None }
    }
}

/// Judges what a browser says after the password: a passkey of the account, that signed what was asked last.
pub(super) async fn judge(
    tx: &mut Tx<'_, Identity>,
    trial: &Trial<'_>,
    held: &Held,
    shown: &Credential,
) -> Result<Result<Proved, Turned>, Failure> {
    let Some(state) = held.asked(&trial.services.accounts.keys)? else { return Ok(Err(Refusal::Challenge.into())) };
    let stored = match claimed(tx, shown).await? {
        Ok(stored) if stored.user == trial.user => stored,
        Ok(_) => return Ok(Err(Refusal::Unknown.into())),
        Err(turned) => return Ok(Err(turned)),
    };
    match passkey::prove(trial.services.accounts.party()?, &state, false, &shown.0, &stored.kept) {
        Ok(proof) => {
            passkey::note_use(tx, stored.id, &proof, trial.now).await?;
            Ok(Ok(Proved { amr: methods(proof.syncs), codes_left: None }))
        }
        Err(why) => Ok(Err(Turned { why, claimed: Some(Box::new(stored)) })),
    }
}

/// The passkey that a browser says it used; believed by nobody yet.
pub(super) async fn claimed(tx: &mut Tx<'_, Identity>, shown: &Credential) -> Result<Result<Stored, Turned>, Failure> {
    let Some(id) = passkey::claims(&shown.0) else { return Ok(Err(Refusal::Malformed.into())) };
    Ok(passkey::stored(tx, &id).await?.ok_or_else(|| Refusal::Unknown.into()))
}

/// Judges a passkey that is the only factor.
pub(super) fn prove_alone(
    services: &Services,
    held: &Held,
    shown: &Credential,
    stored: &Stored,
) -> Result<Result<Proof, Refusal>, Failure> {
    let state = held.state(&services.accounts.keys)?;
    Ok(passkey::prove(services.accounts.party()?, &state, true, &shown.0, &stored.kept))
}

/// What a passkey adds to `amr`.
pub(super) const fn methods(syncs: bool) -> &'static [&'static str] {
    if syncs { &[SOFTWARE_KEY, PRESENT] } else { &[HARDWARE_KEY, PRESENT] }
}

/// Has on record why a passkey was not believed; of one whose counter went back its owner is told, unless passkeys are locked: they know
/// already that somebody tries.
pub(super) async fn note<E: Endpoint>(
    work: &mut UndoneCeremony<E>,
    turned: &Turned,
    locked: bool,
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<(), Failure> {
    let subject = turned.claimed.as_ref().map(|stored| stored.id.into());
    if let (Refusal::Counter, Some(stored)) = (turned.why, &turned.claimed) {
        passkey::note_back(&mut work.tx(), stored.id, now).await?;
        if !locked {
            notify(&mut work.tx(), Some(stored.user), Notice::PasskeyWentBack, now, chance).await?;
        }
        work.note(EventType::PasskeyWentBack, subject.clone(), Outcome::Refused, json!({}));
    }
    let reason = if locked { "locked" } else { turned.why.word() };
    work.note(EventType::PasskeyRefused, subject, Outcome::Refused, json!({ "reason": reason }));
    Ok(())
}

/// What is told to whoever adds a passkey that is not what was asked.
pub(super) fn unfit(why: Refusal) -> Problem {
    Problem::invalid("see `errors`").fields(vec![FieldError::new("/credential", why.to_string())])
}
