//! What a client says of itself besides what it is judged by: kept and told back, never followed, fetched or shown to people.

use serde::{Deserialize, Serialize};

/// What a client says of itself besides (RFC 7591, section 2).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct About {
    /// `client_uri`: its page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    /// `logo_uri`: its picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<String>,
    /// `tos_uri`: its terms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tos_uri: Option<String>,
    /// `policy_uri`: what it does with people's data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_uri: Option<String>,
    /// `contacts`: whom to ask.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<String>,
    /// `software_id`: what it is a copy of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software_id: Option<String>,
    /// `software_version`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software_version: Option<String>,
    /// `application_type`: `web` or `native`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_type: Option<String>,
}

impl About {
    /// Reads what a row keeps; nothing is kept of those who say nothing.
    pub(super) fn read(kept: Option<&str>) -> Option<Self> {
        kept.map_or_else(|| Some(Self::default()), |text| serde_json::from_str(text).ok())
    }

    /// How much memory its texts take, in bytes.
    pub(super) fn weight(&self) -> usize {
        let alone = [
            &self.client_uri,
            &self.logo_uri,
            &self.tos_uri,
            &self.policy_uri,
            &self.software_id,
            &self.software_version,
            &self.application_type,
        ];
        alone.into_iter().flatten().chain(&self.contacts).map(|text| text.capacity() + size_of::<String>()).sum()
    }

    /// What a row keeps.
    pub(super) fn text(&self) -> Option<String> {
        if *self == Self::default() { None } else { serde_json::to_string(self).ok() }
    }
}
