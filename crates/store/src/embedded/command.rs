//! How programs of Postgres are started: as the account, with an empty environment.

use std::{
    path::Path,
    process::{Output, Stdio},
};

use tokio::process::Command;

use super::account::Account;

/// A command that runs as `account`, in a process group of its own (so that Ctrl-C in a terminal
/// reaches the server alone) and without the server's environment, which may hold secrets and
/// `PG...` variables that change what Postgres does.
pub(super) fn command(program: &Path, account: &Account) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .current_dir("/")
        .stdin(Stdio::null())
        .process_group(0);
    if let Some(owner) = account.gift() {
        command.uid(owner.uid).gid(owner.gid);
    }
    command
}

/// The lines of a program's output that say what went wrong, short enough for one message.
pub(super) fn reason(output: &Output) -> String {
    let text = [output.stderr.as_slice(), b"\n", output.stdout.as_slice()].concat();
    let said = telling_lines(&String::from_utf8_lossy(&text));
    if said.is_empty() { format!("it ended with {} and said nothing", output.status) } else { said }
}

/// Picks the errors out of a text, or else its last lines.
pub(super) fn telling_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let telling: Vec<&str> = lines.iter().copied().filter_map(telling).collect();
    let chosen = if telling.is_empty() { &lines } else { &telling };
    let skipped = chosen.len().saturating_sub(3);
    let said = chosen.iter().skip(skipped).copied().collect::<Vec<_>>().join("; ");
    if said.chars().count() <= 400 { said } else { said.chars().take(400).chain(['…']).collect() }
}

/// A line that tells what went wrong, without the time and pid before it.
fn telling(line: &str) -> Option<&str> {
    let severity = ["FATAL:", "PANIC:"].iter().find_map(|mark| line.find(mark));
    let other = || ["error:", "error while", "could not", "No space left"].iter().any(|mark| line.contains(mark));
    severity.map_or_else(|| other().then_some(line), |at| line.get(at..))
}

/// Whether a text blames a full disk.
pub(super) fn blames_full_disk(text: &str) -> bool {
    text.contains("No space left on device") || text.contains("Disk quota exceeded")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_the_error_and_not_the_chatter() {
        let text = "creating subdirectories ... ok\ninitdb: error: could not write file: No space left on device\ninitdb: removing data directory";
        let said = telling_lines(text);
        assert_eq!(said, "initdb: error: could not write file: No space left on device");
        assert!(blames_full_disk(&said));
    }

    #[test]
    fn the_time_and_pid_of_a_log_line_are_left_out() {
        let said = telling_lines("2026-01-01 00:00:00 UTC [1] LOG:  hello\n2026-01-01 00:00:00 UTC [1] FATAL:  no");
        assert_eq!(said, "FATAL:  no");
    }

    #[test]
    fn a_long_reason_is_shortened_between_characters() {
        let said = telling_lines(&"é".repeat(900));
        assert_eq!(said.chars().count(), 401);
    }
}
