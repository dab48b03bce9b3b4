//! Roles that organizations make.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Name;
use crate::{
    Versioned,
    describe::{Body, Known},
    validate::{Faults, Validate},
};

/// The longest description.
const MOST_TEXT: usize = 500;
/// How many rules a role may state, and from how many it may inherit, before anything is made of them.
const MOST_RULES: usize = 256;
const MOST_PARENTS: usize = 16;
/// How long a rule may be, and a role's name.
const MOST_RULE: usize = 256;
pub(super) const MOST_NAME: usize = 63;

/// A role's name, where it stands in a path.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct RoleId(pub String);

/// A role that is wanted.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRole {
    /// What it is called from now on: 1 to 63 of `a-z 0-9 _ -`, a letter first. No built-in role's name, and none that looks like one.
    pub name: String,
    /// What it is for, up to 500 characters.
    #[serde(default)]
    pub description: Name,
    /// Rules that allow: `resource:action`, or `resource:action:pattern`.
    #[serde(default)]
    pub allows: Vec<String>,
    /// Rules that deny, whatever else allows it.
    #[serde(default)]
    pub denies: Vec<String>,
    /// The roles whose rules it takes over.
    #[serde(default)]
    pub inherits: Vec<String>,
}

/// What a role is to say from now on.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangedRole {
    /// What it is for, up to 500 characters.
    #[serde(default)]
    pub description: Name,
    /// Rules that allow: `resource:action`, or `resource:action:pattern`.
    #[serde(default)]
    pub allows: Vec<String>,
    /// Rules that deny, whatever else allows it.
    #[serde(default)]
    pub denies: Vec<String>,
    /// The roles whose rules it takes over.
    #[serde(default)]
    pub inherits: Vec<String>,
}

impl ChangedRole {
    /// The same as a new role of this name.
    pub fn named(self, name: String) -> NewRole {
        NewRole { name, description: self.description, allows: self.allows, denies: self.denies, inherits: self.inherits }
    }
}

impl Validate for NewRole {
    fn validate(&self, faults: &mut Faults) {
        faults.text("/name", &self.name, 1, MOST_NAME);
        says(faults, &self.description, [&self.allows, &self.denies], &self.inherits);
    }
}

impl Validate for ChangedRole {
    fn validate(&self, faults: &mut Faults) {
        says(faults, &self.description, [&self.allows, &self.denies], &self.inherits);
    }
}

fn says(faults: &mut Faults, description: &str, [allows, denies]: [&[String]; 2], inherits: &[String]) {
    faults.name("/description", description, 0, MOST_TEXT);
    for (name, list, most, longest) in [
        ("allows", allows, MOST_RULES, MOST_RULE),
        ("denies", denies, MOST_RULES, MOST_RULE),
        ("inherits", inherits, MOST_PARENTS, MOST_NAME),
    ] {
        faults.unless(list.len() <= most, &format!("/{name}"), &format!("must have at most {most} entries"));
        for (index, text) in list.iter().take(most).enumerate() {
            faults.text(&format!("/{name}/{index}"), text, 1, longest);
        }
    }
}

impl Body for NewRole {
    fn example(_: &Known) -> Value {
        json!({
            "name": "production-reader",
            "description": "reads what is in production, but for secrets",
            "allows": ["indices:read:production-*", "search:read"],
            "denies": ["indices:read:production-secret-*"],
            "inherits": ["analyst"],
        })
    }
}

impl Body for ChangedRole {
    fn example(_: &Known) -> Value {
        json!({ "description": "reads all nodes", "allows": ["nodes:read"] })
    }
}

/// A role, built-in or made by the organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Role {
    /// What it is called.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Whether every organization has it, and none can change it.
    pub is_built_in: bool,
    /// What it allows by itself.
    pub allows: Vec<String>,
    /// What it denies by itself.
    pub denies: Vec<String>,
    /// The roles whose rules it takes over.
    pub inherits: Vec<String>,
    /// How many members and clients hold it.
    pub holders: i64,
    /// When it was made; null for a built-in one.
    pub created_at: Option<Timestamp>,
    /// When it was changed last.
    pub updated_at: Option<Timestamp>,
    /// The version of all roles of the organization, as `If-Match` takes it.
    pub version: i32,
}

impl Versioned for Role {
    fn version(&self) -> i32 {
        self.version
    }
}

/// Which roles to list.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleFilter {
    /// How many, 1 to 1,000; 100 if absent.
    #[schemars(range(min = 1, max = 1_000))]
    pub limit: Option<i64>,
    /// Where to go on: `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl Validate for RoleFilter {
    fn validate(&self, _: &mut Faults) {}
}

/// One page of roles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RolePage {
    /// The roles: the built-in ones, the mightiest first, and then those of the organization, the oldest first.
    pub roles: Vec<Role>,
    /// How many there are on this page.
    pub count: usize,
    /// Where the next page begins; null on the last.
    pub next_cursor: Option<String>,
}
