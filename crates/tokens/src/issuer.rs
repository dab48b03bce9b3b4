//! An issuer that the operator trusts, and its fixed rules.

use std::time::Duration;

use wardgraph_kernel::{Permissions, Secret};

use crate::{Algorithm, KeyError, claims::Rules, key::VerifyingKey};

/// How far clocks may differ unless the operator says otherwise.
pub const DEFAULT_LEEWAY: Duration = Duration::from_secs(30);

/// What the operator says of an issuer.
#[derive(Debug, Clone)]
pub struct IssuerConfig {
    /// The issuer's name in logs and in [`crate::Claims::issuer`]; unique among the configured ones.
    pub name: String,
    /// The one algorithm that its tokens are signed with.
    pub algorithm: Algorithm,
    /// The shared secret of HS256, byte for byte; else the public key as PEM (as it is, with `\n` for line ends, or base64 of the whole).
    pub key: Secret,
    /// What `aud` must name.
    pub audience: String,
    /// What `iss` must be, exactly. `None` takes tokens of any `iss` that no other issuer has, and those without.
    pub issuer: Option<String>,
    /// How far the clocks of issuer and server may differ; [`DEFAULT_LEEWAY`] as a rule.
    pub leeway: Duration,
    /// The most that its tokens may ever do; [`Permissions::outside_ceiling`] as a rule.
    pub ceiling: Permissions,
}

/// A trusted issuer with a key that fits.
#[derive(Debug)]
pub struct Issuer {
    pub(crate) key: VerifyingKey,
    pub(crate) iss: Option<String>,
    pub(crate) rules: Rules,
}

impl Issuer {
    /// Reads a configuration, and refuses keys that could be guessed, factored, or confused with one another.
    pub fn new(config: IssuerConfig) -> Result<Self, KeyError> {
        let key = VerifyingKey::read(config.algorithm, &config.key)?;
        Self::with_key(
            key,
            config.issuer,
            Rules { name: config.name.into(), audience: config.audience, leeway: config.leeway, ceiling: config.ceiling },
        )
    }

    pub(crate) fn with_key(key: VerifyingKey, iss: Option<String>, rules: Rules) -> Result<Self, KeyError> {
        if rules.audience.is_empty() {
            return Err(KeyError::NoAudience);
        }
        if iss.as_deref() == Some("") {
            return Err(KeyError::EmptyIssuer);
        }
        Ok(Self { key, iss, rules })
    }

    /// The issuer's name.
    pub fn name(&self) -> &str {
        &self.rules.name
    }
}
