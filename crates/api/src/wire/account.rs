//! A person's own account.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wardgraph_kernel::{SessionId, UserId};

use super::{Name, SecretText, auth::password};
use crate::{
    describe::{Body, Known},
    validate::{Faults, Validate},
};

/// The caller's account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Me {
    /// Its id.
    pub id: UserId,
    /// Its e-mail address.
    pub email: String,
    /// How the person is called.
    pub name: String,
    /// Whether the address was shown to be its owner's.
    pub email_verified: bool,
    /// The organization that the session works in.
    pub organization: Option<Seat>,
    /// When the account came into being.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// An account's place in an organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Seat {
    /// The organization's id: the tenant.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `owner`, `admin`, `developer`, `data_scientist` or `analyst`; null for whoever may do nothing but what is granted.
    pub role: Option<String>,
}

/// What of an account is its owner's to change.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MeChange {
    /// How the person is called, 1 to 200 characters.
    pub name: Name,
}

impl Validate for MeChange {
    fn validate(&self, faults: &mut Faults) {
        faults.name("/name", &self.name, 1, 200);
        faults.unless(!self.name.trim().is_empty(), "/name", "must not be blank");
    }
}

impl Body for MeChange {
    fn example(_: &Known) -> Value {
        json!({ "name": "Ada King" })
    }
}

/// Another password.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// The password that holds.
    pub current_password: SecretText,
    /// The new one: 12 to 256 characters, of any kind, that would not be guessed soon.
    pub new_password: SecretText,
}

impl Validate for PasswordChange {
    fn validate(&self, faults: &mut Faults) {
        password(faults, "/current_password", &self.current_password);
        password(faults, "/new_password", &self.new_password);
    }
}

impl Body for PasswordChange {
    fn example(known: &Known) -> Value {
        json!({ "current_password": known.account.password, "new_password": "marble-tunnel-ferry-quilt" })
    }
}

/// What a session is used by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SessionKind {
    /// A program, with tokens.
    Program,
    /// A browser, with a cookie.
    Browser,
}

/// A session of the caller's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whether the caller calls with it.
    pub current: bool,
    /// What it is used by: `program` or `browser`.
    pub kind: SessionKind,
    /// The organization that it works in.
    pub organization_id: String,
    /// What the program says of itself.
    pub device: String,
    /// The address of its last use.
    pub ip: String,
    /// When the person signed in.
    pub created_at: Timestamp,
    /// When it was used last: its refresh token, or its cookie to a minute.
    pub last_used_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

/// The sessions of the caller's that live, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SessionList {
    /// The sessions: there are no more than an account may have.
    pub sessions: Vec<Session>,
    /// How many.
    pub count: usize,
}
