//! API keys.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wardgraph_kernel::{ApiKeyId, Permission, Permissions};

use super::{Name, SecretText};
use crate::{
    describe::{Body, Known},
    validate::{Faults, Validate},
};

/// The longest that a key may live: ten years, in seconds.
const MOST_LIFE_S: i64 = 10 * 366 * 24 * 3_600;
/// The longest that a replaced key lives on: a week, in seconds.
const MOST_OVERLAP_S: i64 = 7 * 24 * 3_600;
/// The shortest that one does, but for none at all, in seconds: servers remember a key for ten minutes.
const LEAST_OVERLAP_S: i64 = 15 * 60;

/// The longest scope, in bytes.
const MOST_SCOPE: usize = 256;

/// A key that is wanted.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApiKey {
    /// What the owner calls it, 1 to 100 characters.
    pub name: Name,
    /// What it may do, of what its owner may: permissions, with a pattern if they are meant for some names alone (`indices:read:production-*`).
    pub scopes: Vec<String>,
    /// How many seconds it lives, at most ten years; until it is revoked if absent.
    #[serde(default)]
    pub expires_in: Option<i64>,
    /// The networks that it may be used from, like `192.0.2.0/24`, at most 50; everywhere if absent.
    #[serde(default)]
    pub allowed_networks: Vec<String>,
}

impl Validate for NewApiKey {
    fn validate(&self, faults: &mut Faults) {
        faults.name("/name", &self.name, 1, 100);
        faults.unless((1..=50).contains(&self.scopes.len()), "/scopes", "must have 1 to 50 entries");
        for (index, scope) in self.scopes.iter().take(50).enumerate() {
            // What names a pattern is read by whoever knows what patterns are.
            let head = scope.match_indices(':').nth(1).map_or(scope.as_str(), |(at, _)| scope.split_at(at).0);
            let known = Permissions::from_scopes([head]) != Permissions::NONE;
            faults.unless(known, &format!("/scopes/{index}"), "is no permission");
            faults.unless(scope.len() <= MOST_SCOPE, &format!("/scopes/{index}"), "is too long");
        }
        let lives = self.expires_in.is_none_or(|life| (60..=MOST_LIFE_S).contains(&life));
        faults.unless(lives, "/expires_in", "must be 60 seconds to ten years");
        faults.unless(self.allowed_networks.len() <= 50, "/allowed_networks", "must have at most 50 entries");
        for (index, network) in self.allowed_networks.iter().take(50).enumerate() {
            faults.text(&format!("/allowed_networks/{index}"), network, 1, 64);
        }
    }
}

impl Body for NewApiKey {
    fn example(_: &Known) -> Value {
        json!({ "name": "nightly import", "scopes": [Permission::NodesWrite.word()], "expires_in": 7_776_000 })
    }
}

/// A key, but for what opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApiKey {
    /// Its id, which also stands in the key.
    pub id: ApiKeyId,
    /// What the owner calls it.
    pub name: String,
    /// How the key begins.
    pub prefix: String,
    /// What it may do, of what its owner may.
    pub scopes: Vec<String>,
    /// The networks that it may be used from; everywhere if there are none.
    pub allowed_networks: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was used last, to some minutes.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// The key that replaced it.
    pub replaced_by: Option<ApiKeyId>,
}

/// A key that was made just now. It is shown here, and never again.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct IssuedApiKey {
    /// The key itself.
    pub key: SecretText,
    /// What is shown of it later, too.
    #[serde(flatten)]
    pub shown: ApiKey,
}

/// The caller's keys in the organization that the session works in, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApiKeyList {
    /// The keys, those that ended included.
    pub api_keys: Vec<ApiKey>,
    /// How many.
    pub count: usize,
}

/// How a key is replaced.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// How many seconds the old key lives on: 900 (15 minutes) to 604,800 (a week), or 0 to end it at once; a day if absent.
    #[serde(default)]
    pub overlap_seconds: Option<i64>,
}

impl Validate for Rotation {
    fn validate(&self, faults: &mut Faults) {
        let fits = self.overlap_seconds.is_none_or(|s| s == 0 || (LEAST_OVERLAP_S..=MOST_OVERLAP_S).contains(&s));
        faults.unless(fits, "/overlap_seconds", "must be 0, or 15 minutes to a week");
    }
}

impl Body for Rotation {
    fn example(_: &Known) -> Value {
        json!({ "overlap_seconds": 3_600 })
    }
}
