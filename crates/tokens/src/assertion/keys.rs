//! The keys of one client: registered as they are, or published by it.

use std::sync::Arc;

use jiff::Timestamp;

use super::{AssertionError, KeySetError};
use crate::{
    Algorithm, PublishedKeys, TokenError, issuer,
    jwk::{self, PublishedKey},
    published::KeySet,
};

/// The largest registered key set, in bytes.
const MOST_SET_BYTES: usize = 32 * 1024;

/// Keys that verify a client's signatures.
#[derive(Debug, Clone)]
pub enum ClientKeys {
    /// Registered.
    Registered(Arc<RegisteredKeys>),
    /// Published at the client's address, fetched when they are asked for.
    Published(Arc<PublishedKeys>),
}

/// A registered key set that was examined.
#[derive(Debug)]
pub struct RegisteredKeys(KeySet);

impl ClientKeys {
    /// Reads a key set that is registered with a client.
    ///
    /// # Errors
    /// As [`KeySetError`] says: a set of which no key could ever be used is refused, as one with a private key is.
    pub fn read(text: &str) -> Result<Self, KeySetError> {
        if text.len() > MOST_SET_BYTES {
            return Err(KeySetError::Large);
        }
        let keys = jwk::read_set(text.as_bytes(), Algorithm::ASYMMETRIC).ok_or(KeySetError::NoSet)?;
        if keys.is_empty() {
            return Err(KeySetError::NoKey);
        }
        Ok(Self::Registered(Arc::new(RegisteredKeys(KeySet::fixed(keys)))))
    }

    /// The thumbprints of the registered keys.
    pub fn thumbprints(&self) -> Vec<crate::Thumbprint> {
        match self {
            Self::Registered(keys) => keys.0.keys.iter().map(PublishedKey::thumbprint).collect(),
            Self::Published(_) => Vec::new(),
        }
    }

    /// Checks a signature; with published keys, those are fetched once if the one that is named is not at hand, or none is.
    pub(super) async fn verify(&self, signed: &Signed<'_>, now: Timestamp) -> Result<(), AssertionError> {
        match self {
            Self::Registered(keys) => signed.by(&keys.0),
            Self::Published(keys) => {
                let at_hand = keys.at_hand(now).map_err(|_| AssertionError::KeysUnavailable);
                let judged = at_hand.and_then(|keys| signed.by(&keys));
                let missing = matches!(judged, Err(AssertionError::UnknownKey | AssertionError::KeysUnavailable));
                if !missing && !keys.rest(now).is_zero() {
                    return judged;
                }
                let renewed = keys.renew(now).await;
                match keys.at_hand(now) {
                    Ok(keys) => signed.by(&keys).map_err(|error| if renewed.is_err() { unavailable(error) } else { error }),
                    Err(_) => Err(AssertionError::KeysUnavailable),
                }
            }
        }
    }
}

/// What was signed, and by which key, as it says itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signed<'a> {
    pub(super) algorithm: Algorithm,
    pub(super) key_id: Option<&'a str>,
    pub(super) message: &'a str,
    pub(super) signature: &'a str,
}

impl Signed<'_> {
    fn by(&self, keys: &KeySet) -> Result<(), AssertionError> {
        let judged = issuer::by_any(keys, self.algorithm, self.key_id, self.message, self.signature);
        judged.map_err(|error| match error {
            TokenError::UnknownKey => AssertionError::UnknownKey,
            _ => AssertionError::Signature,
        })
    }
}

/// A key that was not found among old ones may be among new ones that could not be fetched.
const fn unavailable(error: AssertionError) -> AssertionError {
    match error {
        AssertionError::UnknownKey => AssertionError::KeysUnavailable,
        other => other,
    }
}
