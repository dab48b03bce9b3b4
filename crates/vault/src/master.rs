//! Master keys: they wrap data keys, and stand in no database.

use std::{fmt, sync::Arc};

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use uuid::Uuid;
use wardgraph_kernel::{Secret, hex};
use zeroize::Zeroizing;

use crate::{
    VaultError,
    aead::{self, Key},
    data_key::DataKey,
    field::bound,
};

/// A master key's name: derived from the key by a one-way function, so that no two keys are mistaken for each other. 16 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MasterKeyId(Arc<str>);

impl MasterKeyId {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MasterKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A master key. What wraps and what it is called are derived from it, each for its purpose; it is wiped when it is dropped.
#[derive(Clone)]
pub struct MasterKey {
    id: MasterKeyId,
    wrapping: Key,
}

impl MasterKey {
    /// Reads 32 bytes in base64, whatever white space stands around them.
    ///
    /// # Errors
    /// [`VaultError::MasterKey`] for anything else.
    pub fn read(text: &Secret) -> Result<Self, VaultError> {
        let bytes = Zeroizing::new(STANDARD.decode(text.expose().trim()).map_err(|_| VaultError::MasterKey)?);
        let bytes = bytes.as_slice().try_into().map(Zeroizing::new).map_err(|_| VaultError::MasterKey)?;
        Self::of(&bytes)
    }

    /// A new master key, in the form that [`MasterKey::read`] takes.
    ///
    /// # Errors
    /// [`VaultError::Chance`] if the operating system gives no random bytes.
    pub fn generate() -> Result<Secret, VaultError> {
        Ok(Secret::new(STANDARD.encode(*aead::fresh_key()?)))
    }

    /// The key's name.
    pub const fn id(&self) -> &MasterKeyId {
        &self.id
    }

    pub(crate) fn wrap(&self, tenant: &str, key: &DataKey) -> Result<Vec<u8>, VaultError> {
        aead::seal(&self.wrapping, &[], &self.bound(tenant, key.id), &*key.key)
    }

    pub(crate) fn unwrap(&self, tenant: &str, id: Uuid, wrapped: &[u8]) -> Result<DataKey, VaultError> {
        let opened = aead::open(&self.wrapping, &self.bound(tenant, id), wrapped).ok_or(VaultError::Wrapped)?;
        let key = opened.as_slice().try_into().map(Zeroizing::new).map_err(|_| VaultError::Wrapped)?;
        Ok(DataKey { id, key })
    }

    fn bound(&self, tenant: &str, id: Uuid) -> Vec<u8> {
        bound(b"wardgraph data key", &[self.id.as_str().as_bytes(), tenant.as_bytes(), id.as_bytes()])
    }

    fn of(bytes: &Key) -> Result<Self, VaultError> {
        let derive = |purpose: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &**bytes), purpose);
        let named = derive(b"wardgraph master key: name");
        let id = hex(named.as_ref().get(..8).unwrap_or_default());
        let wrapping = derive(b"wardgraph master key: wrapping").as_ref().try_into().map_err(|_| VaultError::MasterKey)?;
        Ok(Self { id: MasterKeyId(id.into()), wrapping: Zeroizing::new(wrapping) })
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MasterKey").field("id", &self.id.as_str()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn master() -> MasterKey {
        MasterKey::read(&MasterKey::generate().unwrap()).unwrap()
    }

    #[test]
    fn only_32_bytes_in_base64_are_a_master_key() {
        for good in [STANDARD.encode([1; 32]), format!("  {}\n", STANDARD.encode([1; 32]))] {
            assert!(MasterKey::read(&Secret::new(good)).is_ok());
        }
        for bad in [String::new(), "secret".into(), STANDARD.encode([1; 31]), STANDARD.encode([1; 33]), "ä".repeat(44)] {
            assert!(matches!(MasterKey::read(&Secret::new(bad)), Err(VaultError::MasterKey)));
        }
    }

    #[test]
    fn a_master_key_has_one_name_and_no_other_has_it() {
        let text = MasterKey::generate().unwrap();
        assert_eq!(MasterKey::read(&text).unwrap().id(), MasterKey::read(&text).unwrap().id());
        assert_ne!(master().id(), master().id());
        assert_eq!(master().id().as_str().len(), 16);
    }

    #[test]
    fn a_data_key_unwraps_for_its_tenant_under_its_name_alone() {
        let (master, other, key) = (master(), master(), DataKey::fresh().unwrap());
        let wrapped = master.wrap("acme", &key).unwrap();
        assert_eq!(master.unwrap("acme", key.id, &wrapped).unwrap().key, key.key);
        assert!(master.unwrap("rival", key.id, &wrapped).is_err());
        assert!(master.unwrap("acme", Uuid::nil(), &wrapped).is_err());
        assert!(other.unwrap("acme", key.id, &wrapped).is_err());
        for at in 0..wrapped.len() {
            let mut changed = wrapped.clone();
            changed[at] ^= 1;
            assert!(master.unwrap("acme", key.id, &changed).is_err(), "byte {at}");
        }
        // One data key in place of another: the same tenant's, under the other's name.
        let second = DataKey::fresh().unwrap();
        assert!(master.unwrap("acme", second.id, &wrapped).is_err());
    }

    #[test]
    fn a_master_key_does_not_print_itself() {
        let master = master();
        assert_eq!(format!("{master:?}"), format!("MasterKey {{ id: {:?}, .. }}", master.id().as_str()));
    }
}
