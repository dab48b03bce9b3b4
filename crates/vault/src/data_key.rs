//! A data key: seals a tenant's fields.

use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    Field, VaultError,
    aead::{self, Key},
};

/// The first byte of every sealed value: which form it has.
const FORM: u8 = 1;
/// The form and the data key's id.
const HEADER_BYTES: usize = 17;

/// A data key, unwrapped. Wiped when it is dropped.
pub(crate) struct DataKey {
    pub(crate) id: Uuid,
    pub(crate) key: Key,
}

impl DataKey {
    pub(crate) fn fresh() -> Result<Self, VaultError> {
        let mut id = [0; 16];
        getrandom::fill(&mut id).map_err(|_| VaultError::Chance)?;
        Ok(Self { id: uuid::Builder::from_random_bytes(id).into_uuid(), key: aead::fresh_key()? })
    }

    pub(crate) fn seal(&self, tenant: &str, field: Field<'_>, secret: &[u8]) -> Result<Vec<u8>, VaultError> {
        let mut header = [FORM; HEADER_BYTES];
        if let Some((_, id)) = header.split_first_mut() {
            id.copy_from_slice(self.id.as_bytes());
        }
        aead::seal(&self.key, &header, &field.bound(&header, tenant), secret)
    }

    pub(crate) fn open(&self, tenant: &str, field: Field<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let (header, rest) = sealed.split_at_checked(HEADER_BYTES).ok_or(VaultError::Form)?;
        aead::open(&self.key, &field.bound(header, tenant), rest).ok_or(VaultError::Sealed)
    }
}

/// Which data key a value was sealed with, as the value says.
pub(crate) fn key_id(sealed: &[u8]) -> Result<Uuid, VaultError> {
    match sealed.split_first() {
        Some((&FORM, rest)) => rest.first_chunk().map(|id| Uuid::from_bytes(*id)).ok_or(VaultError::Form),
        Some(_) | None => Err(VaultError::Form),
    }
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DataKey").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELD: Field<'static> = Field { table: "totp", column: "secret", row: "7" };

    #[test]
    fn what_is_sealed_opens_in_its_place() {
        let key = DataKey::fresh().unwrap();
        for secret in [&b""[..], b"a", &[7; 10_000]] {
            let sealed = key.seal("acme", FIELD, secret).unwrap();
            assert_eq!(key_id(&sealed).unwrap(), key.id);
            assert_eq!(&**key.open("acme", FIELD, &sealed).unwrap(), secret);
        }
    }

    #[test]
    fn no_two_sealed_values_are_alike() {
        let key = DataKey::fresh().unwrap();
        assert_ne!(key.seal("acme", FIELD, b"secret").unwrap(), key.seal("acme", FIELD, b"secret").unwrap());
    }

    #[test]
    fn a_change_of_any_byte_is_noticed() {
        let key = DataKey::fresh().unwrap();
        let sealed = key.seal("acme", FIELD, b"secret").unwrap();
        for at in 0..sealed.len() {
            for bit in 0..8 {
                let mut changed = sealed.clone();
                changed[at] ^= 1 << bit;
                assert!(key.open("acme", FIELD, &changed).is_err(), "byte {at}, bit {bit}");
            }
        }
        for cut in 0..sealed.len() {
            assert!(key.open("acme", FIELD, &sealed[..cut]).is_err(), "cut at {cut}");
        }
        assert!(key.open("acme", FIELD, &[&sealed[..], &[0]].concat()).is_err());
    }

    #[test]
    fn a_value_opens_in_no_other_place() {
        let key = DataKey::fresh().unwrap();
        let sealed = key.seal("acme", FIELD, b"secret").unwrap();
        for (tenant, field) in [
            ("acm", FIELD),
            ("_system", FIELD),
            ("acme", Field { table: "keys", ..FIELD }),
            ("acme", Field { column: "secrets", ..FIELD }),
            ("acme", Field { row: "8", ..FIELD }),
            // The same letters, divided otherwise.
            ("acmet", Field { table: "otp", ..FIELD }),
            ("acme", Field { table: "totps", column: "ecret", ..FIELD }),
            ("acme", Field { column: "secret7", row: "", ..FIELD }),
        ] {
            assert!(matches!(key.open(tenant, field, &sealed), Err(VaultError::Sealed)), "{tenant} {field:?}");
        }
    }

    #[test]
    fn another_key_opens_nothing() {
        let (key, other) = (DataKey::fresh().unwrap(), DataKey::fresh().unwrap());
        let sealed = key.seal("acme", FIELD, b"secret").unwrap();
        assert!(matches!(other.open("acme", FIELD, &sealed), Err(VaultError::Sealed)));
        // Neither does one that takes the other's name.
        let other = DataKey { id: key.id, key: other.key };
        assert!(matches!(other.open("acme", FIELD, &sealed), Err(VaultError::Sealed)));
    }

    #[test]
    fn what_has_no_known_form_is_refused() {
        for text in [&b""[..], &[1], &[1; 16], &[2; 64], &[0; 64], b"plain text that was never sealed, and is long enough"] {
            assert!(matches!(key_id(text), Err(VaultError::Form)), "{text:?}");
        }
    }

    #[test]
    fn a_key_does_not_print_itself() {
        let key = DataKey::fresh().unwrap();
        assert_eq!(format!("{key:?}"), format!("DataKey {{ id: {}, .. }}", key.id));
    }
}
