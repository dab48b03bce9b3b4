//! Who holds which role, and what that comes to.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wardgraph_kernel::{ClientId, GrantId, Holder, UserId};

use super::role::MOST_NAME;
use crate::{
    describe::{Body, Known},
    validate::{Faults, Validate},
};

/// A role that somebody is to hold.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGrant {
    /// A member of the organization.
    #[serde(default)]
    pub user_id: Option<UserId>,
    /// Or a client of the organization, on its own behalf.
    #[serde(default)]
    pub client_id: Option<ClientId>,
    /// The role: a built-in one, or one of the organization's. It gives nothing that the caller does not hold.
    pub role: String,
    /// From when on it counts no more; never if absent.
    #[serde(default, deserialize_with = "super::moment::moment")]
    pub expires_at: Option<Timestamp>,
}

impl NewGrant {
    /// Who is to hold it; `None` where that is not said once.
    pub fn holder(&self) -> Option<Holder> {
        match (&self.user_id, &self.client_id) {
            (Some(user), None) => Some(Holder::User(*user)),
            (None, Some(client)) => Some(Holder::Client(client.clone())),
            (None, None) | (Some(_), Some(_)) => None,
        }
    }
}

impl Validate for NewGrant {
    fn validate(&self, faults: &mut Faults) {
        faults.text("/role", &self.role, 1, MOST_NAME);
        faults.unless(self.holder().is_some(), "/user_id", "or `client_id` must be there, and one of them alone");
    }
}

impl Body for NewGrant {
    fn example(known: &Known) -> Value {
        json!({ "user_id": known.account.member, "role": known.role })
    }
}

/// A role that somebody holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// The member who holds it.
    pub user_id: Option<UserId>,
    /// Or the client.
    pub client_id: Option<ClientId>,
    /// The role.
    pub role: String,
    /// Who gave it: `user/ID`, or `operator` for whoever runs the server.
    pub granted_by: String,
    /// When.
    pub created_at: Timestamp,
    /// From when on it counts no more; never if null.
    pub expires_at: Option<Timestamp>,
    /// When something was allowed by it last, to some minutes.
    pub last_used_at: Option<Timestamp>,
}

/// Which grants to list: those for which everything holds that is asked.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantFilter {
    /// Those of this member.
    pub user_id: Option<UserId>,
    /// Those of this client.
    pub client_id: Option<ClientId>,
    /// Those of this role.
    #[schemars(length(min = 1, max = 63))]
    pub role: Option<String>,
    /// How many, 1 to 1,000; 100 if absent.
    #[schemars(range(min = 1, max = 1_000))]
    pub limit: Option<i64>,
    /// Where to go on: `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl Validate for GrantFilter {
    fn validate(&self, faults: &mut Faults) {
        if let Some(role) = &self.role {
            faults.text("role", role, 1, MOST_NAME);
        }
    }
}

/// One page of grants, those that count no more left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GrantPage {
    /// The grants, the newest first.
    pub grants: Vec<Grant>,
    /// How many there are on this page.
    pub count: usize,
    /// Where the next page begins; null on the last.
    pub next_cursor: Option<String>,
}

/// What somebody may do in the organization, and by what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Effective {
    /// The member.
    pub user_id: Option<UserId>,
    /// Or the client, on its own behalf.
    pub client_id: Option<ClientId>,
    /// Whether the account or the client may do nothing at all for now.
    pub disabled: bool,
    /// The roles that it holds, by name.
    pub roles: Vec<HeldRole>,
    /// What the person is on the whole server, besides.
    pub global_role: Option<String>,
    /// The rules that allow, inherited ones among them.
    pub allows: Vec<EffectiveRule>,
    /// The rules that deny, whatever allows it.
    pub denies: Vec<EffectiveRule>,
    /// What may be done to everything that it is about, by the words of scopes. Rules with a pattern allow more, on what they name.
    pub permissions: Vec<String>,
    /// When the next of the roles ends that was given for a while.
    pub until: Option<Timestamp>,
}

/// A role that somebody holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HeldRole {
    /// The role.
    pub role: String,
    /// By what: the membership, what is registered of the client, or a grant.
    pub by: HeldBy,
    /// The grant, if it is by one.
    pub grant_id: Option<GrantId>,
    /// From when on it counts no more; never if null.
    pub expires_at: Option<Timestamp>,
}

/// By what a role is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HeldBy {
    /// The role of the membership.
    Membership,
    /// The role that is registered of a client.
    Registration,
    /// A grant.
    Grant,
}

/// A rule that counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EffectiveRule {
    /// The rule.
    pub rule: String,
    /// The role that states it.
    pub role: String,
    /// The roles that are held by which that one counts: itself, or those that inherit from it.
    pub through: Vec<String>,
    /// From when on it counts no more; never if null.
    pub until: Option<Timestamp>,
}
