//! This server as an issuer: keys in the database, sealed; access tokens (RFC 9068); the published set; rotation without a pause.
//!
//! **Invariant:** verifying and signing take the keys at hand, and wait for nobody. What changes them is announced, so that every server has the
//! new ones within a second (`two_servers_see_a_rotation_within_a_second`).

mod id;
mod keys;
mod pair;
mod rows;
mod sign;

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use wardgraph_kernel::Permissions;
use wardgraph_vault::Vault;

use crate::{Algorithm, Issuer, KeyError, TokenError, claims::Rules, issuer::Keys, json::Members, words::KeptWords};

pub use id::{Hint, IdKind};
pub(crate) use keys::OwnKeys;
pub(crate) use rows::STATEMENTS;
pub use rows::{KeyState, Rotated, Rotation};
pub use sign::{AccessRequest, Issued};

/// The longest that an access token may live. A revocation is remembered for longer than that.
pub const MAX_ACCESS_LIFE: Duration = Duration::from_hours(1);

/// How this server issues tokens.
#[derive(Debug, Clone)]
pub struct OwnConfig {
    /// `iss`: the server's public address, without a slash at the end.
    pub iss: String,
    /// `aud`, where a request for a token names no other.
    pub audience: String,
    /// How long an access token lives, unless a request for one says less. At most [`MAX_ACCESS_LIFE`].
    pub life: Duration,
    /// The algorithms that there are keys for, the first for whoever asks for none.
    pub algorithms: Vec<Algorithm>,
    /// How old a key gets before another follows it.
    pub rotate_after: Duration,
    /// How long a key is published before it signs, so that whoever keeps the set has it by then.
    pub lead: Duration,
    /// How far clocks may differ.
    pub leeway: Duration,
}

/// This server as an issuer. Cheap to clone; all clones have the same keys.
#[derive(Debug, Clone)]
pub struct OwnIssuer(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: OwnConfig,
    vault: Vault,
    keys: ArcSwap<OwnKeys>,
}

impl OwnIssuer {
    /// An issuer without keys: [`OwnIssuer::ensure`] and [`OwnIssuer::load`] bring them.
    ///
    /// # Errors
    /// [`KeyError::Algorithms`] without an algorithm, or with HS256: a shared secret is never published. [`KeyError::EmptyIssuer`],
    /// [`KeyError::NoAudience`].
    pub fn new(config: OwnConfig, vault: Vault) -> Result<Self, KeyError> {
        if config.algorithms.is_empty() || config.algorithms.contains(&Algorithm::HS256) {
            return Err(KeyError::Algorithms);
        }
        if config.iss.is_empty() {
            return Err(KeyError::EmptyIssuer);
        }
        if config.audience.is_empty() {
            return Err(KeyError::NoAudience);
        }
        Ok(Self(Arc::new(Inner { config, vault, keys: ArcSwap::default() })))
    }

    /// The issuer as a [`crate::Verifier`] takes it: it speaks for the organizations that were made here, and for no others. Its name is `own`.
    ///
    /// # Errors
    /// None that [`OwnIssuer::new`] lets through.
    pub fn issuer(&self) -> Result<Issuer, KeyError> {
        let config = &self.0.config;
        let rules = Rules {
            name: "own".into(),
            identity: config.iss.as_str().into(),
            audiences: vec![config.audience.clone()],
            tenants: crate::Tenants::MADE_HERE,
            leeway: config.leeway,
            ceiling: Permissions::all(),
            own: true,
            words: KeptWords::default(),
        };
        Issuer::with_keys(Keys::Own(self.clone()), Some(config.iss.clone()), rules)
    }

    /// What `iss` says.
    pub fn iss(&self) -> &str {
        &self.0.config.iss
    }

    /// What `aud` says of a token that is good here.
    pub fn audience(&self) -> &str {
        &self.0.config.audience
    }

    /// How long an access token lives, unless a request for one says less.
    pub fn life(&self) -> Duration {
        self.0.config.life
    }

    /// How long an access token lives that is signed now and ends with its session at the latest: a second, where less than that is left.
    pub fn life_within(&self, now: Timestamp, until: Timestamp) -> Duration {
        let left = u64::try_from(until.as_second().saturating_sub(now.as_second())).unwrap_or_default();
        self.life().min(Duration::from_secs(left.max(1)))
    }

    /// The algorithms that there are keys for, the first for whoever asks for none.
    pub fn algorithms(&self) -> &[Algorithm] {
        &self.0.config.algorithms
    }

    /// The published set (RFC 7517) as it stands at `now`: every key that verifies, those that do not sign yet included.
    pub fn jwks(&self, now: Timestamp) -> String {
        self.0.keys.load().published(now)
    }

    /// For how long whoever reads the set may keep it.
    pub fn keep_for(&self) -> Duration {
        self.0.config.lead / 2
    }

    pub(crate) fn version(&self) -> Option<u64> {
        let keys = self.0.keys.load();
        (!keys.is_empty()).then(|| keys.version())
    }

    pub(crate) fn verify(&self, header: &Members, message: &str, signature: &str, now: Timestamp) -> Result<u64, TokenError> {
        let keys = self.0.keys.load();
        if keys.is_empty() {
            return Err(TokenError::KeysUnavailable);
        }
        keys.verify(header, message, signature, now)
    }
}
