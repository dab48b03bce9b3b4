//! PEM texts (RFC 7468) in the forms that environment variables carry.

use base64::{Engine, engine::general_purpose::STANDARD};
use wardgraph_kernel::Secret;
use zeroize::Zeroizing;

const BEGIN: &str = "-----BEGIN ";

/// Reads a PEM that comes as it is, with `\n` for its line ends, or as base64 of the whole. `None` if it is none of these.
pub(crate) fn read(key: &Secret) -> Option<Zeroizing<String>> {
    let text = key.expose(); // to be parsed
    if text.contains(BEGIN) {
        return Some(Zeroizing::new(text.replace("\\r", "").replace("\\n", "\n")));
    }
    let packed = Zeroizing::new(text.split_ascii_whitespace().collect::<String>());
    let bytes = Zeroizing::new(STANDARD.decode(packed.as_bytes()).ok()?);
    let text = std::str::from_utf8(&bytes).ok()?;
    text.contains(BEGIN).then(|| Zeroizing::new(text.to_owned()))
}

/// What a PEM says that it holds: the label of its first block.
pub(crate) fn label(pem: &str) -> Option<&str> {
    pem.split_once(BEGIN)?.1.split_once("-----").map(|(label, _)| label)
}

/// Whether any block of the text is a private key.
pub(crate) fn holds_private_key(pem: &str) -> bool {
    pem.contains("PRIVATE KEY-----")
}

/// Writes a PKCS#8 key pair (RFC 5958) as PEM.
pub(crate) fn write_private_key(der: &[u8]) -> Secret {
    let body = Zeroizing::new(STANDARD.encode(der));
    let mut text = Zeroizing::new(String::with_capacity(body.len() + 128));
    text.push_str("-----BEGIN PRIVATE KEY-----\n");
    for (index, letter) in body.chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            text.push('\n');
        }
        text.push(letter);
    }
    text.push_str("\n-----END PRIVATE KEY-----\n");
    Secret::new(text.as_str())
}
