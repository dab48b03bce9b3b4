//! Kinds that rows keep by a word. Each is declared once, with its word: no list of them can lack one.

/// An enum whose variants are stored by words.
macro_rules! stored {
    ($(#[$on:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$on])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$doc])* $variant,)*
        }

        impl $name {
            /// Every one.
            pub(crate) const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The word that is stored.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }

            /// The one that is stored by this word; `None` for one of another version.
            pub(crate) fn of(word: &str) -> Option<Self> {
                Self::ALL.iter().find(|known| known.word() == word).copied()
            }
        }
    };
}

pub(crate) use stored;
