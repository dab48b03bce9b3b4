//! Names that are compared with other names.

use std::{borrow::Cow, fmt, ops::Deref};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// A name that is compared with others, byte by byte: a class, a relation, an external id. It is in Unicode's normal form C (UAX #15),
/// however it was sent: what reads the same is the same, whether its accents came apart, as from a Mac's file names, or not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Name(String);

impl Name {
    /// The name that a text spells.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        match is_nfc_quick(text.chars()) {
            IsNormalized::Yes => Self(text),
            IsNormalized::No | IsNormalized::Maybe => Self(text.nfc().collect()),
        }
    }

    /// The name, as it is stored and shown.
    pub fn into_text(self) -> String {
        self.0
    }
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

impl JsonSchema for Name {
    fn schema_name() -> Cow<'static, str> {
        "Name".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": PATTERN })
    }
}

/// The characters of a name, as [`misleads`] has it.
const PATTERN: &str = r"^[^\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]*$";

/// What a name has in it that would mislead whoever reads it, if it has any. What is
/// looked for is judged by this alone, so that names are found which were kept before more was asked of them.
pub(crate) fn misleads(name: &str) -> Option<&'static str> {
    if name.is_ascii() && !name.bytes().any(|byte| byte.is_ascii_control() || byte == b'<') {
        return None;
    }
    if name.contains(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
        Some("control characters or line ends")
    } else if name.contains(turns) {
        Some("characters that turn the direction of writing")
    } else if wardgraph_kernel::html::look(name) == wardgraph_kernel::html::Found::Nothing {
        None
    } else {
        Some("HTML that runs")
    }
}

/// What a name has in it that keeps it from being kept, if it has any: what misleads, and a tag that does not end, since what is shown behind it
/// would become part of it. The texts beside it are cleaned of such tags; a name is refused, since two could become one.
pub(crate) fn unfit(name: &str) -> Option<&'static str> {
    misleads(name).or_else(|| wardgraph_kernel::html::ended(name).map(|_| "a `<` that begins a tag which no `>` ends"))
}

/// Unicode's property Bidi_Control (UAX #9): marks, embeddings, overrides and isolates, by which a text reads as another one.
const fn turns(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reads_the_same_is_the_same_name() {
        let names = ["caf\u{e9}", "cafe\u{301}"].map(|text| serde_json::from_value::<Name>(text.into()).unwrap());
        assert_eq!(names[0], names[1]);
        assert_eq!(&*names[1], "caf\u{e9}");
        // Å as letter, as Ångström sign, and apart; Hangul; marks in either order.
        assert_eq!(Name::new("\u{212b}"), Name::new("A\u{30a}"));
        assert_eq!(Name::new("\u{1100}\u{1161}"), Name::new("\u{ac00}"));
        assert_eq!(Name::new("q\u{307}\u{323}"), Name::new("q\u{323}\u{307}"));
        // Case and compatibility are not looked at: these are other names.
        for (one, other) in [("A", "a"), ("\u{fb01}", "fi"), ("\u{ff21}", "A"), ("\u{3c3}", "\u{3c2}")] {
            assert_ne!(Name::new(one), Name::new(other));
        }
    }

    #[test]
    fn a_name_that_is_kept_is_no_beginning_of_a_tag() {
        for bad in ["a<b", "<img ", "<", "a </", "é<a href='", "<b>x</b", "a<b onclick=x>"] {
            assert!(unfit(bad).is_some(), "{bad}");
        }
        for good in ["a < b", "1<2", "Vec<T>", "<b>x</b>", "a<b && c>d", "https://x/<id>", "a>b", "->", "=>", "é"] {
            assert_eq!(unfit(good), None, "{good}");
        }
    }

    #[test]
    fn a_name_shows_what_it_is() {
        for good in [
            "a",
            "DERIVED_FROM",
            "file://a/b c?d#e",
            "\u{5d0}\u{5d1}",
            "\u{645}\u{6cc}\u{200c}\u{62e}",
            "\u{1f469}\u{200d}\u{1f4bb}",
            "a<b",
            "é",
            "https://x/<id>",
        ] {
            assert_eq!(misleads(good), None, "{good}");
        }
        for bad in [
            "a\nb",
            "\t",
            "\u{7f}",
            "\u{85}",
            "a\0",
            "\u{2028}",
            "user\u{202e}gpj.exe",
            "\u{200e}a",
            "\u{2066}a",
            "\u{61c}",
            "<script>x</script>",
            "<img src=x onerror=x()>",
            "é<svg/onload=x()>",
        ] {
            assert!(misleads(bad).is_some(), "{bad:?}");
        }
    }
}
