//! Words that the tests share.

use std::{net::IpAddr, time::Duration};

use wardgraph_kernel::{LimitClass, TenantId};
use wardgraph_limits::{LimitTable, Limiter, Policy};

pub(crate) fn tenant(name: &str) -> TenantId {
    TenantId::parse(name).unwrap()
}

pub(crate) fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) fn policy(burst: u32, sustained: u32) -> Policy {
    Policy::new(burst, sustained).unwrap()
}

/// A limiter whose search class has this policy, for tenants and networks alike.
pub(crate) fn searching(policy: Policy) -> Limiter {
    let search = LimitClass::Search;
    Limiter::new(LimitTable::default().with_tenant(search, Some(policy)).with_network(search, Some(policy)))
}
