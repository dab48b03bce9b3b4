//! "This was not me", as it is said.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{SecretText, auth::token};
use crate::{
    describe::{Body, Known},
    validate::{Faults, Validate},
};

/// The token of the link that came with the mail of a new second factor.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Disowning {
    /// The token.
    pub token: SecretText,
}

impl Validate for Disowning {
    fn validate(&self, faults: &mut Faults) {
        token(faults, "/token", &self.token);
    }
}

impl Body for Disowning {
    fn example(known: &Known) -> Value {
        json!({ "token": known.account.disown_token })
    }
}
