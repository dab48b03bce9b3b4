//! Whose rows a transaction sees.

use wardgraph_kernel::{Owner, TenantId, UserId};

use crate::wire::Command;

/// Whose rows a transaction sees: what `app.current_tenant_id` is set to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// One tenant's, and the shared rows to read.
    Tenant(TenantId),
    /// One tenant's, and a person's own account.
    Account(TenantId, UserId),
    /// One tenant's, and who its members are.
    Members(TenantId),
    /// One tenant's, and its members with what they have in it, to see to; and the account of who does.
    Organization(TenantId, Option<UserId>),
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
            Self::Tenant(tenant) | Self::Account(tenant, _) | Self::Members(tenant) | Self::Organization(tenant, _) => {
                tenant.as_str()
            }
            Self::System => "_system",
            Self::Shared => "*",
            Self::Nobody => "",
        }
    }

    /// The text that binds a transaction to this scope, if it is bound to any. The tenant stands in it as a literal, since Citus forwards
    /// `SET LOCAL` and not `set_config`; [`TenantId`]'s alphabet has nothing to escape.
    pub(crate) fn binding(&self) -> Option<String> {
        match self {
            Self::Nobody => None,
            scope => Some(format!("SET LOCAL app.current_tenant_id = '{}'", scope.tenant())),
        }
    }

    /// The text that binds a transaction to people besides, if it is bound to any: the own account, or the members of the tenant. A UUID has
    /// nothing to escape either.
    pub(crate) fn people(&self) -> Option<String> {
        match self {
            Self::Account(_, user) => Some(format!("SET LOCAL app.current_user_id = '{user}'")),
            Self::Members(tenant) | Self::Organization(tenant, _) => {
                Some(format!("SET LOCAL app.current_members_of = '{tenant}'"))
            }
            Self::Tenant(_) | Self::System | Self::Shared | Self::Nobody => None,
        }
    }

    /// The texts that bind a transaction to what is changed of an organization, and to who changes it, if it is.
    pub(crate) fn keeping(&self) -> Vec<String> {
        let Self::Organization(tenant, user) = self else { return Vec::new() };
        let own = user.map(|user| format!("SET LOCAL app.current_user_id = '{user}'"));
        own.into_iter().chain([format!("SET LOCAL app.current_keeper_of = '{tenant}'")]).collect()
    }
}

/// How Postgres plans a transaction's statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// Once for all values: for everything that is looked up by keys, and where planning would cost more than running. A tenant has as many rows
    /// then as the others on average; planned with its id known, one that is younger than the statistics has none, and any way through them is as good.
    Generic,
    /// Anew for each call, with the values known: right where an HNSW index may be used, since a generic plan loses recall.
    Custom,
    /// As [`Plan::Custom`], and by an index that brings rows in their order wherever there is one: the planner thinks comparing vectors cheaper
    /// than it is, and would not use an HNSW index below some 8,000 rows.
    Indexed,
    /// As [`Plan::Indexed`], by an index of one tenant's vectors: nothing in it is passed over, so that it looks no further than it is told to.
    IndexedAlone,
}

impl Plan {
    /// What a transaction is told, so that its statements are planned like this.
    pub(crate) const fn commands(self) -> &'static [Command] {
        match self {
            // As connections are opened.
            Self::Generic => &[],
            Self::Custom => &[Command::PlanCustom],
            Self::Indexed => &[Command::PlanCustom, Command::AvoidSorting],
            Self::IndexedAlone => &[Command::PlanCustom, Command::AvoidSorting, Command::LookWidely],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_bound_by_its_name_and_nobody_is_not() {
        let scope = Scope::Tenant(TenantId::parse("acme").unwrap());
        assert_eq!(scope.binding().unwrap(), "SET LOCAL app.current_tenant_id = 'acme'");
        assert_eq!(Scope::Shared.binding().unwrap(), "SET LOCAL app.current_tenant_id = '*'");
        assert_eq!(Scope::Nobody.binding(), None);
        let user = UserId::from(uuid::Uuid::nil());
        let account = Scope::Account(TenantId::parse("acme").unwrap(), user);
        assert_eq!(account.binding(), Scope::Tenant(TenantId::parse("acme").unwrap()).binding());
        assert_eq!(account.people().unwrap(), "SET LOCAL app.current_user_id = '00000000-0000-0000-0000-000000000000'");
        let members = Scope::Members(TenantId::parse("acme").unwrap());
        assert_eq!(members.binding(), Scope::Tenant(TenantId::parse("acme").unwrap()).binding());
        assert_eq!(members.people().unwrap(), "SET LOCAL app.current_members_of = 'acme'");
        assert_eq!((members.keeping().len(), Scope::System.people()), (0, None));
        let kept = |user| Scope::Organization(TenantId::parse("acme").unwrap(), user);
        assert_eq!((kept(None).binding(), kept(None).people()), (members.binding(), members.people()));
        assert_eq!(kept(None).keeping(), ["SET LOCAL app.current_keeper_of = 'acme'"]);
        assert_eq!(kept(Some(user)).keeping(), [account.people().unwrap(), kept(None).keeping().concat()]);
    }
}
