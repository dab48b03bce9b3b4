//! The token's header (RFC 7515 section 4): read to be refused, never to be followed.

use serde_json::Value;

use crate::{Algorithm, TokenError, json::Members};

/// Members by which a token would bring its own key, or ask for a processing that this server does not do. `crit` must be refused where its
/// extensions are not understood (RFC 7515 section 4.1.11), `b64` changes what was signed (RFC 7797), `zip` inflates (RFC 8725 section 3.6).
const REFUSED: &[&str] = &["crit", "jwk", "jku", "x5u", "x5c", "b64", "zip"];

/// The longest `kid` that is let through, in bytes.
const MAX_KEY_ID_BYTES: usize = 256;

/// Checks all of an access token's header but its `alg`. A `kid` picks among the keys that the issuer published, and is looked at by nobody where
/// there is one key.
pub(crate) fn check(header: &Members) -> Result<(), TokenError> {
    check_any(header, &["JWT", "at+jwt"])
}

/// Checks all but the `alg` of a header that must say that it is of type `typ`, and may have these of the members that are refused elsewhere.
pub(crate) fn check_for(header: &Members, typ: &str, allowed: &[&str]) -> Result<(), TokenError> {
    check_all(header, allowed, |said| said.is_some_and(|said| said.eq_ignore_ascii_case(typ)))
}

/// Checks all but the `alg` of a header that may say that it is of one of these types.
pub(crate) fn check_any(header: &Members, types: &[&str]) -> Result<(), TokenError> {
    check_all(header, &[], |typ| typ.is_none_or(|typ| is_any(typ, types)))
}

fn check_all(header: &Members, allowed: &[&str], is_type: impl Fn(Option<&str>) -> bool) -> Result<(), TokenError> {
    let refused = REFUSED.iter().filter(|name| !allowed.contains(*name));
    if let Some(name) = refused.copied().find(|name| header.find(name).is_some()) {
        return Err(TokenError::Header(name));
    }
    let text = |name: &'static str| header.find_text(name).map_err(|_| TokenError::Header(name));
    if !is_type(text("typ")?) {
        return Err(TokenError::Header("typ"));
    }
    if text("kid")?.is_some_and(|id| id.len() > MAX_KEY_ID_BYTES) {
        return Err(TokenError::Header("kid"));
    }
    Ok(())
}

fn is_any(typ: &str, types: &[&str]) -> bool {
    types.iter().any(|one| typ.eq_ignore_ascii_case(one))
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
    header.find("alg").and_then(Value::as_str).and_then(Algorithm::named)
}
