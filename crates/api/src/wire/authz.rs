//! Why something may be done or not.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wardgraph_kernel::GrantId;

use crate::{
    describe::{Body, Known},
    validate::{Faults, Validate},
};

/// How long a permission and a resource's name may be that are asked about.
const MOST_WORD: usize = 256;
/// How many scopes may be supposed.
const MOST_SCOPES: usize = 64;

/// What kind of holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HolderKind {
    /// A member.
    User,
    /// A client of the OAuth server, on its own behalf.
    Client,
}

/// Who holds roles in the organization.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HolderRef {
    /// What kind.
    #[serde(rename = "type")]
    pub kind: HolderKind,
    /// The id: of the account, or the client's.
    pub id: String,
}

/// What is to be explained about somebody.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExplainRequest {
    /// About whom; the caller's account if absent.
    #[serde(default)]
    pub subject: Option<HolderRef>,
    /// The permission: `nodes:read`.
    pub permission: String,
    /// The name of what it would be used on; all there are, if absent.
    #[serde(default)]
    pub resource: Option<String>,
    /// The scopes of a token or an API key that it would be used with; none that narrow anything, if absent.
    #[serde(default)]
    pub scopes: Option<Vec<String>>,
}

impl Validate for ExplainRequest {
    fn validate(&self, faults: &mut Faults) {
        faults.text("/permission", &self.permission, 1, MOST_WORD);
        if let Some(resource) = &self.resource {
            faults.text("/resource", resource, 1, MOST_WORD);
        }
        if let Some(subject) = &self.subject {
            faults.text("/subject/id", &subject.id, 1, 512);
        }
        let scopes = self.scopes.as_deref().unwrap_or_default();
        faults.unless(scopes.len() <= MOST_SCOPES, "/scopes", "must have at most 64 entries");
        for (index, scope) in scopes.iter().take(MOST_SCOPES).enumerate() {
            faults.text(&format!("/scopes/{index}"), scope, 1, MOST_WORD);
        }
    }
}

impl Body for ExplainRequest {
    fn example(known: &Known) -> Value {
        json!({ "subject": { "type": "user", "id": known.account.member }, "permission": "nodes:read", "resource": "production-1" })
    }
}

/// What is to be explained about the caller.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExplainQuery {
    /// The permission: `nodes:read`; each of them, if absent.
    pub permission: Option<String>,
    /// The name of what it would be used on; all there are, if absent.
    pub resource: Option<String>,
}

impl Validate for ExplainQuery {
    fn validate(&self, faults: &mut Faults) {
        if let Some(permission) = &self.permission {
            faults.text("permission", permission, 1, MOST_WORD);
        }
        if let Some(resource) = &self.resource {
            faults.text("resource", resource, 1, MOST_WORD);
        }
    }
}

/// By what somebody has a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// It is the role of the membership.
    Membership,
    /// It was granted besides.
    Grant,
    /// It is the client's own role.
    Client,
    /// It is a role on the whole server.
    Global,
}

/// A role that somebody has, and by what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Through {
    /// The role.
    pub role: String,
    /// By what.
    pub by: By,
    /// The grant, if it was granted.
    pub grant_id: Option<GrantId>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

/// A rule that allows or denies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DecidingRule {
    /// The rule.
    pub rule: String,
    /// The role that states it.
    pub role: String,
    /// The roles by which that one counts: itself, or those that inherit from it; and by what somebody has them.
    pub through: Vec<Through>,
}

/// What is in the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Missing {
    /// No role allows it: this rule would, or one that says more.
    Rule {
        /// The rule.
        rule: String,
    },
    /// The rules that deny it would have to go.
    NoDeny,
    /// The credential's scopes leave no room for it: this one would, or one that says more.
    Scope {
        /// The scope.
        scope: String,
    },
}

/// Why something may be done or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Explained {
    /// The permission.
    pub permission: String,
    /// What it would be used on; null for all there are.
    pub resource: Option<String>,
    /// Whether it may.
    pub allowed: bool,
    /// The rules that allow it, whether it is denied or not; 20 at most.
    pub allowed_by: Vec<DecidingRule>,
    /// The rules that deny it; 20 at most.
    pub denied_by: Vec<DecidingRule>,
    /// What would all be needed; nothing if it is allowed.
    pub needs: Vec<Missing>,
    /// Whether there are more rules than are named.
    pub is_shortened: bool,
}

/// Why somebody may do something or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExplainedOf {
    /// Who: null for a credential that no roles are behind, whose scopes decide alone.
    pub subject: Option<HolderRef>,
    /// The explanations.
    pub explanations: Vec<Explained>,
}
