//! Fuzzing: what comes from outside is mangled, and the server stays on its feet. An ordinary run tries a few hundred cases of each target,
//! the same ones each time; `make fuzz` goes on for `FUZZ_SECONDS` with others. What was found stays in `tests/corpus/found`, and is tried
//! first from then on.

mod cursors;
mod mangle;
mod proofs;
mod requests;
mod settings;
mod tokens;
mod urls;

use std::time::{Duration, Instant};

use proptest::{
    strategy::Strategy,
    test_runner::{Config, FileFailurePersistence, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner},
};
use sha2::{Digest, Sha256};

/// Cases of one round; an ordinary run has one.
const CASES: u32 = 300;

/// Tries a target with what the strategy makes. `found` is the file that keeps the seeds of failures.
#[expect(clippy::print_stdout, reason = "whoever waits for it is told how far it went")]
pub(crate) fn fuzz<S: Strategy>(
    found: &'static str,
    strategy: &S,
    mut property: impl FnMut(S::Value) -> Result<(), TestCaseError>,
) {
    let seconds = std::env::var_os("FUZZ_SECONDS").map(|text| text.to_str().unwrap().parse().expect("FUZZ_SECONDS is a number"));
    // Another seed goes elsewhere; the same one goes the same way again.
    let seed = std::env::var_os("FUZZ_SEED").map_or_else(|| "wardgraph".to_owned(), |seed| seed.to_str().unwrap().to_owned());
    let begun = Instant::now();
    let until = Duration::from_secs(seconds.unwrap_or_default());
    let mut rounds = 0_u64;
    while rounds == 0 || begun.elapsed() < until {
        let config = Config {
            cases: CASES,
            max_shrink_time: 60_000,
            failure_persistence: Some(Box::new(FileFailurePersistence::Direct(found))),
            ..Config::default()
        };
        let seed: [u8; 32] = Sha256::digest(format!("{found} {seed} {rounds}")).into();
        let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
        let property = std::cell::RefCell::new(&mut property);
        match runner.run(strategy, |value| (**property.borrow_mut())(value)) {
            Ok(()) => rounds += 1,
            Err(TestError::Fail(reason, value)) => panic!("{found}, round {rounds}: {reason}\n{value:?}"),
            Err(TestError::Abort(reason)) => panic!("{found}, round {rounds}: {reason}"),
        }
    }
    if seconds.is_some() {
        println!("{found}: {} cases in {:?}", rounds * u64::from(CASES), begun.elapsed());
    }
}
