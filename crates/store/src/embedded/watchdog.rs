//! The watchdog: a shell that outlives us by a moment, to stop Postgres when we could not.
//!
//! It reads from a pipe whose other end only this process holds. However we end, `kill -9`
//! included, the kernel closes that end, the shell reads the end of the file and stops the
//! postmaster we named last, and only that: a server started meanwhile has a postmaster of its
//! own, which must live.

use std::{path::Path, process::Stdio, time::Duration};

use tokio::{
    io::AsyncWriteExt,
    process::{Child, ChildStdin},
    time::timeout,
};

use super::{account::Account, command::command};

/// Our postmaster is the process we named, if its pid file says so too, or if it has none: it has
/// just begun, or its folder was deleted. One that has just begun gets 2 s to become Postgres.
/// Then a fast stop, after 10 s an immediate one, after 30 s no more; last the socket folder, if
/// it is a temporary one.
const SCRIPT: &str = r#"
trap '' HUP INT TERM QUIT
pid=
while IFS= read -r line; do pid=$line; done
[ -n "$pid" ] || exit 0
ours() {
  kill -0 "$pid" 2>/dev/null || return 1
  if [ -r "$1/postmaster.pid" ]; then
    { IFS= read -r found; IFS= read -r folder; } < "$1/postmaster.pid"
    [ "$found" = "$pid" ] && [ "$folder" = "$1" ]
  else
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = postgres ]
  fi
}
waited=0
until ours "$1" || [ "$waited" -ge 20 ] || ! kill -0 "$pid" 2>/dev/null; do
  waited=$((waited + 1))
  sleep 0.1 2>/dev/null || sleep 1
done
ours "$1" && kill -INT "$pid"
waited=0
while ours "$1" && [ "$waited" -lt 300 ]; do
  [ "$waited" -eq 100 ] && kill -QUIT "$pid"
  waited=$((waited + 1))
  sleep 0.1 2>/dev/null || sleep 1
done
if [ -n "$2" ]; then
  rm -f "$2/.s.PGSQL.5432" "$2/.s.PGSQL.5432.lock"
  rmdir "$2"
fi
"#;

/// The shell and our end of its pipe.
#[derive(Debug)]
pub(super) struct Watchdog {
    shell: Child,
    pipe: ChildStdin,
}

impl Watchdog {
    /// Starts the shell as Postgres' account, which is all it takes to signal Postgres. Without a
    /// shell we go on: then the next start stops what a killed server left.
    pub(super) fn start(account: &Account, pgdata: &Path, socket: Option<&Path>) -> Option<Self> {
        let mut shell = command(Path::new("/bin/sh"), account);
        shell
            .args(["-c", SCRIPT, "wardgraph-postgres-watchdog"])
            .arg(pgdata)
            .arg(socket.unwrap_or(Path::new("")))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let started = shell.spawn().map(|mut shell| shell.stdin.take().map(|pipe| Self { shell, pipe }));
        started.unwrap_or_else(|error| {
            tracing::warn!(%error, "no watchdog: if this server is killed, its Postgres runs on until the next start");
            None
        })
    }

    /// Names the postmaster to stop in our stead.
    pub(super) async fn guard(&mut self, pid: u32) {
        self.tell(&pid.to_string()).await;
    }

    /// There is nothing to stop for now.
    pub(super) async fn rest(&mut self) {
        self.tell("").await;
    }

    /// The shell reads lines and remembers the last. One that has died is replaced elsewhere.
    async fn tell(&mut self, line: &str) {
        let _ = self.pipe.write_all(format!("{line}\n").as_bytes()).await;
    }

    /// Waits until the shell ends, which it should not.
    pub(super) async fn ended(&mut self) {
        let _ = self.shell.wait().await;
    }

    /// Sends the shell home: Postgres is stopped.
    pub(super) async fn dismiss(mut self) {
        self.rest().await;
        drop(self.pipe);
        if timeout(Duration::from_secs(2), self.shell.wait()).await.is_err() {
            let _ = self.shell.kill().await;
        }
    }
}
