//! Who is charged for what, and what the answer says.

use std::time::Duration;

use wardgraph_kernel::LimitClass::{Items, NodeWrite, Probe, Read, Search};
use wardgraph_limits::{BatchTooLarge, LimitTable, Limiter};

use crate::kit::*;

#[test]
fn the_hundred_and_first_search_waits_a_tenth_of_a_second() {
    let limiter = Limiter::new(LimitTable::default());
    let acme = tenant("acme");
    for left in (0..100).rev() {
        let decision = limiter.charge_tenant(&acme, Search, 1, ms(0));
        assert!(decision.admitted && decision.remaining == left && decision.retry_after.is_none());
    }
    let refused = limiter.charge_tenant(&acme, Search, 1, ms(0));
    assert!(!refused.admitted);
    assert_eq!((refused.class, refused.policy), (Search, Some(policy(100, 10))));
    assert_eq!((refused.remaining, refused.reset, refused.retry_after), (0, ms(10_000), Some(ms(100))));
    assert!(limiter.charge_tenant(&acme, Search, 1, ms(100)).admitted);
}

#[test]
fn tenants_and_classes_have_buckets_of_their_own() {
    let limiter = Limiter::new(LimitTable::default());
    while limiter.charge_tenant(&tenant("greedy"), Search, 1, ms(0)).admitted {}
    assert_eq!(limiter.charge_tenant(&tenant("modest"), Search, 1, ms(0)).remaining, 99);
    assert_eq!(limiter.charge_tenant(&tenant("greedy"), NodeWrite, 1, ms(0)).remaining, 49);
    assert_eq!(limiter.charge_tenant(&tenant("greedy"), Read, 1, ms(0)).remaining, 1_999);
}

#[test]
fn a_batch_takes_all_of_its_items_or_none() {
    let limiter = Limiter::new(LimitTable::default());
    let acme = tenant("acme");
    assert_eq!(limiter.charge_tenant(&acme, Items, 30_000, ms(0)).remaining, 20_000);
    let refused = limiter.charge_tenant(&acme, Items, 30_000, ms(0));
    assert_eq!((refused.admitted, refused.remaining, refused.retry_after), (false, 20_000, Some(ms(2_000))));
    assert_eq!(limiter.charge_tenant(&acme, Items, 20_000, ms(0)).remaining, 0);
}

#[test]
fn a_batch_beyond_the_burst_is_refused_up_front() {
    let limiter = Limiter::new(LimitTable::default());
    assert_eq!(limiter.check_batch(Items, 50_000), Ok(()));
    let error = limiter.check_batch(Items, 50_001).unwrap_err();
    assert_eq!(error, BatchTooLarge { amount: 50_001, burst: 50_000 });
    assert_eq!(error.to_string(), "the batch has 50001 items, and at most 50000 are taken at once");
    let charged = limiter.charge_tenant(&tenant("acme"), Items, u32::MAX, ms(0));
    assert_eq!((charged.admitted, charged.remaining, charged.retry_after), (false, 50_000, None));
}

#[test]
fn a_network_is_read_for_nothing_and_charged_for_failures() {
    let limiter = Limiter::new(LimitTable::default());
    let stranger = ip("192.0.2.1");
    for _ in 0..1_000 {
        assert_eq!(limiter.peek_network(stranger, Search, ms(0)).remaining, 20);
    }
    assert_eq!(limiter.occupancy().networks, 0);
    for left in (0..20).rev() {
        assert!(limiter.peek_network(stranger, Search, ms(0)).admitted);
        assert_eq!(limiter.charge_network(stranger, Search, ms(0)).remaining, left);
    }
    let refused = limiter.peek_network(stranger, Search, ms(0));
    assert_eq!((refused.admitted, refused.retry_after), (false, Some(ms(200))));
    assert!(
        limiter.peek_network(stranger, Read, ms(0)).admitted && limiter.peek_network(ip("192.0.2.2"), Search, ms(0)).admitted
    );
    assert!(limiter.peek_network(stranger, Search, ms(200)).admitted);
}

#[test]
fn requests_in_flight_together_are_paid_back() {
    let limiter = searching(policy(5, 5));
    let stranger = ip("192.0.2.1");
    for _ in 0..8 {
        limiter.charge_network(stranger, Search, ms(0));
    }
    assert_eq!(limiter.peek_network(stranger, Search, ms(0)).retry_after, Some(ms(800)));
    for _ in 0..1_000 {
        limiter.charge_network(stranger, Search, ms(0));
    }
    assert_eq!(limiter.peek_network(stranger, Search, ms(0)).retry_after, Some(ms(1_200)), "a debt stops at one burst");
}

#[test]
fn an_attacker_cannot_hop_within_his_network() {
    let limiter = searching(policy(1, 1));
    limiter.charge_network(ip("2001:db8:0:1::1"), Search, ms(0));
    assert!(!limiter.peek_network(ip("2001:db8:0:1:ffff::2"), Search, ms(0)).admitted);
    assert!(limiter.peek_network(ip("2001:db8:0:2::1"), Search, ms(0)).admitted);
    limiter.charge_network(ip("192.0.2.1"), Search, ms(0));
    assert!(!limiter.peek_network(ip("::ffff:192.0.2.1"), Search, ms(0)).admitted);
}

#[test]
fn probes_and_a_disabled_table_count_nobody() {
    let limiter = Limiter::new(LimitTable::default());
    let off = Limiter::new(LimitTable::disabled());
    for _ in 0..10_000 {
        let decision = limiter.charge_tenant(&tenant("acme"), Probe, 1, ms(0));
        assert!(decision.admitted && decision.policy.is_none());
        assert!(limiter.charge_network(ip("192.0.2.1"), Probe, ms(0)).admitted);
        assert!(off.charge_tenant(&tenant("acme"), Search, u32::MAX, ms(0)).admitted);
        assert!(off.peek_network(ip("192.0.2.1"), Search, ms(0)).admitted);
    }
    assert_eq!((limiter.occupancy().tenants, off.occupancy().tenants), (0, 0));
    assert_eq!(off.check_batch(Items, u32::MAX), Ok(()));
}

#[test]
fn time_that_stands_still_or_steps_back_gives_nothing_away() {
    let limiter = searching(policy(2, 1));
    let acme = tenant("acme");
    let admitted = [10_000, 9_000, 0, 10_000, 5_000].map(|at| limiter.charge_tenant(&acme, Search, 1, ms(at)).admitted);
    assert_eq!(admitted, [true, false, false, true, false]);
    assert!(limiter.charge_tenant(&acme, Search, 1, Duration::MAX).admitted);
}
