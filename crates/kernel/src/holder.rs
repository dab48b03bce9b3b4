//! Who holds roles in an organization.

use std::fmt;

use crate::{ClientId, TenantId, UserId};

/// Who holds roles in an organization.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Holder {
    /// A member.
    User(UserId),
    /// A service account: a client of the OAuth server on its own behalf.
    Client(ClientId),
}

impl Holder {
    /// The kind, as it is shown.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Client(_) => "client",
        }
    }

    /// What a change of what they hold in `organization` is announced by.
    pub fn subject(&self, organization: &TenantId) -> String {
        format!("{organization}/{self}")
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "user/{id}"),
            Self::Client(id) => write!(f, "client/{}", id.as_str()),
        }
    }
}
