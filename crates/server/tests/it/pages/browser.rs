//! People at a real browser: Chromium goes through the pages as `scripts/browser.py` says, and the test tells it what it cannot know.

use std::{
    io::{BufRead, BufReader, Lines, Write},
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};
use wardgraph_testkit::{App, AppOptions};

/// A journey that is under way.
pub(crate) struct Journey {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Journey {
    /// Of somebody at the server at `base`.
    pub(crate) fn begin(name: &str, base: &str) -> Self {
        let script = crate::layers::repository().join("scripts/browser.py");
        // Where pictures of the pages are kept, if somebody wants to look at them.
        let folder = std::env::var_os("WARDGRAPH_PICTURES").map(std::path::PathBuf::from);
        folder.iter().for_each(|folder| std::fs::create_dir_all(folder).unwrap());
        let mut command = Command::new("python3");
        command.arg(script).arg(name).arg(base).args(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("python3 is there");
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// What it asks next; `None` when it is over.
    pub(crate) fn asks(mut self) -> (Self, Option<Value>) {
        let line = self.lines.next().map(|line| serde_json::from_str(&line.unwrap()).unwrap());
        (self, line)
    }

    pub(crate) fn answer(&mut self, answer: &Value) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{answer}").unwrap();
    }
}

impl Drop for Journey {
    fn drop(&mut self) {
        // Its input ends with it, and the browser with that.
        drop(self.child.stdin.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Goes a journey to its end.
async fn walk(name: &'static str, app: &App) {
    walk_with(name, app, async |_| None).await;
}

/// The same, where the test knows more: what it answers to what.
pub(crate) async fn walk_with(name: &'static str, app: &App, more: impl AsyncFn(&Value) -> Option<Value>) {
    let mut journey = Journey::begin(name, &app.base.replace("127.0.0.1", "localhost"));
    loop {
        // Waited for on another thread: the server must go on.
        let (back, asked) = tokio::task::spawn_blocking(|| journey.asks()).await.unwrap();
        journey = back;
        let asked = asked.unwrap_or_else(|| panic!("{name} ended before its end: see above"));
        if asked["done"] == name {
            return;
        }
        let answer = if let Some(answer) = more(&asked).await {
            answer
        } else if let Some(email) = asked["mail"].as_str() {
            let page = asked["page"].as_str().unwrap();
            app.mail_everything().await;
            json!(format!("/{page}?token={}", app.mails.token(email, page)))
        } else if asked["setup"] == true {
            json!(format!("/setup?token={}", app.setup_token(false).await.unwrap()))
        } else if let Some(seconds) = asked["wait"].as_u64() {
            app.clock.advance(Duration::from_secs(seconds));
            json!(null)
        } else {
            json!(app.gate.clock().now().as_second())
        };
        journey.answer(&answer);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_with_a_browser_registers_signs_in_and_keeps_an_account() {
    let app = App::with(AppOptions { verifies: true, ..AppOptions::default() }).await;
    walk("account", &app).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_with_a_browser_adds_second_factors_and_loses_one() {
    let app = App::with(AppOptions { pages_here: true, ..AppOptions::default() }).await;
    walk("factors", &app).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_with_browsers_set_up_a_server_invite_and_join() {
    let app = App::with(AppOptions { verifies: true, ..AppOptions::default() }).await;
    walk("invitations", &app).await;
}
