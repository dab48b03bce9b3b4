//! The two ceremonies of WebAuthn Level 3, as functions of plain data: 7.1 makes a passkey, 7.2 proves that somebody has it.

use std::{
    num::NonZeroU32,
    panic::{AssertUnwindSafe, catch_unwind},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};
use webauthn_rp::{
    AuthenticatedCredential, DiscoverableAuthentication64, DiscoverableAuthenticationServerState,
    DiscoverableCredentialRequestOptions, NonDiscoverableAuthentication64, NonDiscoverableAuthenticationServerState,
    NonDiscoverableCredentialRequestOptions, PublicKeyCredentialCreationOptions, Registration, RegistrationServerState,
    bin::{Decode, Encode},
    request::{
        Challenge, Credentials, PublicKeyCredentialDescriptor, UserVerificationRequirement,
        auth::{AllowedCredentials, AuthenticationVerificationOptions},
        register::{
            CoseAlgorithmIdentifier, CoseAlgorithmIdentifiers, RegistrationVerificationOptions, ResidentKeyRequirement,
            UserHandle64,
        },
    },
    response::{
        AuthTransports, AuthenticatorAttachment, AuthenticatorTransport, Backup, CredentialId,
        register::{CompressedPubKey, DynamicState, StaticState},
    },
};

use super::{Asked, Descriptor, Refusal, RelyingParty, WITHIN};
use crate::IdentityError;

/// What a browser sends: `PublicKeyCredential.toJSON()`, as it is.
type Sent = Map<String, Value>;
type Key = StaticState<CompressedPubKey<[u8; 32], [u8; 32], [u8; 48], Vec<u8>>>;

/// Where the flags stand in authenticator data (6.1), and the one that says that its user was verified.
const FLAGS_AT: usize = 32;
const USER_VERIFIED: u8 = 1 << 2;

/// What an authenticator's key is known by.
#[derive(Debug, Clone)]
pub struct Kept {
    /// What the authenticator calls it.
    pub credential_id: Vec<u8>,
    /// Whom it is for there.
    pub handle: Vec<u8>,
    /// The public key with its algorithm.
    pub public_key: Vec<u8>,
    /// The signature counter.
    pub sign_count: u32,
    /// Whether it may be copied to other devices of its owner.
    pub syncs: bool,
    /// Whether it was.
    pub synced: bool,
    /// Whether the authenticator ever made sure who its user is.
    pub recognised: bool,
}

/// A passkey that an authenticator made just now.
#[derive(Debug, Clone)]
pub struct NewPasskey {
    /// What is to be kept of it.
    pub kept: Kept,
    /// How the authenticator is reached.
    pub transports: Vec<&'static str>,
}

/// What somebody proved who has a passkey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    /// Whether the authenticator made sure who its user is, this time.
    pub recognised: bool,
    /// Whether the passkey may be copied, so that it is a key in software (RFC 8176: `swk`, else `hwk`).
    pub syncs: bool,
    /// Whether it was copied.
    pub synced: bool,
    /// The signature counter.
    pub sign_count: u32,
}

/// What an authenticator is asked that is to make a passkey for the account of this handle.
pub fn enrol(party: &RelyingParty, handle: &[u8; 64]) -> Result<Asked, IdentityError> {
    let Ok(handle) = UserHandle64::decode(*handle);
    let mut options = PublicKeyCredentialCreationOptions::second_factor(&party.id, (&handle).into(), Vec::new());
    options.authenticator_selection.resident_key = ResidentKeyRequirement::Preferred;
    options.authenticator_selection.user_verification = UserVerificationRequirement::Preferred;
    options.extensions.cred_props = None;
    options.pub_key_cred_params = CoseAlgorithmIdentifiers::ALL.remove(CoseAlgorithmIdentifier::Es384);
    options.timeout = timeout();
    let challenge = text(&options.challenge)?;
    let (state, _) = options.start_ceremony().map_err(|_| broken())?;
    Ok(Asked { challenge, state: state.encode().map_err(|_| broken())? })
}

