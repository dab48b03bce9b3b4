//! The log: structured, on standard error, without secrets, tokens, query texts or props.

use std::io::{self, IsTerminal};

use tracing_subscriber::{EnvFilter, fmt};

use crate::config::Config;

/// Starts logging. A second start in one process (tests) changes nothing.
pub(crate) fn start(config: &Config) {
    let filter = EnvFilter::try_new(&config.log_filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let log = fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
    let _ = if config.log_json { log.json().try_init() } else { log.try_init() };
}
