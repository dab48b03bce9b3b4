//! An issuer that the operator trusts, and its fixed rules.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use wardgraph_kernel::{Permissions, Secret};

use crate::{
    Algorithm, KeyError, OwnIssuer, PublishedKeys, Tenants, TokenError, claims::Rules, header, json::Members, key::VerifyingKey,
    published::KeySet, words::KeptWords,
};

/// How far clocks may differ unless the operator says otherwise.
pub const DEFAULT_LEEWAY: Duration = Duration::from_secs(30);

/// What the operator says of an issuer.
#[derive(Debug, Clone)]
pub struct IssuerConfig {
    /// The issuer's name in logs and in [`crate::Claims::issuer`]; unique among the configured ones.
    pub name: String,
    /// What its tokens are verified with.
    pub keys: IssuerKeys,
    /// What `aud` must name: one of these.
    pub audiences: Vec<String>,
    /// What `iss` must be, exactly. `None` takes tokens of any `iss` that no other issuer has, and those without.
    pub issuer: Option<String>,
    /// How far the clocks of issuer and server may differ; [`DEFAULT_LEEWAY`] as a rule.
    pub leeway: Duration,
    /// The most that its tokens may ever do; [`Permissions::outside_ceiling`] as a rule.
    pub ceiling: Permissions,
    /// Which tenants it may speak for.
    pub tenants: Tenants,
}

/// What an issuer's tokens are verified with.
#[derive(Debug, Clone)]
pub enum IssuerKeys {
    /// One key that the operator has.
    Fixed {
        /// The one algorithm that tokens are signed with.
        algorithm: Algorithm,
        /// The shared secret of HS256, byte for byte; else the public key as PEM (as it is, with `\n` for line ends, or base64 of the whole).
        key: Secret,
    },
    /// Keys that the issuer publishes.
    Published(Arc<PublishedKeys>),
}

/// Keys that were examined, or will be when they are fetched.
#[derive(Debug)]
pub(crate) enum Keys {
    Fixed(VerifyingKey),
    Published(Arc<PublishedKeys>),
    Own(OwnIssuer),
}

/// A trusted issuer with a key that fits.
#[derive(Debug)]
pub struct Issuer {
    pub(crate) keys: Keys,
    pub(crate) iss: Option<String>,
    pub(crate) rules: Rules,
}

impl Issuer {
    /// Reads a configuration, and refuses keys that could be guessed, factored, or confused with one another.
    pub fn new(config: IssuerConfig) -> Result<Self, KeyError> {
        let keys = match config.keys {
            IssuerKeys::Fixed { algorithm, key } => Keys::Fixed(VerifyingKey::read(algorithm, &key)?),
            IssuerKeys::Published(keys) if keys.takes(Algorithm::HS256) || !Algorithm::ALL.iter().any(|one| keys.takes(*one)) => {
                return Err(KeyError::Algorithms);
            }
            IssuerKeys::Published(keys) => Keys::Published(keys),
        };
        let identity = config.issuer.clone().unwrap_or_else(|| config.name.clone()).into();
        let rules = Rules {
            name: config.name.into(),
            identity,
            audiences: config.audiences,
            tenants: config.tenants,
            leeway: config.leeway,
            ceiling: config.ceiling,
            own: false,
            words: KeptWords::default(),
        };
        Self::with_keys(keys, config.issuer, rules)
    }

    pub(crate) fn with_keys(keys: Keys, iss: Option<String>, rules: Rules) -> Result<Self, KeyError> {
        if rules.audiences.is_empty() || rules.audiences.iter().any(String::is_empty) {
            return Err(KeyError::NoAudience);
        }
        if iss.as_deref() == Some("") {
            return Err(KeyError::EmptyIssuer);
        }
        Ok(Self { keys, iss, rules })
    }

    /// The issuer's name.
    pub fn name(&self) -> &str {
        &self.rules.name
    }

    /// The version of the keys that verify now; `None` while there are none to be believed.
    pub(crate) fn keys_version(&self, now: Timestamp) -> Option<u64> {
        match &self.keys {
            Keys::Fixed(_) => Some(0),
            Keys::Published(keys) => keys.at_hand(now).ok().map(|keys| keys.version),
            Keys::Own(own) => own.version(),
        }
    }

    /// Checks the signature, and tells by which version of the keys.
    pub(crate) fn verify(&self, header: &Members, message: &str, signature: &str, now: Timestamp) -> Result<u64, TokenError> {
        match &self.keys {
            Keys::Fixed(key) => {
                header::check_algorithm(header, key.algorithm())?;
                if key.verifies(message.as_bytes(), signature) { Ok(0) } else { Err(TokenError::Signature) }
            }
            Keys::Published(published) => {
                let algorithm =
                    header::algorithm(header).filter(|algorithm| published.takes(*algorithm)).ok_or(TokenError::Algorithm)?;
                let keys = published.at_hand(now)?;
                by_any(&keys, algorithm, header.find_text("kid")?, message, signature).map(|()| keys.version)
            }
            Keys::Own(own) => own.verify(header, message, signature, now),
        }
    }
}

/// Tries the keys of the token's `kid` and those without a name, or all of its algorithm if it names none. A name decides which keys are
/// tried, and never how.
pub(crate) fn by_any(
    keys: &KeySet,
    algorithm: Algorithm,
    id: Option<&str>,
    message: &str,
    signature: &str,
) -> Result<(), TokenError> {
    let mut suitable = keys.keys.iter().filter(|key| key.key.algorithm() == algorithm);
    let known = id.is_some() && suitable.clone().any(|key| key.id.as_deref() == id);
    if suitable.any(|key| {
        (id.is_none() || key.id.is_none() || key.id.as_deref() == id) && key.key.verifies(message.as_bytes(), signature)
    }) {
        return Ok(());
    }
    Err(if known { TokenError::Signature } else { TokenError::UnknownKey })
}
