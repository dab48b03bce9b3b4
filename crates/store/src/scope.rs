//! Whose rows a transaction sees.

use wardgraph_kernel::{Owner, TenantId};

/// Whose rows a transaction sees: what `app.current_tenant_id` is set to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// One tenant's, and the shared rows to read.
    Tenant(TenantId),
    /// The reserved tenant of events that belong to no tenant.
    System,
    /// The shared rows themselves (`*`): for the administrator's role.
    Shared,
    /// Nobody's: only tables outside tenancy can be seen (the queue).
    Nobody,
}

impl From<Owner> for Scope {
    fn from(owner: Owner) -> Self {
        match owner {
            Owner::Tenant(tenant) => Self::Tenant(tenant),
            Owner::Shared => Self::Shared,
        }
    }
}

impl Scope {
    /// The value of `tenant_id` in rows of this scope; empty for [`Scope::Nobody`], which matches no row.
    pub fn tenant(&self) -> &str {
        match self {
            Self::Tenant(tenant) => tenant.as_str(),
            Self::System => "_system",
            Self::Shared => "*",
            Self::Nobody => "",
        }
    }

    /// The text that opens a transaction in this scope. The tenant stands in it as a literal, since Citus forwards `SET LOCAL` and not
    /// `set_config`; [`TenantId`]'s alphabet has nothing to escape.
    pub(crate) fn preamble(&self, writable: bool, savepoint: bool, plan: Plan) -> String {
        let mode = if writable { "BEGIN READ WRITE" } else { "BEGIN READ ONLY" };
        let custom = match plan {
            Plan::Auto => "",
            Plan::Custom => "; SET LOCAL plan_cache_mode = force_custom_plan",
            Plan::Indexed => "; SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL enable_sort = off",
            Plan::Generic => "; SET LOCAL plan_cache_mode = force_generic_plan",
        };
        let savepoint = if savepoint { "; SAVEPOINT domain" } else { "" };
        match self {
            Self::Nobody => format!("{mode}{custom}{savepoint}"),
            scope => format!("{mode}; SET LOCAL app.current_tenant_id = '{}'{custom}{savepoint}", scope.tenant()),
        }
    }
}

/// How Postgres plans a transaction's statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// As it sees fit: right for point reads.
    Auto,
    /// Anew for each call, with the values known: right where an HNSW index may be used, since a generic plan loses recall.
    Custom,
    /// As [`Plan::Custom`], and by an index that brings rows in their order wherever there is one: the planner thinks comparing vectors cheaper
    /// than it is, and would not use an HNSW index below some 8,000 rows.
    Indexed,
    /// Once for all values: right where one plan is the best for all of them, and planning would cost more than running.
    Generic,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preamble_binds_the_tenant_before_anything_else() {
        let scope = Scope::Tenant(TenantId::parse("acme").unwrap());
        assert_eq!(scope.preamble(false, false, Plan::Auto), "BEGIN READ ONLY; SET LOCAL app.current_tenant_id = 'acme'");
        assert_eq!(
            scope.preamble(true, true, Plan::Custom),
            "BEGIN READ WRITE; SET LOCAL app.current_tenant_id = 'acme'; SET LOCAL plan_cache_mode = force_custom_plan; SAVEPOINT domain"
        );
        assert_eq!(Scope::Nobody.preamble(true, false, Plan::Auto), "BEGIN READ WRITE");
    }
}
