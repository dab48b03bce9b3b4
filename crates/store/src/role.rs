//! The database roles. Each has its own login and its own few rights; none is a member of another.

/// A database role of Wardgraph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Owns the schema: migrations and partitions, never requests.
    Owner,
    /// Serves requests: owns nothing, bound to one tenant a transaction.
    App,
    /// Administrator endpoints: shared rows, and rows of any tenant. Audited.
    Admin,
    /// Login, registration, tokens: identity tables and nothing else, before anyone is known.
    Identity,
    /// The queue, and system work in one tenant at a time.
    Worker,
}

impl Role {
    /// Every role.
    pub const ALL: &[Self] = &[Self::Owner, Self::App, Self::Admin, Self::Identity, Self::Worker];
    /// The roles that have a pool while serving.
    pub const SERVING: &[Self] = &[Self::App, Self::Admin, Self::Identity, Self::Worker];

    /// The role's name in Postgres.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Owner => "wardgraph_owner",
            Self::App => "wardgraph_app",
            Self::Admin => "wardgraph_admin",
            Self::Identity => "wardgraph_identity",
            Self::Worker => "wardgraph_worker",
        }
    }

    /// The role's name in configuration (`WARDGRAPH_DATABASE__<WORD>_URL`).
    pub const fn word(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::App => "app",
            Self::Admin => "admin",
            Self::Identity => "identity",
            Self::Worker => "worker",
        }
    }

    /// How many of the default 20 connections of all pools are the role's. The owner has no pool.
    pub const fn connections(self) -> usize {
        match self {
            Self::Owner => 1,
            Self::App => 12,
            Self::Admin | Self::Identity => 2,
            Self::Worker => 4,
        }
    }
}
