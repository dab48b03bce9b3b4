//! Whose tokens are believed: the seed's one issuer (`jwt.*`), and any number of others (`issuer.NAME.*`).

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use wardgraph_egress::{Address, Allowed, Egress, Rules};
use wardgraph_kernel::{Permissions, Secret, TenantId};
use wardgraph_tokens::{Algorithm, Issuer, IssuerConfig, IssuerKeys, KeyError, KeyTimes, Others, PublishedKeys, Tenants};

use super::{ConfigError, Settings};

/// How long it may take to connect to an issuer.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);

/// An outside issuer.
#[derive(Debug)]
pub struct IssuerSettings {
    /// Its name: in logs, in `whoami`, in the audit log.
    pub name: String,
    /// What its tokens are verified with.
    pub keys: KeySettings,
    /// What `aud` must name: one of these.
    pub audiences: Vec<String>,
    /// What `iss` must be.
    pub issuer: Option<String>,
    /// How far its clock may be off.
    pub leeway: Duration,
    /// The most that its tokens may ever do.
    pub ceiling: Permissions,
    /// Which tenants it may speak for.
    pub tenants: Tenants,
}

/// What an issuer's tokens are verified with.
#[derive(Debug)]
pub enum KeySettings {
    /// A key of the configuration.
    Fixed {
        /// Its algorithm.
        algorithm: Algorithm,
        /// The secret or public key.
        key: Secret,
    },
    /// Keys that the issuer publishes.
    Published {
        /// Where.
        address: Box<Address>,
        /// For these algorithms.
        algorithms: Vec<Algorithm>,
        /// When they are fetched.
        times: KeyTimes,
    },
}

impl IssuerSettings {
    /// The issuer, as the verifier takes it. Published keys are fetched through `egress`; a redirect may lead to what is `allowed`.
    pub fn trusted(&self, egress: &Egress, allowed: &[Allowed]) -> Result<Issuer, KeyError> {
        Issuer::new(self.config(match &self.keys {
            KeySettings::Fixed { algorithm, key } => IssuerKeys::Fixed { algorithm: *algorithm, key: key.clone() },
            KeySettings::Published { address, algorithms, times } => {
                let client = egress.client(Rules::operator([&**address], allowed), CONNECT_WITHIN);
                IssuerKeys::Published(Arc::new(PublishedKeys::new(Address::clone(address), client, algorithms.clone(), *times)))
            }
        }))
    }

    /// Refuses a key that does not fit, at start. Published ones are judged when they are fetched.
    fn check(&self) -> Result<(), KeyError> {
        match &self.keys {
            KeySettings::Fixed { algorithm, key } => {
                Issuer::new(self.config(IssuerKeys::Fixed { algorithm: *algorithm, key: key.clone() })).map(|_| ())
            }
            KeySettings::Published { .. } => Ok(()),
        }
    }

    fn config(&self, keys: IssuerKeys) -> IssuerConfig {
        IssuerConfig {
            name: self.name.clone(),
            keys,
            audiences: self.audiences.clone(),
            issuer: self.issuer.clone(),
            leeway: self.leeway,
            ceiling: self.ceiling,
            tenants: self.tenants.clone(),
        }
    }
}

/// Reads and checks `jwt.*`.
pub(super) fn seed(settings: &Settings, audience: &str) -> Result<Option<IssuerSettings>, ConfigError> {
    let (secret, public) = (settings.secret("jwt.secret_key")?, settings.secret("jwt.public_key")?);
    let enabled = match settings.text("jwt.enabled")?.as_str() {
        "" => secret.is_some() || public.is_some(),
        _ => settings.flag("jwt.enabled")?,
    };
    if !enabled {
        return Ok(None);
    }
    let setting = settings.get("jwt.algorithm")?;
    let algorithm: Algorithm = setting.value().parse().map_err(|_| setting.refuse("HS256, RS256, ES256 or EdDSA"))?;
    let (key, wanted) = if algorithm == Algorithm::HS256 { (secret, "jwt.secret_key") } else { (public, "jwt.public_key") };
    let key =
        key.ok_or_else(|| ConfigError::Together(format!("jwt.algorithm is {}, which needs `{wanted}`", setting.value())))?;
    let issuer = Some(settings.text("jwt.issuer")?).filter(|issuer| !issuer.is_empty());
    let issuer = IssuerSettings {
        name: issuer.clone().unwrap_or_else(|| "outside".into()),
        keys: KeySettings::Fixed { algorithm, key },
        audiences: vec![audience.to_owned()],
        issuer,
        leeway: Duration::from_secs(settings.number("jwt.leeway_seconds")? as u64),
        ceiling: Permissions::outside_ceiling(),
        tenants: tenants(settings, "jwt")?,
    };
    fits(settings, &issuer, wanted)?;
    Ok(Some(issuer))
}

/// Reads and checks `issuer.NAME.*`, for every name.
pub(super) fn named(settings: &Settings, audience: &str) -> Result<Vec<IssuerSettings>, ConfigError> {
    settings.names("issuer").into_iter().map(|name| one(settings, &name, audience)).collect()
}

