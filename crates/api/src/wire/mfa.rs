//! Second factors.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wardgraph_kernel::FactorId;

use super::{
    Name, SecretText,
    auth::{Tokens, token},
    passkey::{CreationOptions, Credential},
};
use crate::{
    describe::{Body, Known},
    validate::{Faults, Validate},
};

/// The longest name of a factor.
const MOST_NAME: usize = 100;
/// The longest code that is looked at.
const MOST_CODE_BYTES: usize = 64;

/// What a sign-in with the right password brings.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum SignIn {
    /// A session: its tokens.
    Tokens(Tokens),
    /// No session yet: a second factor is asked.
    Challenge(MfaChallenge),
}

/// A second factor is asked, or to be added first.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct MfaChallenge {
    /// `true`.
    pub mfa_required: bool,
    /// What stands for this sign-in until it is ended. It opens nothing by itself.
    pub mfa_token: SecretText,
    /// By what it can be ended: `totp`, `webauthn`, `recovery_code`. Empty for an account that has to add a factor first.
    pub methods: Vec<String>,
    /// What the account can add at `/api/v1/auth/mfa/enrol`, as its organization requires a second factor and it has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub enrol: Vec<String>,
    /// How many seconds it waits.
    pub expires_in: u64,
}

/// A kind of second factor that can be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Codes of an authenticator app (RFC 6238).
    Totp,
    /// A passkey (WebAuthn Level 3).
    Webauthn,
}

/// A second factor that is to be added.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFactor {
    /// Its kind.
    pub method: Method,
    /// What its owner calls it, 1 to 100 characters; what it is, if absent.
    #[serde(default)]
    pub name: Option<Name>,
}

fn named(faults: &mut Faults, name: Option<&Name>) {
    if let Some(name) = name {
        faults.name("/name", name, 1, MOST_NAME);
        faults.unless(!name.trim().is_empty(), "/name", "must not be blank");
    }
}

impl Validate for NewFactor {
    fn validate(&self, faults: &mut Faults) {
        named(faults, self.name.as_ref());
    }
}

impl Body for NewFactor {
    fn example(_: &Known) -> Value {
        json!({ "method": "totp", "name": "phone" })
    }
}

/// A second factor that is to be added while signing in.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEnrolment {
    /// The token of the sign-in.
    pub mfa_token: SecretText,
    /// The factor's kind.
    pub method: Method,
    /// What its owner calls it, 1 to 100 characters; what it is, if absent.
    #[serde(default)]
    pub name: Option<Name>,
}

impl Validate for NewEnrolment {
    fn validate(&self, faults: &mut Faults) {
        token(faults, "/mfa_token", &self.mfa_token);
        named(faults, self.name.as_ref());
    }
}

impl Body for NewEnrolment {
    fn example(known: &Known) -> Value {
        json!({ "mfa_token": known.account.mfa.enrolment_token, "method": "totp", "name": "phone" })
    }
}

/// A second factor that was begun to be added. Shown once.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Enrolment {
    /// What stands for it until its first code is shown to `/api/v1/auth/mfa/verify`.
    pub mfa_token: SecretText,
    /// Its kind.
    pub method: Method,
    /// How many seconds it waits.
    pub expires_in: u64,
    /// What it is made of.
    #[serde(flatten)]
    pub begun: Begun,
}

/// What a second factor is made of.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Begun {
    /// Of kind `totp`.
    App(AppSecret),
    /// Of kind `webauthn`.
    Passkey {
        /// What the browser is asked: `PublicKeyCredentialCreationOptionsJSON`.
        creation_options: Box<CreationOptions>,
    },
}

/// What an authenticator app is told.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AppSecret {
    /// What it makes codes from, in base32.
    pub secret: SecretText,
    /// The same as a link that apps open.
    pub otpauth_uri: SecretText,
    /// The same as a QR code: an SVG picture.
    pub qr_svg: SecretText,
}

