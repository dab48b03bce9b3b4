//! People, as those see them who look after them.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wardgraph_kernel::UserId;

use crate::validate::{Faults, Validate};

/// An account: without anything that opens it, or that its owner keeps elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// Its e-mail address.
    pub email: String,
    /// How the person is called.
    pub name: String,
    /// The person's role in the caller's organization: `owner`, `admin`, `developer`, `data_scientist` or `analyst`; null for no member.
    pub role: Option<String>,
    /// The person's role on the whole server: `super_admin`, or null.
    pub global_role: Option<String>,
    /// Whether the address was shown to be its owner's.
    pub email_verified: bool,
    /// Whether the account may do nothing.
    pub disabled: bool,
    /// When the account came into being.
    pub created_at: Timestamp,
    /// When the person last signed in to the caller's organization, as far as sessions are kept; for an administrator of the server,
    /// to any.
    pub last_sign_in_at: Option<Timestamp>,
}

/// Which accounts to list.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UserFilter {
    /// Only the account with this e-mail address.
    #[schemars(length(min = 1, max = 254))]
    pub email: Option<String>,
    /// How many, 1 to 1,000; 100 if absent.
    #[schemars(range(min = 1, max = 1_000))]
    pub limit: Option<i64>,
    /// Where to go on: `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl Validate for UserFilter {
    fn validate(&self, faults: &mut Faults) {
        if let Some(email) = &self.email {
            faults.text("email", email, 1, 254);
        }
    }
}

/// One page of accounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UserPage {
    /// The accounts, the oldest first.
    pub users: Vec<User>,
    /// How many there are on this page.
    pub count: usize,
    /// Where the next page begins; null on the last.
    pub next_cursor: Option<String>,
}