/// What an authenticator made, if it is what was asked.
pub fn register(party: &RelyingParty, state: &[u8], sent: &Sent) -> Result<NewPasskey, Refusal> {
    guarded(|| made(party, state, sent))
}

fn made(party: &RelyingParty, state: &[u8], sent: &Sent) -> Result<NewPasskey, Refusal> {
    // Whoever began under another version of this server begins again.
    let state = RegistrationServerState::<64>::decode(state).map_err(|_| Refusal::Late)?;
    let made = Registration::from_json_relaxed(&bytes(sent)).map_err(|_| Refusal::Malformed)?;
    let options = RegistrationVerificationOptions::<String, &str> {
        allowed_origins: &party.origins,
        // Authenticators add what they like (9.5): nothing of it is looked at.
        error_on_unsolicited_extensions: false,
        ..Default::default()
    };
    let (id, transports, handle, key, state, _) = state.verify(&party.id, &made, &options)?.into_parts();
    let Ok(public_key) = key.encode();
    let kept = Kept {
        credential_id: id.into_inner().to_vec(),
        handle: handle.as_ref().to_vec(),
        public_key,
        sign_count: state.sign_count,
        syncs: !matches!(state.backup, Backup::NotEligible),
        synced: matches!(state.backup, Backup::Exists),
        recognised: state.user_verified,
    };
    Ok(NewPasskey { kept, transports: words(transports) })
}

/// What an authenticator is asked, whosever it is: to make sure who its user is, and to tell.
pub fn begin_alone(party: &RelyingParty) -> Result<Asked, IdentityError> {
    let mut options = DiscoverableCredentialRequestOptions::passkey(&party.id);
    options.0.timeout = timeout();
    let challenge = text(&options.0.challenge)?;
    let (state, _) = options.start_ceremony().map_err(|_| broken())?;
    Ok(Asked { challenge, state: state.encode().map_err(|_| broken())? })
}

/// What an authenticator is asked that has one of these passkeys, after the password.
pub fn begin_second(party: &RelyingParty, allowed: &[Descriptor]) -> Result<Asked, IdentityError> {
    let mut list = AllowedCredentials::with_capacity(allowed.len());
    for one in allowed {
        let id = CredentialId::<Vec<u8>>::decode(one.id.clone()).map_err(|_| IdentityError::Unreadable("a passkey's id"))?;
        let transports = AuthTransports::decode(0).map_err(|_| broken())?;
        list.push(PublicKeyCredentialDescriptor { id, transports }.into());
    }
    let missing = |_| IdentityError::Missing("passkey");
    let mut options = NonDiscoverableCredentialRequestOptions::second_factor(&party.id, list).map_err(missing)?;
    options.options().user_verification = UserVerificationRequirement::Preferred;
    options.options().timeout = timeout();
    let challenge = text(&options.options().challenge)?;
    let (state, _) = options.start_ceremony().map_err(|_| broken())?;
    Ok(Asked { challenge, state: state.encode().map_err(|_| broken())? })
}

/// Which passkey a browser says that it used; nobody has believed it yet.
pub fn claims(sent: &Sent) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(sent.get("rawId")?.as_str()?).ok()
}

/// Judges what an authenticator signed that was asked by [`begin_alone`] (`alone`) or [`begin_second`].
pub fn prove(party: &RelyingParty, state: &[u8], alone: bool, sent: &Sent, kept: &Kept) -> Result<Proof, Refusal> {
    // The library takes an answer without one for one that has it, and ends in a panic.
    let told = sent.get("response").and_then(|response| response.get("userHandle")).is_some_and(Value::is_string);
    if alone && !told {
        return Err(Refusal::Malformed);
    }
    guarded(|| shown(party, state, alone, sent, kept))
}

