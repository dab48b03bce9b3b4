//! Texts that stand for a row: its id and 256 bits of chance, of which the row keeps SHA-256.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;
use wardgraph_kernel::{Chance, Secret};

use crate::sha256;

/// Makes the text for a row, and what the row keeps of it.
pub fn make(prefix: &str, id: Uuid, chance: &dyn Chance) -> (Secret, Vec<u8>) {
    let bytes = [id.as_bytes().as_slice(), &chance.bytes()].concat();
    let text = Secret::new(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes)));
    let verifier = sha256::verifier(text.expose()).to_vec();
    (text, verifier)
}

/// The row that a text claims to stand for, which nobody has believed yet.
pub fn read(prefix: &str, text: &str) -> Option<Uuid> {
    let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(prefix)?).ok()?;
    let (id, secret) = bytes.split_at_checked(16)?;
    if secret.len() == 32 { Uuid::from_slice(id).ok() } else { None }
}

/// Whether a text is the row's very own.
pub fn verifies(text: &str, kept: &[u8]) -> bool {
    sha256::verifies(text, kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardgraph_kernel::SeededChance;

    #[test]
    fn a_text_stands_for_its_row_alone() {
        let chance = SeededChance::new(1);
        let id = Uuid::from_bytes([7; 16]);
        let ((one, kept), (other, _)) = (make("wgo_", id, &chance), make("wgo_", id, &chance));
        assert_eq!(read("wgo_", one.expose()), Some(id));
        assert!(verifies(one.expose(), &kept) && !verifies(other.expose(), &kept));
        for bad in [
            "",
            "wgo_",
            "wgo_AAAA",
            one.expose().get(4..).unwrap(),
            &format!("{}AAAA", one.expose()),
            &one.expose().replace("wgo", "wgr"),
        ] {
            assert_eq!(read("wgo_", bad), None, "{bad}");
        }
    }
}
