//! Registering, signing in, and mailed links.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Name, SecretText};
use crate::{
    describe::{Body, Known},
    validate::{Faults, Validate},
};

/// The longest address.
const MOST_EMAIL: usize = 254;
/// The longest password that is looked at; one that is set may have 256 characters.
const MOST_PASSWORD_BYTES: usize = 4_096;
/// The longest token.
const MOST_TOKEN_BYTES: usize = 512;

pub(super) fn password(faults: &mut Faults, field: &str, password: &SecretText) {
    let length = password.expose().len();
    faults.unless((1..=MOST_PASSWORD_BYTES).contains(&length), field, "must have 1 to 4,096 bytes");
}

pub(super) fn email(faults: &mut Faults, field: &str, email: &str) {
    faults.text(field, email, 3, MOST_EMAIL);
}

pub(super) fn token(faults: &mut Faults, field: &str, token: &SecretText) {
    let length = token.expose().len();
    faults.unless((1..=MOST_TOKEN_BYTES).contains(&length), field, "must have 1 to 512 bytes");
}

/// A person who would have an account.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    /// The e-mail address. Its case does not count.
    pub email: String,
    /// The password: 12 to 256 characters, of any kind, that would not be guessed soon.
    pub password: SecretText,
    /// How the person is called, 1 to 200 characters.
    pub name: Name,
}

impl Validate for NewAccount {
    fn validate(&self, faults: &mut Faults) {
        email(faults, "/email", &self.email);
        password(faults, "/password", &self.password);
        faults.name("/name", &self.name, 1, 200);
        faults.unless(!self.name.trim().is_empty(), "/name", "must not be blank");
    }
}

impl Body for NewAccount {
    fn example(_: &Known) -> Value {
        json!({ "email": "grace@example.com", "password": "vowel-otter-sixteen-lamp", "name": "Grace Hopper" })
    }
}

/// What becomes of a request whose outcome is told by mail alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Receipt {
    /// `accepted`, whether anybody has the address or not.
    pub status: String,
    /// Whether an account must show that its address is its owner's before it can sign in.
    pub verification_required: bool,
}

/// Who signs in.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// The e-mail address.
    pub email: String,
    /// The password.
    pub password: SecretText,
    /// The organization to work in, by its id; the account's first one if none is named.
    #[serde(default)]
    pub organization: Option<String>,
    /// A refresh token of the session that the program has of this account still: it ends, for the one that begins takes its place.
    #[serde(default)]
    pub refresh_token: Option<SecretText>,
}

impl Validate for Credentials {
    fn validate(&self, faults: &mut Faults) {
        email(faults, "/email", &self.email);
        password(faults, "/password", &self.password);
        if let Some(organization) = &self.organization {
            faults.text("/organization", organization, 1, 63);
        }
        if let Some(held) = &self.refresh_token {
            token(faults, "/refresh_token", held);
        }
    }
}

impl Body for Credentials {
    fn example(known: &Known) -> Value {
        json!({ "email": known.account.email, "password": known.account.password })
    }
}

/// Tokens of a session.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Tokens {
    /// What calls are made with: a JSON Web Token (RFC 9068).
    pub access_token: SecretText,
    /// What the next tokens are got with, once. Sent again by the same client within moments, it brings the same again; by anybody else, it ends
    /// the session.
    pub refresh_token: SecretText,
    /// `Bearer`.
    pub token_type: String,
    /// How many seconds the access token lives.
    pub expires_in: u64,
}

/// The token that was got last.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Refreshing {
    /// The refresh token.
    pub refresh_token: SecretText,
}

impl Validate for Refreshing {
    fn validate(&self, faults: &mut Faults) {
        token(faults, "/refresh_token", &self.refresh_token);
    }
}

impl Body for Refreshing {
    fn example(known: &Known) -> Value {
        json!({ "refresh_token": known.account.refresh_token })
    }
}

/// A mailed link that was followed.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Followed {
    /// Its token.
    #[serde(default)]
    pub token: Option<SecretText>,
}

impl Validate for Followed {
    fn validate(&self, _: &mut Faults) {}
}

/// The token of a mailed link, and the password of the registration that it was mailed for.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Verification {
    /// The token.
    pub token: SecretText,
    /// The password that was chosen: whoever has the address and not the password registered nothing.
    pub password: SecretText,
}

impl Validate for Verification {
    fn validate(&self, faults: &mut Faults) {
        token(faults, "/token", &self.token);
        password(faults, "/password", &self.password);
    }
}

impl Body for Verification {
    fn example(known: &Known) -> Value {
        json!({ "token": known.account.verify_token, "password": known.account.password })
    }
}

/// Who would set the password anew.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetRequest {
    /// The e-mail address.
    pub email: String,
}

impl Validate for ResetRequest {
    fn validate(&self, faults: &mut Faults) {
        email(faults, "/email", &self.email);
    }
}

impl Body for ResetRequest {
    fn example(known: &Known) -> Value {
        json!({ "email": known.account.email })
    }
}

/// A new password, and the token of the mailed link that allows it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordReset {
    /// The token.
    pub token: SecretText,
    /// The new password.
    pub new_password: SecretText,
}

impl Validate for PasswordReset {
    fn validate(&self, faults: &mut Faults) {
        token(faults, "/token", &self.token);
        password(faults, "/new_password", &self.new_password);
    }
}

impl Body for PasswordReset {
    fn example(known: &Known) -> Value {
        json!({ "token": known.account.reset_token, "new_password": "marble-tunnel-ferry-quilt" })
    }
}
