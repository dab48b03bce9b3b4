//! What an API key looks like: `wg_`, its public id, 256 bits of chance, and a checksum, so that scanners find leaked ones and nothing else.

use std::fmt;

use sha2::{Digest, Sha256};
use uuid::Uuid;
use wardgraph_kernel::{ApiKeyId, Chance, Secret, hex};

use crate::sha256;

/// How every API key begins.
pub const PREFIX: &str = "wg_";
/// Octets of a key's text: prefix, id, secret and checksum, in hexadecimal but for the separators.
const LENGTH: usize = 3 + 32 + 1 + 64 + 8;
const CHECKSUM: usize = 8;

/// A key as somebody presents it: whole, and believed by nobody yet.
#[derive(Clone, Copy)]
pub struct KeyText<'t> {
    text: &'t str,
    /// The public id.
    pub id: ApiKeyId,
}

impl<'t> KeyText<'t> {
    /// Reads a key's form and checksum. `None` is no key of ours, for which nothing needs to be looked up.
    pub fn read(text: &'t str) -> Option<Self> {
        let rest = text.strip_prefix(PREFIX).filter(|_| text.len() == LENGTH)?;
        let (id, secret) = rest.split_once('_')?;
        let lower = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        let (body, checksum) = text.split_at_checked(LENGTH - CHECKSUM)?;
        let whole = id.len() == 32 && lower(id) && lower(secret) && self::checksum(body) == checksum;
        whole.then_some(Uuid::try_parse(id).ok()?).map(|id| Self { text, id: id.into() })
    }

    /// Whether it is the key whose verifier this is.
    pub fn verifies(&self, verifier: &[u8]) -> bool {
        sha256::verifies(self.text, verifier)
    }
}

impl fmt::Debug for KeyText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyText").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A new key of this id: its text, to be shown once, and its verifier, to be kept.
pub fn make(id: ApiKeyId, chance: &dyn Chance) -> (Secret, [u8; 32]) {
    let body = format!("{PREFIX}{}_{}", id.uuid().simple(), hex(&chance.bytes()));
    let text = Secret::new(format!("{body}{}", checksum(&body)));
    let verifier = sha256::verifier(text.expose());
    (text, verifier)
}

/// The first 32 bits of SHA-256: no secret, and no proof of anything but of a whole copy.
fn checksum(body: &str) -> String {
    Sha256::digest(body).first_chunk::<4>().map(|start| hex(start)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardgraph_kernel::{SeededChance, Timestamp};

    #[test]
    fn a_key_is_whole_or_none() {
        let chance = SeededChance::new(1);
        let id = ApiKeyId::new(Timestamp::UNIX_EPOCH, &chance);
        let (text, verifier) = make(id, &chance);
        let key = KeyText::read(text.expose()).unwrap();
        assert!(key.id == id && key.verifies(&verifier) && !key.verifies(&[0; 32]));
        assert_eq!(text.expose().len(), LENGTH);
        let good = text.expose();
        let other = |c: char| if c == '0' { '1' } else { '0' };
        let altered: String = good.chars().enumerate().map(|(at, c)| if at == 40 { other(c) } else { c }).collect();
        for bad in [
            "",
            "wg_",
            good.get(1..).unwrap(),
            good.get(..LENGTH - 1).unwrap(),
            &format!("{good}0"),
            &good.to_uppercase().replace("WG_", "wg_"),
            &good.replacen('_', "-", 2),
            &altered,
        ] {
            assert!(KeyText::read(bad).is_none(), "{bad}");
        }
    }
}
