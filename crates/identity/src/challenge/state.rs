//! What a challenge's end needs to know of its beginning: sealed under a key of this room's own and bound to the challenge, since one may be
//! begun in a tenant's transaction and ended in nobody's, and the vault's fields belong to one of them.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    hmac::{HMAC_SHA256, Key, sign},
};
use wardgraph_kernel::ChallengeId;
use zeroize::Zeroizing;

use crate::{IdentityError, Keys};

const UNSEALABLE: IdentityError = IdentityError::Unreadable("a challenge's state");

fn bound(id: ChallengeId) -> Aad<Vec<u8>> {
    Aad::from([b"challenges.state".as_slice(), id.uuid().as_bytes()].concat())
}

/// A key of the challenge's own: strangers have states sealed as often as they like, and a nonce that is drawn is good for 2^32 of a key.
fn key(keys: &Keys, id: ChallengeId) -> Option<RandomizedNonceKey> {
    let tag = sign(&Key::new(HMAC_SHA256, &*keys.states), id.uuid().as_bytes());
    RandomizedNonceKey::new(&AES_256_GCM, tag.as_ref()).ok()
}

/// A fresh nonce, the sealed state and its tag.
pub(super) fn seal(keys: &Keys, id: ChallengeId, state: &[u8]) -> Result<Vec<u8>, IdentityError> {
    let mut sealed = state.to_vec();
    let key = key(keys, id).ok_or(UNSEALABLE)?;
    let nonce = key.seal_in_place_append_tag(bound(id), &mut sealed).map_err(|_| UNSEALABLE)?;
    Ok([nonce.as_ref().as_slice(), &sealed].concat())
}

/// Opens what was sealed for this challenge.
pub(super) fn open(keys: &Keys, id: ChallengeId, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>()?;
    let mut opened = Zeroizing::new(sealed.to_vec());
    let length = key(keys, id)?.open_in_place(Nonce::from(nonce), bound(id), &mut opened).ok()?.len();
    opened.truncate(length);
    Some(opened)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardgraph_kernel::{SeededChance, Timestamp};

    #[test]
    fn a_state_opens_for_its_challenge_and_no_other() {
        let (keys, chance) = (Keys::of(&[1; 32]), SeededChance::new(1));
        let [one, other] = [(); 2].map(|()| ChallengeId::new(Timestamp::UNIX_EPOCH, &chance));
        let sealed = seal(&keys, one, b"a secret").unwrap();
        assert_eq!(**open(&keys, one, &sealed).unwrap(), *b"a secret");
        assert!(!sealed.windows(8).any(|window| window == b"a secret"));
        assert!(open(&keys, other, &sealed).is_none() && open(&Keys::of(&[2; 32]), one, &sealed).is_none());
        assert!(open(&keys, one, &[]).is_none() && open(&keys, one, sealed.get(1..).unwrap()).is_none());
    }
}
