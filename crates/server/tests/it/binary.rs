//! The real binary as a process of its own, for what only a process can show.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::layers::repository;

/// The binary with an environment of its own: nothing of the test's is inherited but the way to programs.
pub(crate) fn command(environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wardgraph"));
    isolate(&mut command);
    command.envs(environment.iter().copied());
    command
}

pub(crate) fn isolate(command: &mut Command) {
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.env_clear().env("PATH", path).env("WARDGRAPH_CACHE_DIR", repository().join(".cache"));
    command.env("WARDGRAPH_EMBEDDING__MODEL", "wordllama");
}

/// Runs the binary to its end, which has to come by itself within a minute.
pub(crate) fn run(environment: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut command = command(environment);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let (pid, (ended, ends)) = (child.id(), std::sync::mpsc::channel());
    let watch = std::thread::spawn(move || {
        let late = ends.recv_timeout(Duration::from_secs(60)).is_err();
        if late {
            let _ = Command::new("kill").arg(pid.to_string()).status();
        }
        late
    });
    let output = child.wait_with_output().unwrap();
    let _ = ended.send(());
    assert!(!watch.join().unwrap(), "{arguments:?} did not end by itself");
    output
}

/// A server that runs: told to stop, and waited for, when it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) base: String,
    pub(crate) folder: TempDir,
    environment: BTreeMap<String, String>,
    child: Child,
}

impl Server {
    /// Starts on a free port, with what it writes in files of its folder.
    pub(crate) fn start(environment: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().unwrap();
        // Postgres runs as an account of its own when we are root.
        fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o711)).unwrap();
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let (child, base) = spawn(&folder, &environment, "127.0.0.1:0");
        let server = Self { base, folder, environment, child };
        assert!(!server.base.is_empty(), "the server did not start: {}", server.log());
        server
    }

    /// Has it start with another value of a variable the next time.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.to_owned());
    }

    /// Starts again after it was stopped, where it was, with what it had.
    pub(crate) fn start_again(&mut self) {
        let listen = self.base.strip_prefix("http://").unwrap();
        let (child, base) = spawn(&self.folder, &self.environment, listen);
        self.child = child;
        assert_eq!(base, self.base, "the server did not start again: {}", self.log());
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    /// What it wrote to standard error so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("stderr")).unwrap()
    }

    /// A token as `wardgraph token mint` gives it out.
    pub(crate) fn mint(&self, tenant: &str, scopes: &str) -> String {
        let environment: Vec<_> = self.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let data = self.data();
        let arguments = ["token", "mint", "--tenant", tenant, "--scopes", scopes, "--data-dir", data.to_str().unwrap()];
        let output = run(&environment, &arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Ends it without a word, as kill -9 does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Tells it to stop, and waits until it has. Returns whether it ended well.
    pub(crate) fn stop(&mut self) -> bool {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(30) {
            if let Ok(Some(status)) = self.child.try_wait() {
                return status.success();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        false
    }
}

fn spawn(folder: &TempDir, environment: &BTreeMap<String, String>, listen: &str) -> (Child, String) {
    let errors = fs::OpenOptions::new().create(true).append(true).open(folder.path().join("stderr")).unwrap();
    let mut child = command(&[])
        .envs(environment)
        .args(["serve", "--listen", listen, "--data-dir"])
        .arg(folder.path().join("data"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(errors)
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (child, line.trim().strip_prefix("listening on ").unwrap_or_default().to_owned())
}

impl Drop for Server {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.stop();
        }
    }
}

/// Everything in the files of a folder that is text, one after another.
pub(crate) fn texts_below(folder: &Path, name: impl Fn(&str) -> bool + Copy) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            text.push_str(&texts_below(&path, name));
        } else if name(&entry.file_name().to_string_lossy()) {
            text.push_str(&String::from_utf8_lossy(&fs::read(&path).unwrap()));
        }
    }
    text
}
