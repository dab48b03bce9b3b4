//! This server as an issuer, and the keys that its secrets are sealed with.

use std::time::Duration;

use wardgraph_egress::Address;
use wardgraph_kernel::Secret;
use wardgraph_tokens::{Algorithm, DEFAULT_LEEWAY, OwnConfig};
use wardgraph_vault::{AwsAccess, FixedSource, MasterKey};

use super::{ConfigError, Settings};

/// This server as an issuer.
#[derive(Debug)]
pub struct OwnSettings {
    /// Where the server is reached; `None` for its listener's address.
    pub public_url: Option<String>,
    life: Duration,
    /// The algorithms that tokens are signed with, the first for whoever asks for none.
    pub algorithms: Vec<Algorithm>,
    rotate_after: Duration,
    lead: Duration,
}

impl OwnSettings {
    /// The issuer of a server that is reached at `public_url` and believes tokens for `audience`.
    pub fn issuer(&self, public_url: &str, audience: &str) -> OwnConfig {
        OwnConfig {
            iss: public_url.to_owned(),
            audience: audience.to_owned(),
            life: self.life,
            algorithms: self.algorithms.clone(),
            rotate_after: self.rotate_after,
            lead: self.lead,
            leeway: DEFAULT_LEEWAY,
        }
    }
}

/// Reads and checks `public_url` and `tokens.*`.
pub(super) fn own(settings: &Settings) -> Result<OwnSettings, ConfigError> {
    let url = settings.get("public_url")?;
    let sound = |url: &str| Address::parse(url).is_ok() && !url.ends_with('/') && !url.contains(['?', '#', '@']);
    let public_url = match url.value() {
        "" => None,
        text if sound(text) => Some(text.to_owned()),
        _ => return Err(url.refuse("an address like `https://graph.example.com`, without a slash at the end")),
    };
    let mut algorithms = Vec::new();
    for word in settings.list("tokens.algorithms")? {
        match word.parse() {
            Ok(algorithm) if algorithm != Algorithm::HS256 && !algorithms.contains(&algorithm) => algorithms.push(algorithm),
            _ => return Err(settings.get("tokens.algorithms")?.refuse("a list of ES256, EdDSA and RS256")),
        }
    }
    if algorithms.is_empty() {
        return Err(settings.get("tokens.algorithms")?.refuse("a list of ES256, EdDSA and RS256"));
    }
    Ok(OwnSettings {
        public_url,
        life: Duration::from_secs(settings.number("tokens.access_seconds")? as u64),
        algorithms,
        rotate_after: Duration::from_hours(24 * settings.number("tokens.rotate_days")? as u64),
        lead: Duration::from_secs(settings.number("tokens.publish_lead_seconds")? as u64),
    })
}

/// Where master keys come from.
#[derive(Debug)]
pub enum MasterKeys {
    /// A file in the data folder.
    Folder,
    /// The configuration.
    Given(FixedSource),
    /// A secret of AWS Secrets Manager.
    Aws {
        /// Who asks, and whom.
        access: Box<AwsAccess>,
        /// The secret's name or ARN.
        id: String,
        /// The member of it, where it is a JSON object.
        field: Option<String>,
    },
}

/// How a secret of AWS Secrets Manager is named: `aws-secretsmanager://ID#MEMBER`, the member where the secret is a JSON object.
const AWS: &str = "aws-secretsmanager://";

/// Reads and checks `vault.*`.
pub(super) fn vault(settings: &Settings) -> Result<MasterKeys, ConfigError> {
    if let Some(name) = settings.text("vault.master_key")?.strip_prefix(AWS) {
        return aws(settings, name);
    }
    let key = |name: &str| -> Result<Option<Secret>, ConfigError> {
        let key = settings.secret(name)?;
        match &key {
            Some(text) if MasterKey::read(text).is_err() => {
                Err(settings.get(name)?.refuse("32 bytes in base64 (openssl rand -base64 32)"))
            }
            _ => Ok(key),
        }
    };
    match (key("vault.master_key")?, key("vault.previous_master_key")?) {
        (None, None) => Ok(MasterKeys::Folder),
        (None, Some(_)) => Err(ConfigError::Together("`vault.previous_master_key` is given, and no `vault.master_key`".into())),
        (Some(master), previous) => {
            let source = FixedSource::new([&master].into_iter().chain(&previous));
            source.map(MasterKeys::Given).map_err(|error| ConfigError::Together(format!("`vault.*`: {error}")))
        }
    }
}

/// Reads and checks `aws.*`, for the secret of this name.
fn aws(settings: &Settings, name: &str) -> Result<MasterKeys, ConfigError> {
    let needed = |key: &str| match settings.text(key)? {
        empty if empty.is_empty() => {
            Err(ConfigError::Together(format!("`vault.master_key` is in AWS Secrets Manager, which needs `{key}`")))
        }
        text => Ok(text),
    };
    if settings.secret("vault.previous_master_key")?.is_some() {
        let why = "`vault.master_key` is in AWS Secrets Manager, whose `AWSPREVIOUS` is the one before it: leave `vault.previous_master_key` out";
        return Err(ConfigError::Together(why.into()));
    }
    let (id, field) = name.split_once('#').map_or((name, None), |(id, field)| (id, Some(field.to_owned())));
    let region = needed("aws.region")?;
    let endpoint = match settings.text("aws.secretsmanager_url")? {
        usual if usual.is_empty() => format!("https://secretsmanager.{region}.amazonaws.com"),
        given => given,
    };
    let endpoint = Address::parse(&endpoint).ok().filter(|address| !address.is_plain() || address.is_loopback());
    let refuse =
        || settings.get("aws.secretsmanager_url").map(|url| url.refuse("an `https` address (`http` on this machine alone)"));
    let Some(endpoint) = endpoint else { return Err(refuse()?) };
    needed("aws.secret_access_key")?;
    let access = AwsAccess {
        endpoint,
        region,
        key_id: needed("aws.access_key_id")?,
        secret: settings.secret("aws.secret_access_key")?.unwrap_or_else(|| Secret::new("")),
        session: settings.secret("aws.session_token")?,
    };
    Ok(MasterKeys::Aws { access: Box::new(access), id: id.to_owned(), field })
}
