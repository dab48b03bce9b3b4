//! The closed list of limit classes.

/// How often an endpoint may be called: each class has its own bucket per tenant, and per network for callers without a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum LimitClass {
    /// Health, discovery, documents: counted for nobody, and cheap.
    Probe,
    /// Reading single things and pages.
    Read,
    /// Changing nodes and edges; a batch counts once here and its items in [`LimitClass::Items`].
    NodeWrite,
    /// The items of batches.
    Items,
    /// Search.
    Search,
    /// Proving who one is: signing in, registering, mailed links, refreshing.
    Auth,
    /// What clients of the OAuth server ask: tokens, introspection, revocation. Of a network, only what fails is counted.
    Client,
}

impl LimitClass {
    /// Every class.
    pub const ALL: &[Self] = &[Self::Probe, Self::Read, Self::NodeWrite, Self::Items, Self::Search, Self::Auth, Self::Client];

    /// The class's name in headers, configuration and metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Probe => "probe",
            Self::Read => "read",
            Self::NodeWrite => "node_write",
            Self::Items => "items",
            Self::Search => "search",
            Self::Auth => "auth",
            Self::Client => "client",
        }
    }
}
