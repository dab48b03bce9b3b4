//! Which processes belong to a cluster. A pid alone proves nothing: it may have been given away.

use std::{fs, path::Path};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

/// What `postmaster.pid` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PidFile {
    pub(super) pid: u32,
    pub(super) ready: bool,
}

impl PidFile {
    /// Reads the file, if there is one and it is well formed.
    pub(super) fn read(pgdata: &Path) -> Option<Self> {
        let text = fs::read_to_string(pgdata.join("postmaster.pid")).ok()?;
        let mut lines = text.lines();
        let pid = lines.next()?.trim().parse::<i32>().ok()?.unsigned_abs();
        // Line 8 is the state: starting, stopping, ready, standby.
        let ready = lines.nth(6).is_some_and(|state| state.trim() == "ready");
        Some(Self { pid, ready })
    }
}

/// Sends a signal to a process of ours; one that is gone is fine.
pub(super) fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = raw(pid) {
        let _ = kill_process(pid, signal);
    }
}

/// Whether the process is a Postgres that runs in this cluster: each of them changes into it. (So
/// may an operator's shell, which is none of our business.) A zombie has no folder.
#[cfg(target_os = "linux")]
pub(super) fn belongs(pid: u32, pgdata: &Path) -> bool {
    fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|folder| folder == pgdata)
        && fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim_end() == "postgres")
        && exists(pid)
}

/// Whether the process runs and was started for this cluster.
#[cfg(not(target_os = "linux"))]
pub(super) fn belongs(pid: u32, pgdata: &Path) -> bool {
    let listed = std::process::Command::new("ps").args(["-ww", "-o", "command=", "-p", &pid.to_string()]).output();
    let needle = pgdata.to_string_lossy();
    exists(pid) && listed.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains(needle.as_ref()))
}

/// All processes of the cluster: the postmaster and its children, orphans too. Only Linux can tell.
#[cfg(target_os = "linux")]
pub(super) fn of_cluster(pgdata: &Path) -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| belongs(*pid, pgdata)).collect()
}

/// The postmaster, the only process that can be found here.
#[cfg(not(target_os = "linux"))]
pub(super) fn of_cluster(pgdata: &Path) -> Vec<u32> {
    PidFile::read(pgdata).map(|file| file.pid).filter(|pid| belongs(*pid, pgdata)).into_iter().collect()
}

/// Whether a postmaster that was told to stop waits for helpers that idle. Postgres 18 does so for
/// ever when the fast stop comes in the middle of a crash recovery. A checkpointer that writes its
/// last checkpoint says so in its title.
#[cfg(target_os = "linux")]
pub(super) fn only_idle_helpers(pgdata: &Path, postmaster: u32) -> bool {
    let mut checkpointers = 0;
    of_cluster(pgdata).into_iter().filter(|pid| *pid != postmaster).all(|pid| {
        let title = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let title = String::from_utf8_lossy(&title);
        let title = title.trim_end_matches(['\0', ' ']);
        checkpointers += usize::from(title == "postgres: checkpointer");
        title == "postgres: checkpointer" || title.starts_with("postgres: io worker")
    }) && checkpointers > 0
}

/// Only Linux shows the titles of processes where we look.
#[cfg(not(target_os = "linux"))]
pub(super) fn only_idle_helpers(_pgdata: &Path, _postmaster: u32) -> bool {
    false
}

fn exists(pid: u32) -> bool {
    raw(pid).is_some_and(|pid| test_kill_process(pid).is_ok())
}

fn raw(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pid_file_tells_when_the_cluster_is_ready() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(PidFile::read(folder.path()), None);
        let path = folder.path().join("postmaster.pid");
        fs::write(&path, "77\n/data\n1\n5432\n/run\n\n").unwrap();
        assert_eq!(PidFile::read(folder.path()), Some(PidFile { pid: 77, ready: false }));
        fs::write(&path, "77\n/data\n1\n5432\n/run\n\n  1 2\nready   \n").unwrap();
        assert_eq!(PidFile::read(folder.path()), Some(PidFile { pid: 77, ready: true }));
    }

    #[test]
    fn a_process_elsewhere_does_not_belong() {
        assert!(!belongs(std::process::id(), Path::new("/nowhere")));
    }
}
