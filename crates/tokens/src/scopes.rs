//! Scopes: a list in `scopes`, or text in `scope` (RFC 6749 section 3.3, RFC 9068 section 2.2.3).

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{TokenError, json::Members};

/// The scope words of the claims. If both forms are there they must name the same words, in any order: the one that a gateway
/// read must not differ from the one that this server reads. With neither, there are none.
pub(crate) fn read(claims: &Members) -> Result<BTreeSet<&str>, TokenError> {
    let list = claims.find("scopes").map(|value| list(value).ok_or(TokenError::InvalidClaim("scopes"))).transpose()?;
    let text = claims.find("scope").map(|value| text(value).ok_or(TokenError::InvalidClaim("scope"))).transpose()?;
    match (list, text) {
        (Some(list), Some(text)) if list != text => Err(TokenError::InvalidClaim("scope")),
        (Some(words), _) | (None, Some(words)) => Ok(words),
        (None, None) => Ok(BTreeSet::new()),
    }
}

/// Whether a text is one scope: at least one of %x21 / %x23-5B / %x5D-7E.
pub(crate) fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\')
}

fn list(value: &Value) -> Option<BTreeSet<&str>> {
    value.as_array()?.iter().map(|item| item.as_str().filter(|word| is_word(word))).collect()
}

fn text(value: &Value) -> Option<BTreeSet<&str>> {
    value.as_str()?.split(' ').filter(|word| !word.is_empty()).map(|word| Some(word).filter(|w| is_word(w))).collect()
}