fn shown(party: &RelyingParty, state: &[u8], alone: bool, sent: &Sent, kept: &Kept) -> Result<Proof, Refusal> {
    let handle = <[u8; 64]>::try_from(kept.handle.as_slice()).map_err(|_| Refusal::Unknown)?;
    let Ok(handle) = UserHandle64::decode(handle);
    let key = Key::decode(&kept.public_key).map_err(|_| Refusal::Unknown)?;
    let known = DynamicState {
        user_verified: kept.recognised,
        backup: match (kept.syncs, kept.synced) {
            (false, _) => Backup::NotEligible,
            (true, false) => Backup::Eligible,
            (true, true) => Backup::Exists,
        },
        sign_count: kept.sign_count,
        authenticator_attachment: AuthenticatorAttachment::None,
    };
    let id = CredentialId::<&[u8]>::decode(&kept.credential_id).map_err(|_| Refusal::Unknown)?;
    let mut credential = AuthenticatedCredential::new(id, &handle, key, known).map_err(|_| Refusal::Unknown)?;
    let options = AuthenticationVerificationOptions::<String, &str> {
        allowed_origins: &party.origins,
        error_on_unsolicited_extensions: false,
        update_uv: true,
        ..Default::default()
    };
    let sent = bytes(sent);
    let recognised = if alone {
        let state = DiscoverableAuthenticationServerState::decode(state).map_err(|_| Refusal::Late)?;
        let shown = DiscoverableAuthentication64::from_json_relaxed(&sent).map_err(|_| Refusal::Malformed)?;
        state.verify(&party.id, &shown, &mut credential, &options)?;
        verified(shown.response().authenticator_data())
    } else {
        let state = NonDiscoverableAuthenticationServerState::decode(state).map_err(|_| Refusal::Late)?;
        let shown = NonDiscoverableAuthentication64::from_json_relaxed(&sent).map_err(|_| Refusal::Malformed)?;
        state.verify(&party.id, &shown, &mut credential, &options)?;
        verified(shown.response().authenticator_data())
    };
    let now = credential.dynamic_state();
    Ok(Proof { recognised, syncs: kept.syncs, synced: matches!(now.backup, Backup::Exists), sign_count: now.sign_count })
}

/// The library ends in a panic where it finds that it is wrong itself: whatever brings it there is refused, and nothing else ends with it.
fn guarded<T>(judge: impl FnOnce() -> Result<T, Refusal>) -> Result<T, Refusal> {
    catch_unwind(AssertUnwindSafe(judge)).unwrap_or(Err(Refusal::Broken))
}

fn verified(data: &[u8]) -> bool {
    data.get(FLAGS_AT).is_some_and(|flags| flags & USER_VERIFIED != 0)
}

fn bytes(sent: &Sent) -> Vec<u8> {
    // A map of JSON always is JSON.
    serde_json::to_vec(sent).unwrap_or_default()
}

fn text(challenge: &Challenge) -> Result<String, IdentityError> {
    match serde_json::to_value(challenge) {
        Ok(Value::String(text)) => Ok(text),
        _ => Err(broken()),
    }
}

fn timeout() -> NonZeroU32 {
    u32::try_from(WITHIN.as_millis()).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MAX)
}

/// The clock stands before 1970, or past what it can count to.
const fn broken() -> IdentityError {
    IdentityError::Unreadable("a passkey's challenge")
}

fn words(transports: AuthTransports) -> Vec<&'static str> {
    let all = [
        (AuthenticatorTransport::Ble, "ble"),
        (AuthenticatorTransport::Hybrid, "hybrid"),
        (AuthenticatorTransport::Internal, "internal"),
        (AuthenticatorTransport::Nfc, "nfc"),
        (AuthenticatorTransport::SmartCard, "smart-card"),
        (AuthenticatorTransport::Usb, "usb"),
    ];
    all.into_iter().filter(|(transport, _)| transports.contains(*transport)).map(|(_, word)| word).collect()
}
