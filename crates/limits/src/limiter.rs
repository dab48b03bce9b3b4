//! The limiter: who is charged, by which policy.

use std::{net::IpAddr, time::Duration};

use wardgraph_kernel::{LimitClass, TenantId};

use crate::{BatchTooLarge, Decision, LimitTable, Network, Policy, bucket::Nanos, decision::Verdict, keyed::Keyed};

/// How many tenants have buckets of their own at a time; idle ones make room. Some 20 MB when full.
const TENANTS: usize = 200_000;
/// How many networks have buckets of their own at a time; idle ones make room. Some 10 MB when full.
const NETWORKS: usize = 100_000;

/// The buckets of this process.
#[derive(Debug)]
pub struct Limiter {
    table: LimitTable,
    tenants: Keyed<TenantId>,
    networks: Keyed<Network>,
    clients: Keyed<str>,
    unproven: Keyed<str>,
    failing: Keyed<str>,
}

/// How many OAuth clients have buckets of their own at a time, how many that prove nothing in how many networks, and how many names of clients that did
/// not prove to be them; idle ones make room. Some 10 MB each when full.
const CLIENTS: usize = 100_000;

/// How full the limiter is, for metrics and alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occupancy {
    /// Tenants with buckets of their own.
    pub tenants: usize,
    /// Networks with buckets of their own.
    pub networks: usize,
    /// Charges since the start that found no room and went to the shared bucket of their class. Above zero, something floods.
    pub overflowed: u64,
}

impl Limiter {
    /// A limiter with full buckets for everybody.
    pub fn new(table: LimitTable) -> Self {
        Self::bounded(table, TENANTS, NETWORKS)
    }

    /// The same, with room for at most so many tenants and networks (rounded down to a multiple of 64, at least 64).
    pub fn bounded(table: LimitTable, tenants: usize, networks: usize) -> Self {
        Self {
            table,
            tenants: Keyed::new(tenants),
            networks: Keyed::new(networks),
            clients: Keyed::new(CLIENTS),
            unproven: Keyed::new(CLIENTS),
            failing: Keyed::new(CLIENTS),
        }
    }

    /// The limits in force.
    pub const fn table(&self) -> &LimitTable {
        &self.table
    }

    /// Takes `amount` tokens from the tenant's bucket, or none at all. More than the burst is refused whatever the bucket holds:
    /// ask [`Limiter::check_batch`] first. `elapsed` is the clock's.
    pub fn charge_tenant(&self, tenant: &TenantId, class: LimitClass, amount: u32, elapsed: Duration) -> Decision {
        let Some(policy) = self.table.tenant(class) else { return Decision::unlimited(class) };
        let now = Nanos::of(elapsed);
        self.tenants.change(tenant, class, now, |bucket| {
            let verdict = match bucket.take(policy, amount, now) {
                Ok(()) => Verdict::Admitted,
                Err(_) if amount > policy.burst() => Verdict::Never,
                Err(wait) => Verdict::Wait(wait),
            };
            Decision::new(class, policy, *bucket, verdict, now)
        })
    }

    /// Refuses a batch that no waiting makes fit, before anything is charged.
    pub fn check_batch(&self, class: LimitClass, amount: u32) -> Result<(), BatchTooLarge> {
        match self.table.tenant(class) {
            Some(policy) if amount > policy.burst() => Err(BatchTooLarge { amount, burst: policy.burst() }),
            Some(_) | None => Ok(()),
        }
    }

    /// Whether a caller from `address` may try at all: read before a credential is looked at, and takes nothing.
    pub fn peek_network(&self, address: IpAddr, class: LimitClass, elapsed: Duration) -> Decision {
        let Some(policy) = self.table.network(class) else { return Decision::unlimited(class) };
        let now = Nanos::of(elapsed);
        let bucket = self.networks.read(&Network::of(address), class, now);
        Decision::new(class, policy, bucket, bucket.wait_for(policy, 1, now).into(), now)
    }

    /// Counts a request that ended without a valid credential. It was admitted before its end was known, so it always counts: requests that
    /// ran at the same time put the bucket in debt, of at most one burst, which the network pays back by waiting. The decision
    /// is the next request's: what [`Limiter::peek_network`] would now say.
    pub fn charge_network(&self, address: IpAddr, class: LimitClass, elapsed: Duration) -> Decision {
        let Some(policy) = self.table.network(class) else { return Decision::unlimited(class) };
        let now = Nanos::of(elapsed);
        self.networks.change(&Network::of(address), class, now, |bucket| {
            bucket.owe(policy, now);
            Decision::new(class, policy, *bucket, bucket.wait_for(policy, 1, now).into(), now)
        })
    }

    /// Takes a token from the bucket of an OAuth client that proved who it is.
    pub fn charge_client(&self, client: &str, class: LimitClass, elapsed: Duration) -> Decision {
        charge(&self.clients, client, self.table.tenant(class), class, elapsed)
    }

    /// Takes one from the bucket that an OAuth client which proves nothing has for whoever comes from this network: nobody uses up what the same client
    /// has elsewhere.
    pub fn charge_unproven_client(&self, client: &str, address: IpAddr, class: LimitClass, elapsed: Duration) -> Decision {
        // No client id has a blank.
        let key = format!("{client} {}", Network::of(address));
        charge(&self.unproven, &key, self.table.tenant(class), class, elapsed)
    }

    /// Counts a try in a client's name that failed, by whomever: a bucket apart from that of [`Limiter::charge_client`], so that nobody uses up
    /// what is the client's.
    pub fn charge_failing_client(&self, client: &str, class: LimitClass, elapsed: Duration) -> Decision {
        charge(&self.failing, client, self.table.network(class), class, elapsed)
    }

    /// How full the limiter is. Takes each shard's lock in turn: for metrics, not for every request.
    pub fn occupancy(&self) -> Occupancy {
        Occupancy {
            tenants: self.tenants.len(),
            networks: self.networks.len(),
            overflowed: self.tenants.overflowed().saturating_add(self.networks.overflowed()),
        }
    }
}

/// Takes a token from the bucket of a key, if the class has a policy.
fn charge(buckets: &Keyed<str>, key: &str, policy: Option<Policy>, class: LimitClass, elapsed: Duration) -> Decision {
    let Some(policy) = policy else { return Decision::unlimited(class) };
    let now = Nanos::of(elapsed);
    buckets.change(key, class, now, |bucket| {
        let verdict = bucket.take(policy, 1, now).map_or_else(Verdict::Wait, |()| Verdict::Admitted);
        Decision::new(class, policy, *bucket, verdict, now)
    })
}
