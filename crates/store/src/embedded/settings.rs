//! The settings Postgres starts with. They go on its command line, where neither `ALTER SYSTEM`
//! nor a file in the cluster can change them.

use std::{ffi::OsString, path::Path};

use super::{error::EmbeddedError, options::EmbeddedOptions};

/// Chosen for a small machine; `EmbeddedOptions::settings` may override these.
const DEFAULTS: &[(&str, &str)] = &[
    ("shared_buffers", "256MB"),
    ("max_connections", "60"),
    ("maintenance_work_mem", "256MB"),
    ("work_mem", "16MB"),
    ("min_wal_size", "128MB"),
    ("max_wal_size", "1GB"),
    ("checkpoint_timeout", "10min"),
    ("random_page_cost", "1.1"),
    ("huge_pages", "off"),
    ("jit", "off"),
    ("shared_preload_libraries", ""),
    ("timezone", "UTC"),
];

/// The lines that keep tenants' data out of the log: no statement, no parameter, no client's
/// error (its text may quote a row), no detail (a crash report quotes the running query).
const GUARDS: &[(&str, &str)] = &[
    ("listen_addresses", ""),
    ("port", "5432"),
    ("unix_socket_permissions", "0700"),
    ("unix_socket_group", ""),
    ("password_encryption", "scram-sha-256"),
    ("max_wal_senders", "0"),
    ("logging_collector", "off"),
    ("log_destination", "stderr"),
    ("log_min_messages", "log"),
    ("log_error_verbosity", "terse"),
    ("log_min_error_statement", "panic"),
    ("log_statement", "none"),
    ("log_duration", "off"),
    ("log_min_duration_statement", "-1"),
    ("log_min_duration_sample", "-1"),
    ("log_transaction_sample_rate", "0"),
    ("log_parameter_max_length", "0"),
    ("log_parameter_max_length_on_error", "0"),
    ("debug_print_parse", "off"),
    ("debug_print_rewritten", "off"),
    ("debug_print_plan", "off"),
    ("log_line_prefix", "%m [%p] "),
    ("log_timezone", "UTC"),
    ("lc_messages", "C"),
    ("log_startup_progress_interval", "5s"),
];

const DURABLE: &[(&str, &str)] = &[("fsync", "on"), ("full_page_writes", "on"), ("synchronous_commit", "on")];

const THROW_AWAY: &[(&str, &str)] = &[("fsync", "off"), ("full_page_writes", "off"), ("synchronous_commit", "off")];

/// Set from paths of ours, or dangerous to the cluster's privacy.
const RESERVED: &[&str] = &[
    "unix_socket_directories",
    "data_directory",
    "hba_file",
    "ident_file",
    "config_file",
    "external_pid_file",
    "event_source",
    "log_directory",
    "log_filename",
    "syslog_facility",
    "archive_command",
    "archive_library",
    "restore_command",
    "ssl",
];

/// Refuses settings that are malformed or guard the cluster.
pub(super) fn check(options: &EmbeddedOptions) -> Result<(), EmbeddedError> {
    for (name, value) in &options.settings {
        let refuse = |reason| Err(EmbeddedError::BadSetting { name: name.clone(), reason });
        let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
        if !plain || !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            return refuse("the name is not one of Postgres");
        }
        if value.contains('\0') {
            return refuse("the value holds a zero byte");
        }
        let lower = name.to_ascii_lowercase();
        let guards = GUARDS.iter().chain(DURABLE).map(|(guard, _)| *guard);
        if RESERVED.iter().copied().chain(guards).any(|reserved| reserved == lower) {
            return refuse("the server needs it as it is");
        }
    }
    Ok(())
}

/// The command line of the postmaster. What comes later wins.
pub(super) fn arguments(options: &EmbeddedOptions, pgdata: &Path, hba: &Path, socket: &Path) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = vec!["-D".into(), pgdata.into()];
    let mut set = |name: &str, value: OsString| {
        let mut pair = OsString::from(name);
        pair.push("=");
        pair.push(value);
        arguments.extend(["-c".into(), pair]);
    };
    let durability = if options.durable { DURABLE } else { THROW_AWAY };
    let chosen = options.settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, value) in DEFAULTS.iter().copied().chain(chosen).chain(GUARDS.iter().chain(durability).copied()) {
        set(name, value.into());
    }
    set("hba_file", hba.into());
    set("unix_socket_directories", quoted(socket));
    arguments
}

/// The socket folder as one element of a list, whatever commas or blanks its name has.
fn quoted(path: &Path) -> OsString {
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    let mut bytes = vec![b'"'];
    for byte in path.as_os_str().as_bytes() {
        if *byte == b'"' {
            bytes.push(b'"');
        }
        bytes.push(*byte);
    }
    bytes.push(b'"');
    OsString::from_vec(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(name: &str) -> Result<(), EmbeddedError> {
        let mut options = EmbeddedOptions::new("/data", "/binaries");
        options.settings.push((name.to_owned(), "x".to_owned()));
        check(&options)
    }

    #[test]
    fn settings_that_guard_the_cluster_are_refused() {
        for name in ["listen_addresses", "LISTEN_ADDRESSES", "fsync", "hba_file", "log_statement", "a b", "a-b", "", "1a"] {
            checked(name).unwrap_err();
        }
        checked("work_mem").unwrap();
        checked("hnsw.ef_search").unwrap();
    }

    #[test]
    fn the_guards_come_after_everything_else() {
        let mut options = EmbeddedOptions::new("/data", "/binaries");
        options.settings.push(("work_mem".to_owned(), "64MB".to_owned()));
        let line = arguments(&options, Path::new("/d"), Path::new("/h"), Path::new("/s,\"s"));
        let at = |wanted: &str| line.iter().position(|argument| argument == wanted).unwrap();
        assert!(at("work_mem=16MB") < at("work_mem=64MB"));
        assert!(at("work_mem=64MB") < at("listen_addresses="));
        assert!(at("fsync=on") < at("unix_socket_directories=\"/s,\"\"s\""));
    }
}
