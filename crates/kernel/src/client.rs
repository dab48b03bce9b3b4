//! The names of OAuth clients.

use std::{fmt, sync::Arc};

use crate::{Chance, hex};

/// How the ids begin that are made here.
const PREFIX: &str = "wgc_";
/// The longest: that of a client that is named by the address of its own document.
const MOST: usize = 512;

/// An OAuth client's id: 1 to 512 characters of visible ASCII (RFC 6749, appendix A.1, without blanks). No secret.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId(Arc<str>);

impl ClientId {
    /// A new id. It is a name as permissions have it, without capitals, so that a rule can speak of this client.
    pub fn generate(chance: &dyn Chance) -> Self {
        let drawn = chance.bytes();
        let half = drawn.first_chunk::<16>().unwrap_or(&[0; 16]);
        Self(format!("{PREFIX}{}", hex(half)).into())
    }

    /// Reads an id, exactly as it stands.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=MOST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| Self(text.into()))
    }

    /// One that no client has: for documentation.
    pub fn placeholder() -> Self {
        Self(format!("{PREFIX}...").into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl serde::Serialize for ClientId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for ClientId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("a client's id has 1 to 512 visible characters"))
    }
}

impl schemars::JsonSchema for ClientId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ClientId".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "minLength": 1, "maxLength": MOST })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeededChance;

    #[test]
    fn an_id_is_visible_and_short_enough_and_has_chance() {
        let chance = SeededChance::new(1);
        let (one, other) = (ClientId::generate(&chance), ClientId::generate(&chance));
        assert!(one != other && one.as_str().starts_with("wgc_") && one.as_str().len() == 36);
        let in_a_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        assert!([&one, &other].into_iter().all(|id| id.as_str().bytes().all(in_a_name)), "{one} {other}");
        for good in [one.as_str(), "a", "https://app.example/client.json", &"x".repeat(512)] {
            assert_eq!(ClientId::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", " ", "a b", "a\n", "\0", "\u{e4}", &"x".repeat(513)] {
            assert_eq!(ClientId::parse(bad), None, "{bad:?}");
        }
    }
}
