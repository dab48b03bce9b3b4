//! What browsers are asked of passkeys.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use wardgraph_api::wire::passkey::{Algorithm, CreationOptions, Descriptor, Holder, Party, RequestOptions, Selection};
use wardgraph_identity::passkey::{self, Asked, Offer, RelyingParty, WITHIN};

/// EdDSA, ES256 and RS256, by COSE's numbers.
const ALGORITHMS: [i32; 3] = [-8, -7, -257];

/// What a browser is asked to have a passkey made.
pub(super) fn creation(party: &RelyingParty, offer: &Offer, asked: &Asked) -> CreationOptions {
    let algorithm = |alg| Algorithm { kind: KEY.into(), alg };
    CreationOptions {
        rp: Party { id: party.id().to_owned(), name: party.name().to_owned() },
        user: Holder { id: URL_SAFE_NO_PAD.encode(offer.handle), name: offer.email.clone(), display_name: offer.name.clone() },
        challenge: asked.challenge.clone(),
        pub_key_cred_params: ALGORITHMS.map(algorithm).into(),
        timeout: timeout(),
        exclude_credentials: offer.has.iter().map(descriptor).collect(),
        authenticator_selection: Selection {
            resident_key: "preferred".into(),
            require_resident_key: false,
            user_verification: "preferred".into(),
        },
        attestation: "none".into(),
    }
}

/// What a browser is asked to have one shown: any that its authenticator finds, or one of these.
pub(super) fn request(party: &RelyingParty, allowed: Option<&[passkey::Descriptor]>, asked: &Asked) -> RequestOptions {
    let verification = if allowed.is_some() { "preferred" } else { "required" };
    RequestOptions {
        challenge: asked.challenge.clone(),
        timeout: timeout(),
        rp_id: party.id().to_owned(),
        allow_credentials: allowed.unwrap_or_default().iter().map(descriptor).collect(),
        user_verification: verification.into(),
    }
}

/// The one type of credential that there is (WebAuthn Level 3, 5.8.2).
const KEY: &str = "public-key";

fn descriptor(passkey: &passkey::Descriptor) -> Descriptor {
    Descriptor { kind: KEY.into(), id: URL_SAFE_NO_PAD.encode(&passkey.id), transports: passkey.transports.clone() }
}

fn timeout() -> u64 {
    u64::try_from(WITHIN.as_millis()).unwrap_or(u64::MAX)
}
