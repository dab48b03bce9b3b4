//! How a tenant's vectors are searched, and what a server knows of it.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use wardgraph_store::Space;

use super::Searches;

/// How a tenant's vectors of a model are searched.
///
/// `embeddings.graph` says where a vector lies: 0 in no index (the tail, where each is born), 1 in the index that the tenants of a partition share
/// and in the tenant's own if it has one, 2 in the tenant's own alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Route {
    /// One by one: right for few, and for all while nothing else is there.
    Exact,
    /// By the HNSW index that tenants of a partition share, and what is not in it one by one.
    Graph,
    /// By the tenant's own HNSW index, and the tail one by one.
    Own,
}

impl Route {
    /// Every route.
    pub const ALL: &[Self] = &[Self::Exact, Self::Graph, Self::Own];

    /// The route's name, in the database, in answers and in metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Graph => "graph",
            Self::Own => "own",
        }
    }

    /// Where vectors of the tail are moved for it (`embeddings.graph`).
    pub(crate) const fn place(self) -> Option<i16> {
        match self {
            Self::Exact => None,
            Self::Graph => Some(1),
            Self::Own => Some(2),
        }
    }

    /// The route of this name.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|route| route.word() == word)
    }
}

/// The routes of all tenants that have outgrown exact search, as they were a moment ago, and the statements that go by them. A route that is
/// out of date costs time, never results.
#[derive(Debug)]
pub struct Routes {
    searches: &'static Searches,
    grown: RwLock<Arc<HashMap<String, Route>>>,
}

impl Routes {
    /// Nobody has outgrown anything yet.
    pub fn new(space: &Space) -> Self {
        Self { searches: Searches::of(space), grown: RwLock::default() }
    }

    /// The statements.
    pub const fn searches(&self) -> &'static Searches {
        self.searches
    }

    /// The route of a tenant.
    pub fn of(&self, tenant: &str) -> Route {
        let grown = self.grown.read().unwrap_or_else(PoisonError::into_inner).clone();
        grown.get(tenant).copied().unwrap_or(Route::Exact)
    }

    /// Replaces all that is known.
    pub fn replace(&self, grown: HashMap<String, Route>) {
        *self.grown.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(grown);
    }
}