fn one(settings: &Settings, name: &str, audience: &str) -> Result<IssuerSettings, ConfigError> {
    let key = |part: &str| format!("issuer.{name}.{part}");
    let iss = settings.get(&key("issuer"))?;
    if iss.value().is_empty() {
        return Err(ConfigError::Together(format!("the issuer `{name}` needs `{}`: what `iss` must be", key("issuer"))));
    }
    let audiences = settings.list(&key("audience"))?;
    let issuer = IssuerSettings {
        name: name.to_owned(),
        keys: keys(settings, name)?,
        audiences: if audiences.is_empty() { vec![audience.to_owned()] } else { audiences },
        issuer: Some(iss.value().to_owned()),
        leeway: Duration::from_secs(settings.number(&key("leeway_seconds"))? as u64),
        ceiling: ceiling(settings, &key("ceiling"))?,
        tenants: tenants(settings, &format!("issuer.{name}"))?,
    };
    let wanted = if settings.secret(&key("secret_key"))?.is_some() { key("secret_key") } else { key("public_key") };
    fits(settings, &issuer, &wanted)?;
    Ok(issuer)
}

fn fits(settings: &Settings, issuer: &IssuerSettings, wanted: &str) -> Result<(), ConfigError> {
    let source = &settings.get(wanted)?.source;
    issuer.check().map_err(|error| ConfigError::Together(format!("`{wanted}` (from {source}): {error}")))
}

/// Exactly one of an address, a secret and a public key.
fn keys(settings: &Settings, name: &str) -> Result<KeySettings, ConfigError> {
    let key = |part: &str| format!("issuer.{name}.{part}");
    let mut algorithms = Vec::new();
    for word in settings.list(&key("algorithms"))? {
        let refuse = |_| {
            Ok::<_, ConfigError>(settings.get(&key("algorithms"))?.refuse("a list of RS256, ES256 and EdDSA, or HS256 alone"))
        };
        match word.parse() {
            Ok(algorithm) => algorithms.push(algorithm),
            Err(error) => return Err(refuse(error)?),
        }
    }
    let (secret, public) = (settings.secret(&key("secret_key"))?, settings.secret(&key("public_key"))?);
    let address = settings.get(&key("jwks_url"))?;
    let together = |why: &str| ConfigError::Together(format!("the issuer `{name}` {why}"));
    match (address.value(), secret, public) {
        ("", Some(secret), None) => Ok(KeySettings::Fixed { algorithm: Algorithm::HS256, key: secret }),
        ("", None, Some(key)) => match algorithms.as_slice() {
            [algorithm] if *algorithm != Algorithm::HS256 => Ok(KeySettings::Fixed { algorithm: *algorithm, key }),
            _ => Err(together("has a public key, which needs exactly one of RS256, ES256 and EdDSA in `algorithms`")),
        },
        (url, None, None) if !url.is_empty() => {
            let parsed = Address::parse(url);
            let parsed = parsed.map_err(|error| together(&format!("has a `jwks_url` (from {}) that {error}", address.source)))?;
            if parsed.is_plain() && !parsed.is_loopback() && !settings.flag(&key("plain_beyond_loopback"))? {
                return Err(together(
                    "has a `jwks_url` of plain HTTP to another machine, so that anyone between could be the issuer: use https",
                ));
            }
            if algorithms.contains(&Algorithm::HS256) {
                return Err(together("publishes keys, which are never HS256's"));
            }
            Ok(KeySettings::Published { address: Box::new(parsed), algorithms, times: times(settings, name)? })
        }
        _ => Err(together("needs exactly one of `jwks_url`, `secret_key` and `public_key`")),
    }
}

fn times(settings: &Settings, name: &str) -> Result<KeyTimes, ConfigError> {
    let seconds = |part: &str| settings.number(&format!("issuer.{name}.{part}")).map(|n| Duration::from_secs(n as u64));
    let times = KeyTimes {
        refresh: seconds("keys_refresh_seconds")?,
        floor: seconds("keys_floor_seconds")?,
        stale: seconds("keys_stale_seconds")?,
    };
    if times.floor <= times.refresh && times.refresh < times.stale {
        return Ok(times);
    }
    Err(ConfigError::Together(format!(
        "the issuer `{name}` needs keys_floor_seconds <= keys_refresh_seconds < keys_stale_seconds"
    )))
}

/// Empty: what outside issuers may do as a rule. Every word must mean something: a typo would take a permission away.
fn ceiling(settings: &Settings, name: &str) -> Result<Permissions, ConfigError> {
    let words = settings.list(name)?;
    if words.iter().any(|word| Permissions::from_scopes([word.as_str()]) == Permissions::NONE) {
        return Err(settings.get(name)?.refuse("a list of permissions like `nodes:read, search:read`"));
    }
    if words.is_empty() {
        Ok(Permissions::outside_ceiling())
    } else {
        Ok(Permissions::from_scopes(words.iter().map(String::as_str)))
    }
}

fn tenants(settings: &Settings, section: &str) -> Result<Tenants, ConfigError> {
    let name = format!("{section}.tenants");
    let per_hour = u32::try_from(settings.number(&format!("{section}.new_tenants_per_hour"))?).unwrap_or(u32::MAX);
    let (mut listed, mut others) = (BTreeSet::new(), if per_hour > 0 { Others::FirstSeen { per_hour } } else { Others::Refused });
    for word in settings.list(&name)? {
        match TenantId::parse(&word) {
            _ if word == "*" => others = Others::Any,
            Ok(tenant) => {
                listed.insert(tenant);
            }
            Err(_) => return Err(settings.get(&name)?.refuse("a list of tenants' ids, or `*`")),
        }
    }
    Ok(Tenants { listed, others })
}
