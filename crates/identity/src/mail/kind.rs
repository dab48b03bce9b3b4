//! What a message can be: one with a link, or a notice. Whatever can be written has a text: [`super::texts`] matches without a wildcard.

use super::Notice;
use crate::link;

/// A kind of message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Brings a link of this kind.
    Link(link::Kind),
    /// Tells of something.
    Notice(Notice),
}

impl Kind {
    /// The kind that is stored by this word; `None` for one of another version.
    pub(super) fn of(word: &str) -> Option<Self> {
        link::Kind::of(word).map(Self::Link).or_else(|| Notice::of(word).map(Self::Notice))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_kind_is_stored_by_a_word_of_its_own_and_read_back() {
        let all = || link::Kind::ALL.iter().copied().map(Kind::Link).chain(Notice::ALL.iter().copied().map(Kind::Notice));
        let word = |kind| match kind {
            Kind::Link(kind) => kind.word(),
            Kind::Notice(notice) => notice.word(),
        };
        assert!(all().all(|kind| Kind::of(word(kind)) == Some(kind)));
        assert_eq!(all().map(word).collect::<BTreeSet<_>>().len(), all().count());
        assert_eq!(Kind::of("of another version"), None);
    }
}