/// A second factor that is shown: exactly one of its kinds.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// The token of the sign-in, or of the factor that is being added.
    pub mfa_token: SecretText,
    /// A code of an authenticator app: six digits.
    #[serde(default)]
    pub code: Option<SecretText>,
    /// A recovery code.
    #[serde(default)]
    pub recovery_code: Option<SecretText>,
    /// What the browser says of a passkey: `PublicKeyCredential.toJSON()`, as it is.
    #[serde(default)]
    pub credential: Option<Credential>,
    /// A refresh token of the session that the program has of this account still: it ends, for the one that begins takes its place.
    #[serde(default)]
    pub refresh_token: Option<SecretText>,
}

impl Validate for Shown {
    fn validate(&self, faults: &mut Faults) {
        token(faults, "/mfa_token", &self.mfa_token);
        let shown = [("/code", &self.code), ("/recovery_code", &self.recovery_code)];
        for (field, text) in shown {
            let fits = text.as_ref().is_none_or(|text| (1..=MOST_CODE_BYTES).contains(&text.expose().len()));
            faults.unless(fits, field, "must have 1 to 64 bytes");
        }
        if let Some(credential) = &self.credential {
            credential.check(faults, "/credential");
        }
        if let Some(held) = &self.refresh_token {
            token(faults, "/refresh_token", held);
        }
        let count = shown.iter().filter(|(_, text)| text.is_some()).count() + usize::from(self.credential.is_some());
        faults.unless(count == 1, "/code", "show one second factor: `code`, `recovery_code` or `credential`");
    }
}

impl Body for Shown {
    fn example(known: &Known) -> Value {
        json!({ "mfa_token": known.account.mfa.mfa_token, "code": known.account.mfa.code })
    }
}

/// What became of a second factor that was right.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Verified {
    /// It was shown for the first time, and counts from now on.
    Enabled(Enabled),
    /// It ended a sign-in.
    SignedIn(SignedIn),
}

/// A second factor counts from now on.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Enabled {
    /// Its kind.
    pub enabled: String,
    /// Its id.
    pub factor_id: FactorId,
    /// Ten codes, each of which opens the account once in place of another factor. Shown here and never again; absent for an account that has
    /// some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery_codes: Option<Vec<SecretText>>,
    /// The tokens of the session that begins, where it was added while signing in.
    #[serde(flatten)]
    pub tokens: Option<Tokens>,
}

/// A session begins.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SignedIn {
    /// Its tokens.
    #[serde(flatten)]
    pub tokens: Tokens,
    /// How many recovery codes are left, where one was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery_codes_left: Option<i64>,
}

/// A second factor of the caller's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Factor {
    /// Its id.
    pub id: FactorId,
    /// Its kind: `totp` or `webauthn`.
    pub method: String,
    /// What its owner calls it.
    pub name: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last ended a sign-in.
    pub last_used_at: Option<Timestamp>,
    /// Whether a passkey was copied to other devices of its owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synced: Option<bool>,
    /// When a passkey's counter went back: there may be a copy of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counter_went_back_at: Option<Timestamp>,
}

/// What the caller shows besides the password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FactorList {
    /// The factors, the oldest first.
    pub factors: Vec<Factor>,
    /// How many.
    pub count: usize,
    /// How many recovery codes are good still.
    pub recovery_codes_left: i64,
    /// Whether an organization of the caller's requires a second factor.
    pub required: bool,
}

/// Another name for a second factor.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FactorChange {
    /// What its owner calls it, 1 to 100 characters.
    pub name: Name,
}

impl Validate for FactorChange {
    fn validate(&self, faults: &mut Faults) {
        named(faults, Some(&self.name));
    }
}

impl Body for FactorChange {
    fn example(_: &Known) -> Value {
        json!({ "name": "old phone" })
    }
}

/// New recovery codes. They are shown here, and never again.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RecoveryCodes {
    /// Ten codes, each of which opens the account once in place of another factor.
    pub recovery_codes: Vec<SecretText>,
}

/// Whether an organization requires a second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MfaRequirement {
    /// Whether everyone who works in it must show one.
    pub required: bool,
}

impl Validate for MfaRequirement {
    fn validate(&self, _: &mut Faults) {}
}

impl Body for MfaRequirement {
    fn example(_: &Known) -> Value {
        json!({ "required": false })
    }
}
