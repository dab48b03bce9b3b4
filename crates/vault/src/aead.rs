//! XChaCha20-Poly1305: a nonce of 192 bits can be drawn at random for every value, without counting (draft-irtf-cfrg-xchacha, section 3.1).

use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{Aead, KeyInit, Payload},
};
use zeroize::Zeroizing;

use crate::VaultError;

/// 32 bytes that are wiped when they are dropped.
pub(crate) type Key = Zeroizing<[u8; 32]>;

const NONCE_BYTES: usize = 24;

/// 32 fresh bytes from the operating system: no chance that is handed in can weaken a key.
pub(crate) fn fresh_key() -> Result<Key, VaultError> {
    let mut key = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *key).map_err(|_| VaultError::Chance)?;
    Ok(key)
}

/// `header`, a fresh nonce, the sealed value and its tag.
pub(crate) fn seal(key: &Key, header: &[u8], bound: &[u8], secret: &[u8]) -> Result<Vec<u8>, VaultError> {
    let mut nonce = XNonce::default();
    getrandom::fill(&mut nonce).map_err(|_| VaultError::Chance)?;
    let sealed = cipher(key).encrypt(&nonce, Payload { msg: secret, aad: bound }).map_err(|_| VaultError::Sealed)?;
    Ok([header, &nonce, &sealed].concat())
}

/// Opens what stands behind the header. `None`: it was sealed with another key or for another place, or it was changed.
pub(crate) fn open(key: &Key, bound: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>()?;
    cipher(key).decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: bound }).ok().map(Zeroizing::new)
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new((&**key).into())
}
