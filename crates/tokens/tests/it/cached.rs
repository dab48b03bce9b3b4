//! The cache of verified tokens: an entry never outlives its token, and never answers for another.

use std::{sync::Barrier, thread, time::Duration};

use serde_json::json;
use wardgraph_kernel::{Clock, ManualClock};
use wardgraph_tokens::{Algorithm, Issuer, TokenError, Verifier};

use crate::kit::*;

#[test]
fn the_cache_never_outlives_the_token() {
    let clock = ManualClock::at(at(NOW));
    let verifier = hs256();
    let token = token(&claims());
    assert!(verifier.verify(&token, clock.now()).unwrap().first_seen);
    clock.advance(Duration::from_secs(60 + 29));
    assert!(!verifier.verify(&token, clock.now()).unwrap().first_seen);
    clock.advance(Duration::from_millis(999));
    assert!(!verifier.verify(&token, clock.now()).unwrap().first_seen);
    clock.advance(Duration::from_millis(1));
    for _ in 0..2 {
        assert_eq!(verifier.verify(&token, clock.now()).map(|_| ()), Err(TokenError::Expired));
    }
}

#[test]
fn a_clock_set_back_finds_no_token_from_the_future() {
    let verifier = hs256();
    let token = token(&with("nbf", json!(NOW)));
    assert!(verifier.verify(&token, at(NOW)).is_ok());
    assert_eq!(verifier.verify(&token, at(NOW - 31)).map(|_| ()), Err(TokenError::NotYetValid));
    assert!(!verifier.verify(&token, at(NOW - 30)).unwrap().first_seen);
}

#[test]
fn refused_tokens_are_never_remembered() {
    let verifier = hs256();
    let good = token(&claims());
    let forged = format!("{}A", curtailed(&good));
    for _ in 0..3 {
        assert!(verifier.verify(&forged, at(NOW)).is_err());
    }
    assert!(verifier.verify(&good, at(NOW)).unwrap().first_seen);
    assert!(verifier.verify(&forged, at(NOW)).is_err());
}

#[test]
fn two_tokens_never_mix() {
    let verifier = hs256();
    let tokens: Vec<_> =
        (0..2_000).map(|n| (format!("tenant-{n}"), token(&with("tenant_id", json!(format!("tenant-{n}")))))).collect();
    for first_seen in [true, false] {
        for (tenant, token) in &tokens {
            let found = verifier.verify(token, at(NOW)).unwrap();
            assert_eq!((found.claims.tenant.as_str(), found.first_seen), (tenant.as_str(), first_seen));
        }
    }
}

#[test]
fn the_same_claims_signed_twice_are_two_tokens() {
    let verifier = verifier(config(Algorithm::ES256, &ec_pem()));
    let [one, two] = [(); 2].map(|()| token_by(Algorithm::ES256, &claims()));
    assert_ne!(one, two);
    let seen = [&one, &two, &one, &two].map(|token| verifier.verify(token, at(NOW)).unwrap().first_seen);
    assert_eq!(seen, [true, true, false, false]);
}

#[test]
fn one_of_many_first_uses_is_the_first() {
    let (verifier, token, barrier) = (hs256(), token(&claims()), Barrier::new(8));
    let first = thread::scope(|scope| {
        let uses: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    verifier.verify(&token, at(NOW)).unwrap().first_seen
                })
            })
            .collect();
        uses.into_iter().map(|t| t.join().unwrap()).filter(|first| *first).count()
    });
    assert_eq!(first, 1);
}

#[test]
fn the_oldest_token_makes_room_and_still_verifies() {
    let verifier = Verifier::with_cache(vec![Issuer::new(config(Algorithm::HS256, SECRET)).unwrap()], 100).unwrap();
    let tokens: Vec<_> = (0..5_000).map(|n| token(&with("sub", json!(format!("user-{n}"))))).collect();
    for token in &tokens {
        assert!(verifier.verify(token, at(NOW)).unwrap().first_seen);
    }
    let again = tokens.iter().filter(|t| !verifier.verify(t, at(NOW)).unwrap().first_seen).count();
    assert!(again <= 1_000, "{again} of 5,000 remembered by a cache of 100");
}
