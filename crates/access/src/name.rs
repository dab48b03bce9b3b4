//! The names of resources, as permissions speak of them.

use crate::AccessError;

/// How long a name may be, in bytes.
pub(crate) const LONGEST: usize = 128;

/// The name of one resource: 1 to 128 of `a-z 0-9 _ - .`, a letter or digit first.
///
/// Nothing is trimmed, lowered or folded. A name that looks like another one to people (a capital, a Cyrillic letter, a separator) would slip
/// past a rule that denies the other: so it is no name, and nothing can be asked about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name<'a>(&'a str);

impl<'a> Name<'a> {
    /// Reads a name exactly as it stands.
    ///
    /// # Errors
    /// [`AccessError::Name`] for what is none.
    pub fn read(text: &'a str) -> Result<Self, AccessError> {
        let good = text.len() <= LONGEST && text.bytes().all(is_letter) && text.bytes().next().is_some_and(begins);
        if good { Ok(Self(text)) } else { Err(AccessError::Name) }
    }

    /// The name as text.
    pub const fn as_str(self) -> &'a str {
        self.0
    }
}

/// Whether a byte may stand in a name.
pub(crate) const fn is_letter(byte: u8) -> bool {
    begins(byte) || matches!(byte, b'_' | b'-' | b'.')
}

/// Whether a name may begin with a byte.
pub(crate) const fn begins(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_another_name_is_none() {
        for good in ["a", "production-1", "0", "a.b_c-d", "0190a1b2-0000-7000-8000-000000000000", &"a".repeat(128)] {
            assert_eq!(Name::read(good).unwrap().as_str(), good);
        }
        let bad = [
            "",
            " ",
            "-a",
            ".a",
            "_a",
            "A",
            "Production-1",
            "production\u{2010}1",
            "pr\u{43e}duction-1",
            "prod\u{0}",
            "prod ",
            " prod",
            "a/b",
            "a:b",
            "a*",
            "*",
            "${user_id}",
            "a\n",
            "\u{ff41}",
            "a\u{301}",
            "a\u{200b}",
            &"a".repeat(129),
        ];
        for bad in bad {
            assert_eq!(Name::read(bad), Err(AccessError::Name), "{bad:?}");
        }
    }
}
