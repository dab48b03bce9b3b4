//! Administrators of the server in an organization's content, for a while and for a reason.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wardgraph_kernel::{ElevationId, UserId};

use super::{Name, SecretText};
use crate::{
    describe::{Body, Known},
    validate::{Faults, Validate},
};

/// The longest that one lasts: an hour, in seconds.
const MOST_LIFE_S: i64 = 3_600;

/// Why an administrator wants in, and for how long.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewElevation {
    /// Why, in 3 to 500 characters: the organization's owners read it.
    pub reason: Name,
    /// For how many seconds, 60 to 3,600; as long as a token lives if absent.
    #[serde(default)]
    pub expires_in: Option<i64>,
}

impl Validate for NewElevation {
    fn validate(&self, faults: &mut Faults) {
        faults.name("/reason", &self.reason, 3, 500);
        faults.unless(self.reason.chars().any(char::is_alphanumeric), "/reason", "must say something");
        let lives = self.expires_in.is_none_or(|life| (60..=MOST_LIFE_S).contains(&life));
        faults.unless(lives, "/expires_in", "must be a minute to an hour");
    }
}

impl Body for NewElevation {
    fn example(_: &Known) -> Value {
        json!({ "reason": "ticket 4711: search finds nothing", "expires_in": 900 })
    }
}

/// A way in. The token is shown here, and never again.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct IssuedElevation {
    /// Its id.
    pub id: ElevationId,
    /// Where: an organization.
    pub organization_id: String,
    /// What opens it.
    pub access_token: SecretText,
    /// `Bearer`; `DPoP` where the session's own tokens are bound to a key.
    pub token_type: String,
    /// For how many seconds.
    pub expires_in: u64,
    /// What may be done, with blanks between.
    pub scope: String,
}

/// A way in, as the organization sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Elevation {
    /// Its id.
    pub id: ElevationId,
    /// Whose: an account.
    pub administrator_id: UserId,
    /// How the administrator was called then.
    pub administrator_name: String,
    /// Why.
    pub reason: String,
    /// What might be done.
    pub scopes: Vec<String>,
    /// From when.
    pub created_at: Timestamp,
    /// Until when at the latest; with the administrator's session, if that ended before.
    pub expires_at: Timestamp,
    /// When it was closed before its time.
    pub ended_at: Option<Timestamp>,
    /// By whom: an account; null for whoever runs the server.
    pub ended_by: Option<UserId>,
}

/// Which ways in to list.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ElevationFilter {
    /// How many, 1 to 1,000; 100 if absent.
    #[schemars(range(min = 1, max = 1_000))]
    pub limit: Option<i64>,
    /// Where to go on: `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl Validate for ElevationFilter {
    fn validate(&self, _: &mut Faults) {}
}

/// One page of ways in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ElevationPage {
    /// The newest first.
    pub elevations: Vec<Elevation>,
    /// How many there are on this page.
    pub count: usize,
    /// Where the next page begins; null on the last.
    pub next_cursor: Option<String>,
}
