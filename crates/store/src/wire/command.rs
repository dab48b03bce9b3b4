//! What is said of transactions, besides statements: prepared once on each connection, as those are.

/// A command without parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    BeginRead,
    BeginWrite,
    /// Plans are made anew for each call.
    PlanCustom,
    /// An index that brings rows in their order is used wherever there is one.
    AvoidSorting,
    /// An HNSW index looks at as many candidates as it can.
    LookWidely,
    Savepoint,
    Undo,
    Commit,
    Rollback,
}

impl Command {
    pub(crate) const ALL: [Self; 9] = [
        Self::BeginRead,
        Self::BeginWrite,
        Self::PlanCustom,
        Self::AvoidSorting,
        Self::LookWidely,
        Self::Savepoint,
        Self::Undo,
        Self::Commit,
        Self::Rollback,
    ];

    /// The text, which is the prepared statement's name as well.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::BeginRead => "BEGIN READ ONLY",
            Self::BeginWrite => "BEGIN READ WRITE",
            Self::PlanCustom => "SET LOCAL plan_cache_mode = force_custom_plan",
            Self::AvoidSorting => "SET LOCAL enable_sort = off",
            Self::LookWidely => "SET LOCAL hnsw.ef_search = 1000",
            Self::Savepoint => "SAVEPOINT domain",
            Self::Undo => "ROLLBACK TO SAVEPOINT domain",
            Self::Commit => "COMMIT",
            Self::Rollback => "ROLLBACK",
        }
    }
}
