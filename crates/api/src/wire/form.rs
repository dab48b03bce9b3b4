//! Forms of pages about invitations, and about keys that are replaced, where they are not what programs send, too.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{api_key::Rotation, invitation::NewInvitation, page::Done};
use crate::{
    describe::{Body, Known},
    validate::{Faults, Validate},
};

/// Somebody who is to be invited, for as long as invitations usually are good.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InviteForm {
    /// The e-mail address.
    pub email: String,
    /// To be what: a role of the organization.
    pub role: String,
}

impl InviteForm {
    /// What a program would send.
    pub fn wanted(self) -> NewInvitation {
        NewInvitation { email: self.email, role: self.role, expires_in: None }
    }
}

impl Validate for InviteForm {
    fn validate(&self, faults: &mut Faults) {
        self.clone().wanted().validate(faults);
    }
}

impl Body for InviteForm {
    fn example(known: &Known) -> Value {
        json!({ "email": known.account.invitations.new_address, "role": "developer" })
    }
}

/// Which invitations a page shows.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InvitationsView {
    /// What was done just now.
    #[serde(default)]
    pub done: Option<Done>,
    /// Where to go on.
    #[serde(default)]
    pub cursor: Option<String>,
}

impl Validate for InvitationsView {
    fn validate(&self, _: &mut Faults) {}
}

/// How long a key that is replaced lives on, as a page offers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// A day.
    Day,
    /// An hour.
    Hour,
    /// A week.
    Week,
    /// It ends at once.
    None,
}

impl Overlap {
    /// Every choice, the first of them recommended.
    pub const ALL: [Self; 4] = [Self::Day, Self::Hour, Self::Week, Self::None];

    /// The word of the form.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Hour => "hour",
            Self::Week => "week",
            Self::None => "none",
        }
    }

    const fn seconds(self) -> i64 {
        match self {
            Self::Day => 86_400,
            Self::Hour => 3_600,
            Self::Week => 7 * 86_400,
            Self::None => 0,
        }
    }
}

/// A key that is to be replaced.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RotationForm {
    /// How long the old one lives on.
    pub overlap: Overlap,
}

impl RotationForm {
    /// What a program would send.
    pub const fn wanted(&self) -> Rotation {
        Rotation { overlap_seconds: Some(self.overlap.seconds()) }
    }
}

impl Validate for RotationForm {
    fn validate(&self, faults: &mut Faults) {
        self.wanted().validate(faults);
    }
}

impl Body for RotationForm {
    fn example(_: &Known) -> Value {
        json!({ "overlap": "day" })
    }
}
