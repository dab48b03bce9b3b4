//! What devices without a browser ask and are told (RFC 8628), and what people decide about them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::SecretText;
use crate::{
    describe::{Body, Known},
    validate::{Faults, Validate},
};

/// The longest scope parameter.
const MOST_SCOPE: usize = 2_048;
/// How many targets may be named (RFC 8707), and how long each may be.
const MOST_RESOURCES: usize = 8;
const MOST_RESOURCE: usize = 512;
/// How much of a code that somebody entered is looked at.
const MOST_CODE: usize = 32;

/// What a device asks for.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DeviceRequest {
    /// What its token shall be good for, with blanks between; everything that the client may have if absent.
    pub scope: Option<String>,
    /// Where it shall be good (RFC 8707): one address; here if absent.
    pub resource: Vec<String>,
}

impl Validate for DeviceRequest {
    fn validate(&self, faults: &mut Faults) {
        faults.unless(self.scope.as_ref().is_none_or(|scope| scope.len() <= MOST_SCOPE), "scope", "is too long");
        let few = self.resource.len() <= MOST_RESOURCES && self.resource.iter().all(|resource| resource.len() <= MOST_RESOURCE);
        faults.unless(few, "resource", "is too long, or comes too often");
    }
}

impl Body for DeviceRequest {
    const LISTS: &'static [&'static str] = &["resource"];

    fn example(known: &Known) -> Value {
        json!({ "client_id": known.oauth.client_id, "scope": "openid" })
    }
}

/// What a device is told (RFC 8628, section 3.2).
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct DeviceAnswer {
    /// What it asks the token endpoint with.
    pub device_code: SecretText,
    /// What it shows its person.
    pub user_code: String,
    /// Where they enter that.
    pub verification_uri: String,
    /// The same with the code, for a picture that a telephone reads.
    pub verification_uri_complete: String,
    /// For how many seconds both codes are good.
    pub expires_in: u64,
    /// How many seconds it waits between two questions.
    pub interval: i32,
}

/// How the page of devices was come to.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceQuery {
    /// The code that the device shows.
    #[serde(default)]
    pub user_code: Option<String>,
}

impl Validate for DeviceQuery {
    fn validate(&self, faults: &mut Faults) {
        faults.unless(fits(self.user_code.as_deref().unwrap_or_default()), "user_code", "is too long");
    }
}

/// A code that somebody enters.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceCodeForm {
    /// The code.
    pub user_code: String,
}

impl Validate for DeviceCodeForm {
    fn validate(&self, faults: &mut Faults) {
        faults.unless(fits(&self.user_code), "/user_code", "is too long");
    }
}

impl Body for DeviceCodeForm {
    fn example(known: &Known) -> Value {
        json!({ "user_code": known.oauth.user_code })
    }
}

/// What somebody decides about a device.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceDecisionForm {
    /// The code that it shows.
    pub user_code: String,
    /// The organization where its client may work.
    pub organization: String,
    /// What they decide.
    pub decision: Decision,
}

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// The device may.
    Allow,
    /// It may not.
    Deny,
}

impl Validate for DeviceDecisionForm {
    fn validate(&self, faults: &mut Faults) {
        faults.unless(fits(&self.user_code), "/user_code", "is too long");
        faults.text("organization", &self.organization, 1, 63);
    }
}

impl Body for DeviceDecisionForm {
    fn example(known: &Known) -> Value {
        json!({ "user_code": known.oauth.user_code, "organization": known.oauth.organization, "decision": "allow" })
    }
}

const fn fits(code: &str) -> bool {
    code.len() <= MOST_CODE
}
