//! Which tenants an issuer may speak for.

use std::{collections::BTreeSet, sync::Arc};

use wardgraph_kernel::TenantId;

/// How the ids of organizations begin that were made here: an outside issuer speaks for one only where configuration lists it.
const MADE_HERE: &str = "org_";

/// Which tenants an issuer may speak for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenants {
    /// Tenants that are this issuer's by configuration: no other issuer may speak for them.
    pub listed: BTreeSet<TenantId>,
    /// What holds for tenants that no issuer lists.
    pub others: Others,
}

/// What holds for tenants that no issuer lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Others {
    /// The issuer may not speak for them.
    Refused,
    /// Each belongs to the issuer that it was first seen from. So many new ones an hour may be this issuer's.
    FirstSeen {
        /// How many.
        per_hour: u32,
    },
    /// The issuer may speak for all of them, whoever else does, but for those that were made here.
    Any,
    /// The issuer may speak for all of them, and for those that were made here: it is the operator himself.
    All,
    /// The issuer may speak for those that were made here, and for no others: it is this server.
    MadeHere,
}

impl Tenants {
    /// Any tenant that no other issuer lists.
    pub const ANY: Self = Self { listed: BTreeSet::new(), others: Others::Any };
    /// The same, and those that were made here.
    pub(crate) const ALL: Self = Self { listed: BTreeSet::new(), others: Others::All };
    /// Those that were made here.
    pub(crate) const MADE_HERE: Self = Self { listed: BTreeSet::new(), others: Others::MadeHere };

    /// What is to be asked before this issuer is believed about `tenant`, of which `elsewhere` says whether another issuer lists it.
    /// `None`: it may not speak for it.
    pub(crate) fn claim(&self, issuer: &Arc<str>, tenant: &TenantId, elsewhere: bool) -> Option<Binding> {
        match self.others {
            _ if self.listed.contains(tenant) => Some(Binding::Settled),
            _ if elsewhere => None,
            Others::All => Some(Binding::Settled),
            Others::Any if !is_made_here(tenant) => Some(Binding::Settled),
            Others::MadeHere if is_made_here(tenant) => Some(Binding::Settled),
            Others::FirstSeen { per_hour } if !is_made_here(tenant) => {
                Some(Binding::FirstSeen { issuer: issuer.clone(), per_hour })
            }
            Others::Any | Others::MadeHere | Others::FirstSeen { .. } | Others::Refused => None,
        }
    }
}

/// Whether a tenant is an organization that was made here.
pub(crate) fn is_made_here(tenant: &TenantId) -> bool {
    tenant.as_str().starts_with(MADE_HERE)
}

/// How a token's tenant belongs to its issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Binding {
    /// By configuration.
    Settled,
    /// If no other issuer was the first to speak for it: that is to be looked up.
    FirstSeen {
        /// What the issuer is remembered by: its `iss`, or its name if it has none.
        issuer: Arc<str>,
        /// How many new tenants an hour may be this issuer's.
        per_hour: u32,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_here_is_the_own_issuers_and_the_operators_alone() {
        let tenants = |others| Tenants { listed: BTreeSet::new(), others };
        let listed = Tenants { listed: [TenantId::parse("org_a").unwrap()].into(), others: Others::Refused };
        for (tenants, made_here, other) in [
            (tenants(Others::MadeHere), true, false),
            (tenants(Others::All), true, true),
            (tenants(Others::Any), false, true),
            (tenants(Others::FirstSeen { per_hour: 9 }), false, true),
            (tenants(Others::Refused), false, false),
            // The operator said so.
            (listed, true, false),
        ] {
            let may = |tenant: &str| tenants.claim(&"issuer".into(), &TenantId::parse(tenant).unwrap(), false).is_some();
            assert_eq!((may("org_a"), may("acme")), (made_here, other), "{tenants:?}");
            assert!(
                !tenants.listed.is_empty() || tenants.claim(&"issuer".into(), &TenantId::parse("acme").unwrap(), true).is_none()
            );
        }
    }
}
