//! What can be set of an organization.

use std::str::FromStr;

use clap::Args;
use serde_json::{Map, Value, json};
use wardgraph_api::wire::organization::OrganizationChange;
use wardgraph_organizations::organization::{self, Settings};

use crate::{commands::sound, wire::StartError};

/// What is to be set: what is not given stays.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = true)]
pub(in crate::commands) struct Wanted {
    /// From where one may call: networks like `192.0.2.0/24`, and addresses, with commas between them; nothing (`''`) for everywhere.
    #[arg(long)]
    allowed_networks: Option<String>,
    /// Whether whoever works there must have shown a second factor.
    #[arg(long)]
    requires_mfa: Option<bool>,
    /// After how many seconds without a use its sessions end; `default` for as long as the server says.
    #[arg(long)]
    session_idle_seconds: Option<Limit>,
    /// After how many seconds its sessions end, whatever is done; `default` for as long as the server says.
    #[arg(long)]
    session_lifetime_seconds: Option<Limit>,
    /// For how many days what is past is kept; `default` for as long as the server says.
    #[arg(long)]
    retention_days: Option<Limit>,
}

/// A number, or what the server says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Limit(Option<i32>);

impl FromStr for Limit {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "default" {
            return Ok(Self(None));
        }
        text.parse().map(|number| Self(Some(number))).map_err(|_| "must be a whole number, or `default`")
    }
}

impl Wanted {
    /// The same, as the API would take it.
    pub(super) fn settings(self) -> Result<Settings, StartError> {
        let networks = self.allowed_networks.as_deref().map(networks).transpose()?;
        let mut said = Map::new();
        if let Some(networks) = &networks {
            said.insert("allowed_networks".into(), json!(networks));
        }
        if let Some(requires) = self.requires_mfa {
            said.insert("requires_mfa".into(), json!(requires));
        }
        for (name, limit) in [
            ("session_idle_seconds", self.session_idle_seconds),
            ("session_lifetime_seconds", self.session_lifetime_seconds),
            ("retention_days", self.retention_days),
        ] {
            if let Some(Limit(number)) = limit {
                said.insert(name.into(), json!(number));
            }
        }
        let wanted: OrganizationChange = sound::read(Value::Object(said))?;
        Ok(Settings {
            name: None,
            requires_mfa: wanted.requires_mfa,
            session_idle_seconds: wanted.session_idle_seconds,
            session_lifetime_seconds: wanted.session_lifetime_seconds,
            allowed_networks: networks,
            retention_days: wanted.retention_days,
        })
    }
}

fn networks(text: &str) -> Result<Vec<String>, StartError> {
    let texts = text.split(',').map(str::trim).filter(|text| !text.is_empty());
    let read = |text: &str| organization::network(text).map(|network| network.to_string());
    texts.map(|text| read(text).ok_or_else(|| format!("`{text}` is no network like `192.0.2.0/24`").into())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_number_or_the_servers() {
        assert_eq!(("default".parse(), "900".parse()), (Ok(Limit(None)), Ok(Limit(Some(900)))));
        for bad in ["", "none", "1h", "99999999999"] {
            assert!(bad.parse::<Limit>().is_err(), "{bad}");
        }
    }
}
