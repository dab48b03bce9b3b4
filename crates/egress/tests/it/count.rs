//! How much is tried.

use crate::{allowed, liars, literal, names, redirects};

#[test]
fn there_are_more_than_a_hundred_cases() {
    let refused = literal::SPECIAL.len()
        + literal::ODD.len()
        + literal::PORTS.len()
        + names::astray().len()
        + names::nowhere().len()
        + names::rebinding().len()
        + redirects::ASTRAY.len()
        + liars::lies().len();
    assert!(refused >= 150 && allowed::PASSES.len() >= 20, "{refused} are refused");
}
