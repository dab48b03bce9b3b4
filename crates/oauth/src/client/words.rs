//! The words by which clients are registered.

macro_rules! words {
    ($(#[$outer:meta])* $name:ident { $( $(#[$doc:meta])* $variant:ident = $word:literal;)* }) => {
        $(#[$outer])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $( $(#[$doc])* $variant ),* }

        impl $name {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word, as it is stored, sent and shown.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// The one that a word names.
            pub fn of(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.word() == word)
            }
        }
    };
}

pub(crate) use words;

words! {
    /// By what a client gets tokens.
    GrantType {
        /// A person's leave, by a code (RFC 6749, section 4.1).
        AuthorizationCode = "authorization_code";
        /// Its own credential, on its own behalf (RFC 6749, section 4.4).
        ClientCredentials = "client_credentials";
        /// A refresh token (RFC 6749, section 6).
        RefreshToken = "refresh_token";
        /// A person's leave, by a code that they enter in a browser elsewhere (RFC 8628).
        DeviceCode = "urn:ietf:params:oauth:grant-type:device_code";
        /// Another token, for one that says less or is good elsewhere (RFC 8693).
        TokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange";
    }
}

words! {
    /// How a client came to be registered.
    Source {
        /// By somebody of its organization.
        Api = "api";
        /// By whoever runs the server.
        Cli = "cli";
        /// By itself (RFC 7591).
        Dynamic = "dynamic";
        /// By the document that its id is the address of.
        Document = "document";
    }
}
