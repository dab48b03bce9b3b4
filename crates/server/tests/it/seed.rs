//! The seed's shell checks, run by bash against the real binary: configured as the seed configures its server, and not configured at all.

use std::{path::PathBuf, process::Command};

use crate::binary::{Server, isolate};

/// "Development (HS256)", as the guide has it.
const SEED: &[(&str, &str)] = &[
    ("JWT_ENABLED", "true"),
    ("JWT_SECRET_KEY", "dev-secret-key-min-32-chars-long-for-testing"),
    ("JWT_ALGORITHM", "HS256"),
    ("JWT_AUDIENCE", "activekg"),
    ("JWT_ISSUER", "https://staging-auth.yourcompany.com"),
    ("JWT_LEEWAY_SECONDS", "30"),
    ("RATE_LIMIT_ENABLED", "true"),
    ("TRUST_PROXY", "false"),
    ("REAL_IP_HEADER", "X-Forwarded-For"),
];

/// Runs the checks; returns how many there were.
fn check(environment: &[(&str, &str)]) -> usize {
    let mut server = Server::start(environment);
    let mut bash = Command::new("bash");
    isolate(&mut bash);
    bash.arg(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/seed.sh"))
        .envs(environment.iter().copied())
        .env("PORT", server.base.rsplit(':').next().unwrap())
        .env("WARDGRAPH", env!("CARGO_BIN_EXE_wardgraph"))
        .env("WARDGRAPH_DATA_DIR", server.data());
    let output = bash.output().unwrap();
    let (told, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{told}{errors}{}", server.log());
    assert!(server.stop(), "the server did not end well: {}", server.log());
    told.lines().filter(|line| line.starts_with("good")).count()
}

#[test]
fn the_seeds_checks_pass_with_the_seeds_configuration() {
    assert!(check(SEED) >= 23);
}

#[test]
fn the_seeds_checks_pass_without_any_configuration() {
    assert!(check(&[]) >= 12);
}
