//! Organizations: what they are, what is set of them, and who is in them.

use std::net::IpAddr;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};
use wardgraph_kernel::{GlobalRole, UserId};

use super::{Name, SecretText, auth::token, invitation::Role};
use crate::{
    describe::{Body, IdKind, Known, PathId},
    validate::{Faults, Validate},
};

/// The shortest that sessions may be bound to last, in seconds: an access token lives about as long.
const LEAST_SESSION_S: i32 = 300;
/// The longest that anything is bound to last: ten years, in seconds and in days.
const MOST_SESSION_S: i32 = 3_650 * 86_400;
const MOST_DAYS: i32 = 36_500;
/// How many networks may be named.
const MOST_NETWORKS: usize = 100;
/// How long a network's text may be.
const MOST_NETWORK: usize = 49;

/// An organization's id, as a path spells it: it is compared, and opens nothing.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct OrganizationId(pub String);

impl PathId for OrganizationId {
    const KIND: IdKind = IdKind::Organization;
}

/// An organization, as its members see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Organization {
    /// Its id: the tenant.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How much it may use: `free`, `basic`, `pro` or `enterprise`.
    pub tier: String,
    /// The account that it belongs to.
    pub owner_id: UserId,
    /// The caller's role there; null for one who has none, or is no member.
    pub role: Option<String>,
    /// Whether whoever works there must have shown a second factor.
    pub requires_mfa: bool,
    /// After how many seconds without a use its sessions end; null for as long as the server says.
    pub session_idle_seconds: Option<i32>,
    /// After how many seconds its sessions end, whatever is done; null for as long as the server says.
    pub session_lifetime_seconds: Option<i32>,
    /// From where its sessions, keys and clients may call; empty for everywhere.
    pub allowed_networks: Vec<String>,
    /// For how many days a node that is deleted from now on can be brought back before it is erased; null for as long as the server says.
    pub retention_days: Option<i32>,
    /// When it came into being.
    pub created_at: Timestamp,
    /// Since when nothing works there any more; null for one that was not deleted.
    pub deleted_at: Option<Timestamp>,
    /// Until when it can be restored: from then on nothing of it is left.
    pub purge_at: Option<Timestamp>,
}

/// An organization that is to be made.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOrganization {
    /// Its name, 1 to 200 characters.
    pub name: Name,
}

fn named(faults: &mut Faults, name: &Name) {
    faults.name("/name", name, 1, 200);
    faults.unless(!name.trim().is_empty(), "/name", "must not be blank");
}

impl Validate for NewOrganization {
    fn validate(&self, faults: &mut Faults) {
        named(faults, &self.name);
    }
}

impl Body for NewOrganization {
    fn example(_: &Known) -> Value {
        json!({ "name": "Analytical Engines" })
    }
}

/// What is to be changed of an organization: what is absent stays.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OrganizationChange {
    /// Its name, 1 to 200 characters.
    #[serde(deserialize_with = "said")]
    pub name: Option<Name>,
    /// Whether whoever works there must have shown a second factor. Who says so has one.
    #[serde(deserialize_with = "said")]
    pub requires_mfa: Option<bool>,
    /// After how many seconds without a use its sessions end, at least 300; null for as long as the server says, which is never outlasted.
    #[serde(deserialize_with = "said")]
    pub session_idle_seconds: Option<Option<i32>>,
    /// After how many seconds its sessions end, at least 300; null for as long as the server says, which is never outlasted.
    #[serde(deserialize_with = "said")]
    pub session_lifetime_seconds: Option<Option<i32>>,
    /// From where its sessions, keys and clients may call, like `192.0.2.0/24`; the caller's address must be within. Empty for everywhere.
    #[serde(deserialize_with = "said")]
    #[schemars(length(max = 100))]
    pub allowed_networks: Option<Vec<String>>,
    /// For how many days a node that is deleted from now on can be brought back before it is erased; null for as long as the server says.
    #[serde(deserialize_with = "said")]
    pub retention_days: Option<Option<i32>>,
}

/// What is said, null included.
fn said<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl Validate for OrganizationChange {
    fn validate(&self, faults: &mut Faults) {
        if let Some(name) = &self.name {
            named(faults, name);
        }
        for (field, given, least, most) in [
            ("/session_idle_seconds", self.session_idle_seconds, LEAST_SESSION_S, MOST_SESSION_S),
            ("/session_lifetime_seconds", self.session_lifetime_seconds, LEAST_SESSION_S, MOST_SESSION_S),
            ("/retention_days", self.retention_days, 1, MOST_DAYS),
        ] {
            let within = given.flatten().is_none_or(|number| (least..=most).contains(&number));
            faults.unless(within, field, &format!("must be {least} to {most}, or null"));
        }
        let networks = self.allowed_networks.as_deref().unwrap_or_default();
        faults.unless(networks.len() <= MOST_NETWORKS, "/allowed_networks", "must be 100 networks at most");
        for (index, text) in networks.iter().take(MOST_NETWORKS).enumerate() {
            let spelled = text.len() <= MOST_NETWORK && text.split('/').next().is_some_and(|head| head.parse::<IpAddr>().is_ok());
            faults.unless(spelled, &format!("/allowed_networks/{index}"), "must be a network like `192.0.2.0/24`");
        }
    }
}

