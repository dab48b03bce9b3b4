//! Passkeys, in the JSON of WebAuthn Level 3: what browsers are asked goes through `parseCreationOptionsFromJSON` and
//! `parseRequestOptionsFromJSON`, what they answer comes from `PublicKeyCredential.toJSON`, both unchanged.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::SecretText;
use crate::{
    describe::{Body, Known},
    validate::{Faults, Validate},
};

/// The longest of what a browser sends of a passkey, in bytes of its texts.
const MOST_CREDENTIAL_BYTES: usize = 24 << 10;
/// The longest token of an act under way.
const MOST_TOKEN_BYTES: usize = 512;

/// What a browser says of a passkey: `PublicKeyCredential.toJSON()`, as it is. Its members are the browser's: `id`, `rawId`, `type` and
/// `response` are read, whatever else there is is passed over, as WebAuthn asks (5.1.8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Credential(pub Map<String, Value>);

impl Credential {
    /// Checks its size: how it is read is decided by whoever knows what was asked.
    pub fn check(&self, faults: &mut Faults, field: &str) {
        fn length(value: &Value) -> usize {
            match value {
                Value::String(text) => text.len(),
                Value::Array(items) => items.iter().map(length).sum(),
                Value::Object(members) => members.iter().map(|(name, value)| name.len() + length(value)).sum(),
                Value::Null | Value::Bool(_) | Value::Number(_) => 8,
            }
        }
        let long: usize = self.0.values().map(length).sum();
        faults.unless(long <= MOST_CREDENTIAL_BYTES, field, "must have at most 24 KiB");
    }
}

/// What an authenticator is asked that is to make a passkey: `PublicKeyCredentialCreationOptionsJSON`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreationOptions {
    /// Who asks.
    pub rp: Party,
    /// For whom.
    pub user: Holder,
    /// What is to be signed: chance, in base64url.
    pub challenge: String,
    /// The algorithms that are taken, the best first.
    pub pub_key_cred_params: Vec<Algorithm>,
    /// How long it may take, in milliseconds.
    pub timeout: u64,
    /// The passkeys that the account has: an authenticator with one of them makes no other.
    pub exclude_credentials: Vec<Descriptor>,
    /// What the authenticator is to be able to do.
    pub authenticator_selection: Selection,
    /// `none`: which make of authenticator it is, is not asked.
    pub attestation: String,
}

/// Who asks an authenticator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Party {
    /// The domain.
    pub id: String,
    /// What people are shown.
    pub name: String,
}

/// For whom a passkey is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Holder {
    /// Chance that stands for the account, in base64url.
    pub id: String,
    /// The account's e-mail address.
    pub name: String,
    /// The person's name.
    pub display_name: String,
}

/// An algorithm of signatures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Algorithm {
    /// `public-key`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its number in COSE's registry.
    pub alg: i32,
}

/// A passkey that there is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Descriptor {
    /// `public-key`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What its authenticator calls it, in base64url.
    pub id: String,
    /// How its authenticator is reached.
    pub transports: Vec<String>,
}

/// What an authenticator is to be able to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Selection {
    /// Whether it is to find the passkey by itself: without that, it is good as a second factor alone.
    pub resident_key: String,
    /// The same, as Level 1 had it.
    pub require_resident_key: bool,
    /// Whether it is to make sure who its user is.
    pub user_verification: String,
}

/// What an authenticator is asked that has a passkey: `PublicKeyCredentialRequestOptionsJSON`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RequestOptions {
    /// What is to be signed: chance, in base64url.
    pub challenge: String,
    /// How long it may take, in milliseconds.
    pub timeout: u64,
    /// The domain that asks.
    pub rp_id: String,
    /// The passkeys that may be used; empty for any of this domain that the authenticator finds by itself.
    pub allow_credentials: Vec<Descriptor>,
    /// `required` where the passkey is the only factor, else `preferred`.
    pub user_verification: String,
}

/// A sign-in by passkey that begins.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeyBeginning {
    /// The `mfa_token` of a sign-in that asked for a second factor; absent to sign in with a passkey alone.
    #[serde(default)]
    pub mfa_token: Option<SecretText>,
}

impl Validate for PasskeyBeginning {
    fn validate(&self, faults: &mut Faults) {
        let fits = self.mfa_token.as_ref().is_none_or(|token| (1..=MOST_TOKEN_BYTES).contains(&token.expose().len()));
        faults.unless(fits, "/mfa_token", "must have 1 to 512 bytes");
    }
}

impl Body for PasskeyBeginning {
    fn example(_: &Known) -> Value {
        json!({})
    }
}

/// A sign-in by passkey that began.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PasskeyBegun {
    /// What the sign-in is completed with, once, within ten minutes.
    pub mfa_token: SecretText,
    /// What the browser is asked.
    pub request_options: RequestOptions,
}
