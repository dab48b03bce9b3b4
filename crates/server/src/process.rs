//! What the process takes of the machine, told as Prometheus has it of every program. Where there is no `/proc`, nothing is told.

use std::fs;

use wardgraph_kernel::{Timestamp, metric};

/// In how many parts of a second Linux tells programs their processor time (`USER_HZ`).
const TICKS: u64 = 100;

/// Tells when the server started.
pub(crate) fn began(now: Timestamp) {
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; 2^52 seconds are not met")]
    metric::PROCESS_START.of([]).set(now.as_second() as f64);
}

/// Measures it.
pub(crate) fn measure() {
    let read = |name: &str| fs::read_to_string(format!("/proc/self/{name}")).ok();
    if let Some(kibibytes) = read("status").and_then(|status| resident(&status)) {
        metric::PROCESS_MEMORY.of([]).set(f64::from(kibibytes) * 1024.0);
    }
    if let Some(ticks) = read("stat").and_then(|stat| worked(&stat)) {
        metric::PROCESS_CPU.of([]).absolute(ticks / TICKS);
    }
}

/// The memory in RAM, in KiB (proc_pid_status(5)).
fn resident(status: &str) -> Option<u32> {
    let told = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    told.trim().strip_suffix(" kB")?.parse().ok()
}

/// The processor time, of the program and of the system for it, in ticks (proc_pid_stat(5): the name in brackets may hold anything).
fn worked(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut times = after_name.split_ascii_whitespace().skip(11).map(str::parse::<u64>);
    Some(times.next()?.ok()? + times.next()?.ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_linux_says_is_understood() {
        assert_eq!(resident("Name:\twardgraph\nVmHWM:\t   90000 kB\nVmRSS:\t   81234 kB\n"), Some(81_234));
        assert_eq!(resident("Name:\twardgraph\n"), None);
        let stat = "17 (a) b 1 2) S 1 17 17 0 -1 4194560 100 0 0 0 250 31 0 0 20 0 9 0 5000 1000 200";
        assert_eq!(worked(stat), Some(281));
        assert_eq!(worked("17 (a"), None);
    }

    #[test]
    fn it_is_there_on_this_machine() {
        assert!(resident(&fs::read_to_string("/proc/self/status").unwrap()).unwrap() > 100);
        assert!(worked(&fs::read_to_string("/proc/self/stat").unwrap()).is_some());
    }
}