impl Body for OrganizationChange {
    fn example(_: &Known) -> Value {
        json!({ "name": "Analytical Engines", "session_idle_seconds": 28_800, "retention_days": null })
    }
}

/// Who is to own an organization.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Transfer {
    /// A member.
    pub user_id: UserId,
}

impl Validate for Transfer {
    fn validate(&self, _: &mut Faults) {}
}

impl Body for Transfer {
    fn example(known: &Known) -> Value {
        json!({ "user_id": known.account.member })
    }
}

/// That an organization is meant to be deleted, and which.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// The organization's name as it stands, or its id.
    pub confirm: String,
}

impl Validate for Confirmation {
    fn validate(&self, faults: &mut Faults) {
        faults.text("/confirm", &self.confirm, 1, 200);
    }
}

impl Body for Confirmation {
    fn example(known: &Known) -> Value {
        json!({ "confirm": known.oauth.organization })
    }
}

/// A tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// What an organization begins with.
    Free,
    /// More than that.
    Basic,
    /// More than that.
    Pro,
    /// The most.
    Enterprise,
}

impl Tier {
    /// The tier as it is stored.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Basic => "basic",
            Self::Pro => "pro",
            Self::Enterprise => "enterprise",
        }
    }
}

/// Another tier.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TierChange {
    /// The tier.
    pub tier: Tier,
}

impl Validate for TierChange {
    fn validate(&self, _: &mut Faults) {}
}

impl Body for TierChange {
    fn example(_: &Known) -> Value {
        json!({ "tier": "pro" })
    }
}

/// A member, as those see them who look after the organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Member {
    /// The account.
    pub user_id: UserId,
    /// Its e-mail address.
    pub email: String,
    /// How the person is called.
    pub name: String,
    /// `owner`, `admin`, `developer`, `data_scientist` or `analyst`; null for nothing but what is granted besides.
    pub role: Option<String>,
    /// Whether the account may do nothing.
    pub disabled: bool,
    /// Since when the person is a member.
    pub since: Timestamp,
    /// When the role was used last, as far as that was written down.
    pub last_used_at: Option<Timestamp>,
}

/// Which members to list, or which organizations.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Paging {
    /// How many, 1 to 1,000; 100 if absent.
    #[schemars(range(min = 1, max = 1_000))]
    pub limit: Option<i64>,
    /// Where to go on: `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl Validate for Paging {
    fn validate(&self, _: &mut Faults) {}
}

/// One page of members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MemberPage {
    /// The members, the oldest accounts first.
    pub members: Vec<Member>,
    /// How many there are on this page.
    pub count: usize,
    /// Where the next page begins; null on the last.
    pub next_cursor: Option<String>,
}

/// Another role of a member.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleChange {
    /// The role; null for nothing but what is granted besides.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required)]
    pub role: Option<Role>,
}

impl Validate for RoleChange {
    fn validate(&self, _: &mut Faults) {}
}

impl Body for RoleChange {
    fn example(_: &Known) -> Value {
        json!({ "role": "developer" })
    }
}

/// An organization, as whoever administers the server sees it: nothing of what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Listed {
    /// Its id: the tenant.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `free`, `basic`, `pro` or `enterprise`.
    pub tier: String,
    /// How many members it has.
    pub members: i64,
    /// When it came into being.
    pub created_at: Timestamp,
    /// Since when nothing works there any more; null for one that was not deleted.
    pub deleted_at: Option<Timestamp>,
}

/// One page of organizations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ListedPage {
    /// The organizations, in an order that stays.
    pub organizations: Vec<Listed>,
    /// How many there are on this page.
    pub count: usize,
    /// Where the next page begins; null on the last.
    pub next_cursor: Option<String>,
}

/// Another organization to work in.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Switching {
    /// The refresh token of the session. It is not used up.
    pub refresh_token: SecretText,
    /// The id of an organization that the person is a member of.
    pub organization: String,
}

impl Validate for Switching {
    fn validate(&self, faults: &mut Faults) {
        token(faults, "/refresh_token", &self.refresh_token);
        faults.text("/organization", &self.organization, 1, 63);
    }
}

impl Body for Switching {
    fn example(known: &Known) -> Value {
        json!({ "refresh_token": known.account.refresh_token, "organization": known.oauth.organization })
    }
}

/// A role on the whole server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ServerRole {
    /// Accounts, shared rows, the system.
    SuperAdmin,
    /// The system's resources.
    SystemOperator,
    /// Billing and usage.
    BillingAdmin,
    /// Reads the state of the system.
    Viewer,
}

impl From<ServerRole> for GlobalRole {
    fn from(role: ServerRole) -> Self {
        match role {
            ServerRole::SuperAdmin => Self::SuperAdmin,
            ServerRole::SystemOperator => Self::SystemOperator,
            ServerRole::BillingAdmin => Self::BillingAdmin,
            ServerRole::Viewer => Self::Viewer,
        }
    }
}

/// Another role on the whole server.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GlobalRoleChange {
    /// The role; null for none.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required)]
    pub role: Option<ServerRole>,
}

impl Validate for GlobalRoleChange {
    fn validate(&self, _: &mut Faults) {}
}

impl Body for GlobalRoleChange {
    fn example(_: &Known) -> Value {
        json!({ "role": "viewer" })
    }
}
