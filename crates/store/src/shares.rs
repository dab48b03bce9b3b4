//! A tenant's share of a pool: whatever one tenant does, others find a free connection.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tokio::sync::Semaphore;
use wardgraph_kernel::TenantId;

use crate::Role;

/// A tenant's share, and what tells tenants apart on a lane: whoever holds it at one time holds the same.
pub(crate) type Share = Arc<Semaphore>;

/// Past this many entries those that nobody uses are forgotten.
const SWEPT_ABOVE: usize = 10_000;

/// The shares that are in use.
#[derive(Debug, Default)]
pub(crate) struct Shares(Mutex<HashMap<(Role, TenantId), Weak<Semaphore>>>);

impl Shares {
    /// The tenant's share of a pool of `connections`: a third of them, at least one.
    pub(crate) fn of(&self, role: Role, tenant: &TenantId, connections: usize) -> Share {
        let mut shares = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if shares.len() > SWEPT_ABOVE {
            shares.retain(|_, share| share.strong_count() > 0);
        }
        let held = shares.entry((role, tenant.clone())).or_default();
        held.upgrade().unwrap_or_else(|| {
            let share = Arc::new(Semaphore::new(connections.div_ceil(3).max(1)));
            *held = Arc::downgrade(&share);
            share
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_third_and_the_same_for_all_who_hold_it() {
        let shares = Shares::default();
        let tenant = TenantId::parse("acme").unwrap();
        let held = shares.of(Role::App, &tenant, 13);
        assert_eq!(held.available_permits(), 5);
        let _one = held.clone().try_acquire_owned().unwrap();
        assert_eq!(shares.of(Role::App, &tenant, 13).available_permits(), 4);
        assert_eq!(shares.of(Role::Worker, &tenant, 1).available_permits(), 1);
    }
}
