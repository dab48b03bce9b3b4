//! What holds for every policy and every order of calls.

use std::time::Duration;

use proptest::prelude::*;
use wardgraph_kernel::LimitClass::Search;
use wardgraph_limits::Policy;

use crate::kit::*;

/// Policies of all sizes, and charges: how many nanoseconds after the one before, and how many tokens.
fn story() -> impl Strategy<Value = (Policy, Vec<(u64, u32)>)> {
    let policies = (1..200_u32, prop_oneof![1..20_u32, 1..=Policy::MAX_SUSTAINED]).prop_map(|(b, s)| policy(b, s));
    let pauses = prop_oneof![Just(0_u64), 0..1_000_u64, 0..50_000_000_u64, 0..3_000_000_000_u64];
    (policies, prop::collection::vec((pauses, 1..220_u32), 1..150))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_window_admits_more_than_its_burst_and_pace((policy, charges) in story()) {
        let limiter = searching(policy);
        let (mut now, mut admitted) = (0_u64, Vec::new());
        for (pause, amount) in charges {
            now += pause;
            let decision = limiter.charge_tenant(&tenant("acme"), Search, amount, Duration::from_nanos(now));
            if decision.admitted {
                admitted.push((now, u128::from(amount)));
            }
        }
        for (first, (start, _)) in admitted.iter().enumerate() {
            let mut taken = 0;
            for (end, amount) in &admitted[first..] {
                taken += amount;
                // Exact, in token-nanoseconds: nothing is granted to rounding.
                let allowed = u128::from(policy.burst()) * 1_000_000_000 + u128::from(policy.sustained()) * u128::from(end - start);
                prop_assert!(taken * 1_000_000_000 <= allowed, "{taken} in {} ns of {policy:?}", end - start);
            }
        }
    }

    #[test]
    fn who_waits_as_told_is_admitted_and_not_a_nanosecond_sooner((policy, charges) in story()) {
        let limiter = searching(policy);
        let mut now = Duration::ZERO;
        for (pause, amount) in charges {
            now += Duration::from_nanos(pause);
            let amount = amount.min(policy.burst());
            let decision = limiter.charge_tenant(&tenant("acme"), Search, amount, now);
            prop_assert_eq!(decision.admitted, decision.retry_after.is_none());
            if let Some(wait) = decision.retry_after {
                let early = now + wait.saturating_sub(Duration::from_nanos(1));
                prop_assert!(!limiter.charge_tenant(&tenant("acme"), Search, amount, early).admitted);
                now += wait;
                prop_assert!(limiter.charge_tenant(&tenant("acme"), Search, amount, now).admitted);
            }
        }
    }

    #[test]
    fn a_network_that_waits_as_told_is_admitted((policy, charges) in story()) {
        let (limiter, mut now) = (searching(policy), Duration::ZERO);
        for (pause, _) in charges {
            now += Duration::from_nanos(pause);
            limiter.charge_network(ip("192.0.2.1"), Search, now);
            let peeked = limiter.peek_network(ip("192.0.2.1"), Search, now);
            prop_assert!(limiter.peek_network(ip("192.0.2.1"), Search, now + peeked.retry_after.unwrap_or_default()).admitted);
            prop_assert!(peeked.retry_after.unwrap_or_default() <= Duration::from_secs(u64::from(policy.burst()) + 1));
        }
    }

    #[test]
    fn the_answer_is_true((policy, charges) in story()) {
        let limiter = searching(policy);
        let mut now = Duration::ZERO;
        for (pause, amount) in charges {
            now += Duration::from_nanos(pause);
            let decision = limiter.charge_tenant(&tenant("acme"), Search, amount, now);
            // As many as remain fit, and one more does not; after the reset the bucket is full.
            prop_assert!(decision.remaining <= policy.burst());
            let twin = limiter.charge_tenant(&tenant("acme"), Search, decision.remaining + 1, now);
            prop_assert!(!twin.admitted);
            now += decision.reset;
            let full = limiter.charge_tenant(&tenant("acme"), Search, policy.burst(), now);
            prop_assert!(full.admitted && full.remaining == 0);
        }
    }
}
