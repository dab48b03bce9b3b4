//! Floods of new keys: the table stays bounded, and nobody gets in freely.

use std::net::{IpAddr, Ipv6Addr};

use wardgraph_kernel::LimitClass::{Read, Search};
use wardgraph_limits::{LimitTable, Limiter};

use crate::kit::*;

fn network(n: u64) -> IpAddr {
    IpAddr::V6(Ipv6Addr::from_bits(u128::from(n) << 64))
}

#[test]
fn a_flood_of_new_keys_stays_bounded() {
    let limiter = Limiter::bounded(LimitTable::default(), 6_400, 6_400);
    for n in 0..100_000 {
        limiter.charge_tenant(&tenant(&format!("t{n}")), Search, 1, ms(0));
        limiter.charge_network(network(n), Search, ms(0));
    }
    let occupancy = limiter.occupancy();
    assert_eq!((occupancy.tenants, occupancy.networks), (6_400, 6_400));
    assert_eq!(occupancy.overflowed, 2 * (100_000 - 6_400));
}

#[test]
fn when_full_newcomers_share_one_bucket_and_those_inside_keep_theirs() {
    let limiter = Limiter::bounded(LimitTable::default(), 64, 64);
    for n in 0..10_000 {
        limiter.charge_network(network(n), Search, ms(0));
    }
    let fresh = |from: u64| (from..from + 1_000).filter(|n| limiter.peek_network(network(*n), Search, ms(0)).admitted).count();
    assert_eq!(fresh(1_000_000), 0, "the shared bucket is empty");
    assert!(limiter.peek_network(network(1_000_000), Read, ms(0)).admitted, "another class has its own");
    let inside = (0..10_000).filter(|n| limiter.peek_network(network(*n), Search, ms(0)).admitted).count();
    assert_eq!(inside, 64);
}

#[test]
fn idle_keys_make_room_and_nobody_is_forgiven() {
    let limiter = Limiter::bounded(LimitTable::default(), 64, 64);
    // The one in debt stays while the idle ones go.
    for _ in 0..40 {
        limiter.charge_network(network(0), Search, ms(0));
    }
    for n in 1..10_000 {
        limiter.charge_network(network(n), Search, ms(0));
    }
    let debt = limiter.peek_network(network(0), Search, ms(1_000));
    for n in 10_000..20_000 {
        limiter.charge_network(network(n), Search, ms(1_000));
    }
    assert!(limiter.occupancy().networks <= 64);
    assert_eq!(limiter.peek_network(network(0), Search, ms(1_000)), debt);
    assert!(!debt.admitted);
}

#[test]
fn a_hundred_thousand_tenants_fit_with_buckets_of_their_own() {
    let limiter = Limiter::new(LimitTable::default());
    for n in 0..100_000 {
        assert_eq!(limiter.charge_tenant(&tenant(&format!("t{n}")), Search, 1, ms(0)).remaining, 99);
    }
    let occupancy = limiter.occupancy();
    assert_eq!((occupancy.tenants, occupancy.overflowed), (100_000, 0));
}
