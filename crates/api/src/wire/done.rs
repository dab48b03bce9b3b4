//! What was done just now, as the address of the page says that is shown then.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::validate::{Faults, Validate};

/// What was done just now, which the next page says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Done {
    /// The address was confirmed.
    Confirmed,
    /// The password was set anew by a link.
    Reset,
    /// The person signed out.
    SignedOut,
    /// The person has another name.
    Renamed,
    /// The password was changed.
    PasswordChanged,
    /// A session was ended.
    SessionEnded,
    /// A key was revoked.
    KeyRevoked,
    /// A second factor was added.
    FactorAdded,
    /// A second factor was removed.
    FactorRemoved,
    /// A second factor is called something else.
    FactorRenamed,
    /// Somebody was invited.
    Invited,
    /// An invitation was withdrawn.
    Withdrawn,
    /// The person followed an invitation.
    Joined,
    /// The server has its first administrator.
    SetUp,
    /// What somebody agreed to was taken back.
    ConsentRevoked,
    /// The person signed in, too long ago for what they would do.
    Stale,
}

impl Done {
    /// The word of addresses.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Reset => "reset",
            Self::SignedOut => "signed_out",
            Self::Renamed => "renamed",
            Self::PasswordChanged => "password_changed",
            Self::SessionEnded => "session_ended",
            Self::KeyRevoked => "key_revoked",
            Self::FactorAdded => "factor_added",
            Self::FactorRemoved => "factor_removed",
            Self::FactorRenamed => "factor_renamed",
            Self::Invited => "invited",
            Self::Withdrawn => "withdrawn",
            Self::Joined => "joined",
            Self::SetUp => "set_up",
            Self::ConsentRevoked => "consent_revoked",
            Self::Stale => "stale",
        }
    }
}

/// What was done just now.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// What it was.
    #[serde(default)]
    pub done: Option<Done>,
}

impl Validate for Notice {
    fn validate(&self, _: &mut Faults) {}
}
