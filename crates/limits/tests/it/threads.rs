//! Many threads at one bucket.

use std::{
    sync::{
        Barrier,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use wardgraph_kernel::LimitClass::Search;
use wardgraph_limits::{LimitTable, Limiter};

use crate::kit::*;

#[test]
fn hammering_threads_are_admitted_exactly_the_burst() {
    for _ in 0..50 {
        let (limiter, barrier, admitted) = (Limiter::new(LimitTable::default()), Barrier::new(8), AtomicU64::new(0));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    barrier.wait();
                    let mine = (0..200).filter(|_| limiter.charge_tenant(&tenant("acme"), Search, 1, ms(0)).admitted).count();
                    admitted.fetch_add(mine as u64, Ordering::SeqCst);
                });
            }
        });
        assert_eq!(admitted.into_inner(), 100);
    }
}

#[test]
fn threads_whose_clocks_race_never_admit_beyond_the_pace() {
    let (limiter, clock, admitted) = (searching(policy(10, 1_000)), AtomicU64::new(0), AtomicU64::new(0));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..2_000 {
                    let now = ms(clock.fetch_add(1, Ordering::SeqCst) / 8);
                    if limiter.charge_tenant(&tenant("acme"), Search, 1, now).admitted {
                        admitted.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
    });
    // 16,000 calls in steps of an eighth of a millisecond: 2 seconds at 1,000 a second, and the burst.
    let admitted = admitted.into_inner();
    assert!(admitted <= 10 + 2_000, "{admitted}");
    assert!(admitted >= 1_000, "{admitted}");
}

#[test]
fn a_flood_from_many_threads_stays_bounded() {
    let limiter = Limiter::bounded(LimitTable::default(), 640, 640);
    thread::scope(|scope| {
        for thread in 0..4 {
            let limiter = &limiter;
            scope.spawn(move || {
                for n in 0..5_000 {
                    limiter.charge_tenant(&tenant(&format!("t{thread}-{n}")), Search, 1, ms(n));
                }
            });
        }
    });
    assert!(limiter.occupancy().tenants <= 640);
}
