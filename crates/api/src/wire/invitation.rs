//! Invitations, memberships, and the setting up of a server.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wardgraph_kernel::{InvitationId, OrganizationRole, UserId};

use super::{
    Name, SecretText,
    account::Seat,
    auth::{email, password, token},
    role::MOST_NAME,
};
use crate::{
    describe::{Body, Known},
    validate::{Faults, Validate},
};

/// The longest that an invitation is good: 30 days, in seconds.
const MOST_LIFE_S: i64 = 30 * 24 * 3_600;
/// The shortest: five minutes, in seconds.
const LEAST_LIFE_S: i64 = 5 * 60;

/// A built-in role in an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything in the organization.
    Owner,
    /// Everything but what costs money, and deleting the organization.
    Admin,
    /// Create, read, change and delete data.
    Developer,
    /// Read data, train, search and ask.
    DataScientist,
    /// Read data.
    Analyst,
}

impl From<Role> for OrganizationRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Owner => Self::Owner,
            Role::Admin => Self::Admin,
            Role::Developer => Self::Developer,
            Role::DataScientist => Self::DataScientist,
            Role::Analyst => Self::Analyst,
        }
    }
}

/// Somebody who is to be invited.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInvitation {
    /// The e-mail address. Whether anybody has an account with it is not told.
    pub email: String,
    /// To be what: a built-in role, or one of the organization's. It gives nothing that the caller does not hold.
    pub role: String,
    /// For how many seconds the invitation is good: 300 to 2,592,000 (30 days); a week if absent.
    #[serde(default)]
    pub expires_in: Option<i64>,
}

impl Validate for NewInvitation {
    fn validate(&self, faults: &mut Faults) {
        email(faults, "/email", &self.email);
        faults.text("/role", &self.role, 1, MOST_NAME);
        let lives = self.expires_in.is_none_or(|life| (LEAST_LIFE_S..=MOST_LIFE_S).contains(&life));
        faults.unless(lives, "/expires_in", "must be five minutes to 30 days");
    }
}

impl Body for NewInvitation {
    fn example(known: &Known) -> Value {
        json!({ "email": known.account.invitations.new_address, "role": "developer" })
    }
}

/// How it stands with an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InvitationStatus {
    /// It can be followed, as long as who invited may give its role.
    Open,
    /// It was followed.
    Used,
    /// It was withdrawn, or another one to the same address took its place.
    Withdrawn,
    /// It is too old.
    Expired,
}

/// An invitation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// Who is invited.
    pub email: String,
    /// To be what: a built-in role, or one of the organization's. Who follows the invitation is granted the latter.
    pub role: String,
    /// Who invited: an account.
    pub invited_by: UserId,
    /// How it stands with it.
    pub status: InvitationStatus,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// Which invitations to list.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InvitationFilter {
    /// How many, 1 to 1,000; 100 if absent.
    #[schemars(range(min = 1, max = 1_000))]
    pub limit: Option<i64>,
    /// Where to go on: `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl Validate for InvitationFilter {
    fn validate(&self, _: &mut Faults) {}
}

/// One page of invitations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InvitationPage {
    /// The invitations, the newest first; those that are past for 30 days, too.
    pub invitations: Vec<Invitation>,
    /// How many there are on this page.
    pub count: usize,
    /// Where the next page begins; null on the last.
    pub next_cursor: Option<String>,
}

/// Somebody without an account, who follows an invitation.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Acceptance {
    /// The token of the mailed link.
    pub token: SecretText,
    /// How the person is called, 1 to 200 characters.
    pub name: Name,
    /// The password: 12 to 256 characters, of any kind, that would not be guessed soon.
    pub password: SecretText,
}

impl Validate for Acceptance {
    fn validate(&self, faults: &mut Faults) {
        token(faults, "/token", &self.token);
        persons_name(faults, &self.name);
        password(faults, "/password", &self.password);
    }
}

impl Body for Acceptance {
    fn example(known: &Known) -> Value {
        json!({ "token": known.account.invitations.to_somebody_new, "name": "Joan Clarke", "password": "vowel-otter-sixteen-lamp" })
    }
}

/// Somebody who signed in, and follows an invitation to the own address.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Joining {
    /// The token of the mailed link.
    pub token: SecretText,
}

impl Validate for Joining {
    fn validate(&self, faults: &mut Faults) {
        token(faults, "/token", &self.token);
    }
}

impl Body for Joining {
    fn example(known: &Known) -> Value {
        json!({ "token": known.account.invitations.to_the_account })
    }
}

/// The organizations that the caller is a member of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrganizationList {
    /// The organizations, the first one that the caller was in first: a sign-in that names none works there.
    pub organizations: Vec<Seat>,
    /// How many.
    pub count: usize,
}

/// The first administrator of a server.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// The token of the link that `wardgraph user setup-link` printed.
    pub token: SecretText,
    /// The e-mail address. Its case does not count.
    pub email: String,
    /// How the person is called, 1 to 200 characters.
    pub name: Name,
    /// The password: 12 to 256 characters, of any kind, that would not be guessed soon.
    pub password: SecretText,
}

impl Validate for Setup {
    fn validate(&self, faults: &mut Faults) {
        token(faults, "/token", &self.token);
        email(faults, "/email", &self.email);
        persons_name(faults, &self.name);
        password(faults, "/password", &self.password);
    }
}

impl Body for Setup {
    fn example(known: &Known) -> Value {
        json!({ "token": known.account.invitations.setup, "email": known.account.invitations.new_address, "name": "Root", "password": "vowel-otter-sixteen-lamp" })
    }
}

fn persons_name(faults: &mut Faults, name: &Name) {
    faults.name("/name", name, 1, 200);
    faults.unless(!name.trim().is_empty(), "/name", "must not be blank");
}
