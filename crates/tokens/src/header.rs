//! The token's header (RFC 7515 section 4): read to be refused, never to be followed.

use serde_json::Value;

use crate::{Algorithm, TokenError, json::Members};

/// Members by which a token would bring its own key, or ask for a processing that this server does not do. `crit` must be refused where its
/// extensions are not understood (RFC 7515 section 4.1.11), `b64` changes what was signed (RFC 7797), `zip` inflates (RFC 8725 section 3.6).
const REFUSED: &[&str] = &["crit", "jwk", "jku", "x5u", "x5c", "b64", "zip"];

/// The longest `kid` that is let through, in bytes.
const MAX_KEY_ID_BYTES: usize = 256;

/// Checks all of a header but its `alg`. A `kid` picks among the keys that the issuer published, and is looked at by nobody where there is one key.
pub(crate) fn check(header: &Members) -> Result<(), TokenError> {
    if let Some(name) = REFUSED.iter().find(|name| header.find(name).is_some()) {
        return Err(TokenError::Header(name));
    }
    let is_type = |text: &str| text.eq_ignore_ascii_case("JWT") || text.eq_ignore_ascii_case("at+jwt");
    let is_key_id = |text: &str| text.len() <= MAX_KEY_ID_BYTES;
    check_text(header, "typ", is_type)?;
    check_text(header, "kid", is_key_id)
}

/// Checks that the header names the issuer's algorithm, in its exact spelling.
pub(crate) fn check_algorithm(header: &Members, algorithm: Algorithm) -> Result<(), TokenError> {
    match header.find("alg").and_then(Value::as_str) {
        Some(word) if word == algorithm.word() => Ok(()),
        Some(_) | None => Err(TokenError::Algorithm),
    }
}

/// The algorithm that the header names, in its exact spelling, if it is one of ours.
pub(crate) fn algorithm(header: &Members) -> Option<Algorithm> {
    header.find("alg").and_then(Value::as_str)?.parse().ok()
}

fn check_text(header: &Members, name: &'static str, is_good: impl Fn(&str) -> bool) -> Result<(), TokenError> {
    match header.find(name).map(|value| value.as_str().is_some_and(is_good)) {
        None | Some(true) => Ok(()),
        Some(false) => Err(TokenError::Header(name)),
    }
}
