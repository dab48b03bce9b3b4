//! Patterns: which names a rule speaks of.
//!
//! A pattern is a name, or the beginning of one with `*` in the last place, or `*` alone. `${user_id}` may stand in it once, for the id of whoever
//! asks. There is no other wildcard: of two such patterns, one covers the other or they have nothing in common, so that it can be decided
//! whether a set of them holds another (see [`crate::Matcher::beyond`]), and one search among sorted patterns finds the one that matches.

use std::{fmt, sync::Arc};

use crate::{AccessError, name};

/// How long the names are that a pattern can match at most, in bytes.
pub(crate) const LONGEST: usize = name::LONGEST;

/// How the person's id is written in a pattern.
const USER: &str = "${user_id}";
/// What stands for it inside: no name has it.
pub(crate) const MARK: &str = "$";
/// What an `Arc` takes besides what it is of.
pub(crate) const SHARED: usize = 2 * size_of::<usize>();
/// How long an id is as text.
pub(crate) const ID_BYTES: usize = 36;

/// Which names a rule speaks of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern {
    /// All but the `*`, with [`MARK`] in the person's place.
    literal: Arc<str>,
    /// Whether more may follow.
    open: bool,
}

impl Pattern {
    /// `*`: every name, and what has none.
    pub fn everything() -> Self {
        Self { literal: "".into(), open: true }
    }

    /// Reads a pattern exactly as it stands.
    ///
    /// # Errors
    /// [`AccessError::Pattern`] for what could be read in more than one way, or can match no name.
    pub fn read(text: &str) -> Result<Self, AccessError> {
        let (literal, open) = text.strip_suffix('*').map_or((text, false), |literal| (literal, true));
        if literal.is_empty() {
            return if open { Ok(Self::everything()) } else { Err(AccessError::Pattern) };
        }
        let (before, after) = literal.split_once(USER).map_or((literal, None), |(before, after)| (before, Some(after)));
        let letters = |text: &str| text.bytes().all(name::is_letter);
        let begins = before.bytes().next().map_or(after.is_some(), name::begins);
        let bytes = before.len() + after.map_or(0, |after| ID_BYTES + after.len());
        if !begins || !letters(before) || !after.is_none_or(letters) || bytes > LONGEST {
            return Err(AccessError::Pattern);
        }
        let literal = after.map_or_else(|| before.into(), |after| [before, MARK, after].concat().into());
        Ok(Self { literal, open })
    }

    /// Whether it is `*`.
    pub(crate) fn is_everything(&self) -> bool {
        self.literal.is_empty()
    }

    /// Whether it speaks of whoever asks.
    pub(crate) fn is_personal(&self) -> bool {
        self.literal.contains(MARK)
    }

    /// Where it stands among sorted ones: before everything that it covers.
    pub(crate) fn place(&self) -> (&str, bool) {
        (&self.literal, !self.open)
    }

    pub(crate) fn literal(&self) -> &str {
        &self.literal
    }

    /// How many bytes it takes besides itself.
    pub(crate) fn weight(&self) -> usize {
        SHARED + self.literal.len()
    }

    /// Whether it matches a text: a name, or one with [`MARK`] in its person's place.
    pub(crate) fn matches(&self, text: &str) -> bool {
        if self.open { text.starts_with(&*self.literal) } else { text == &*self.literal }
    }

    /// Whether everything that the other matches is matched, whoever asks for both.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        (self.open || !other.open) && self.matches(&other.literal)
    }

    /// The pattern for one person; `None` if it speaks of a person and there is none.
    pub(crate) fn resolved(&self, id: Option<&str>) -> Option<Self> {
        match id {
            _ if !self.is_personal() => Some(self.clone()),
            Some(id) => Some(Self { literal: self.literal.replace(MARK, id).into(), open: self.open }),
            None => None,
        }
    }

    /// A pattern that matches no less, whoever asks.
    pub(crate) fn widened(&self) -> Self {
        match self.literal.split_once(MARK) {
            Some((before, _)) => Self { literal: before.into(), open: true },
            None => self.clone(),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.literal.replace(MARK, USER))?;
        f.write_str(if self.open { "*" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::read(text).unwrap()
    }

    #[test]
    fn a_pattern_is_read_in_one_way_or_not_at_all() {
        for good in [
            "*",
            "a",
            "production-*",
            "production-1",
            "${user_id}",
            "${user_id}*",
            "user-${user_id}-*",
            "0.a_b-c",
            &"a".repeat(128),
        ] {
            assert_eq!(pattern(good).to_string(), good);
        }
        let bad = [
            "",
            "**",
            "a**",
            "*a",
            "a*b",
            "*-production",
            "a?",
            "[a]",
            "{a}",
            "A",
            "Production-*",
            "pr\u{43e}d-*",
            "prod-\u{2217}",
            "prod-\u{ff0a}",
            " a",
            "a ",
            "a\0",
            "a\n*",
            "a:b",
            "a/b",
            "a\\*",
            "%2a",
            "-a",
            ".*",
            "_*",
            "$",
            "$*",
            "a$",
            "${user}",
            "${USER_ID}",
            "${user_id",
            "${user_id}${user_id}",
            "${ user_id }",
            "$${user_id}",
            "a${user_id}b${user_id}",
            &"a".repeat(129),
            &format!("{}${{user_id}}", "a".repeat(93)),
        ];
        for bad in bad {
            assert_eq!(Pattern::read(bad), Err(AccessError::Pattern), "{bad:?}");
        }
        assert!(Pattern::read(&format!("{}${{user_id}}", "a".repeat(92))).is_ok());
    }

    #[test]
    fn a_wildcard_is_what_follows_and_nothing_else() {
        let (open, exact) = (pattern("production-*"), pattern("production-1"));
        for name in ["production-", "production-1", "production-1.b"] {
            assert!(open.matches(name));
        }
        assert!(!open.matches("production") && !open.matches("a-production-1") && exact.matches("production-1"));
        assert!(!exact.matches("production-11") && !exact.matches("production-"));
        assert!(pattern("*").matches("a") && open.covers(&exact) && !exact.covers(&open) && open.covers(&open));
        assert!(pattern("production-1*").covers(&exact) && !exact.covers(&pattern("production-1*")));
        assert!(
            pattern("user-*").covers(&pattern("user-${user_id}-*")) && !pattern("user-${user_id}-*").covers(&pattern("user-*"))
        );
    }

    #[test]
    fn a_person_is_one_who_asks() {
        let id = "0190a1b2-0000-7000-8000-000000000000";
        let own = pattern("user-${user_id}-*");
        assert_eq!(own.resolved(Some(id)).unwrap().to_string(), format!("user-{id}-*"));
        assert_eq!(own.resolved(None), None);
        assert_eq!(own.widened(), pattern("user-*"));
        assert_eq!(pattern("a*").resolved(None), Some(pattern("a*")));
    }
}
