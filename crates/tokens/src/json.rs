//! JSON objects without duplicate members.
//!
//! RFC 8259 lets a parser keep the first or the last of two members of one name, and two parsers that differ are two opinions on
//! who the caller is. Here a duplicate is an error (RFC 7515 section 4, RFC 7519 section 4).

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};
use serde_json::Value;

use crate::TokenError;

/// The members of an object, each name once.
#[derive(Debug)]
pub(crate) struct Members(BTreeMap<String, Value>);

impl Members {
    /// Reads a whole text as one object. Not UTF-8, nested over 128 deep, or followed by anything: malformed.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, TokenError> {
        serde_json::from_slice(text).map_err(|_| TokenError::Malformed)
    }

    /// The member `name`; `null` is a value, and not the same as absent.
    pub(crate) fn find(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The text of a member that must be there.
    pub(crate) fn text(&self, name: &'static str) -> Result<&str, TokenError> {
        self.find_text(name)?.ok_or(TokenError::MissingClaim(name))
    }

    /// The text of a member that may be absent.
    pub(crate) fn find_text(&self, name: &'static str) -> Result<Option<&str>, TokenError> {
        match self.find(name) {
            None => Ok(None),
            Some(value) => value.as_str().map(Some).ok_or(TokenError::InvalidClaim(name)),
        }
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Collect)
    }
}

struct Collect;

impl<'de> Visitor<'de> for Collect {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = BTreeMap::new();
        while let Some((name, value)) = map.next_entry::<String, Value>()? {
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("a member twice"));
            }
        }
        Ok(Members(members))
    }
}
