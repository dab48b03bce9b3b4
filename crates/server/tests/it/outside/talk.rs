//! A client that others wrote, in a process of its own: it says in lines of JSON what it wants, and is answered in lines.

use std::{
    io::{BufRead, BufReader, Lines, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde_json::Value;

/// The client, as long as it runs.
pub(crate) struct Talk {
    child: Child,
    input: ChildStdin,
    lines: Option<Lines<BufReader<ChildStdout>>>,
}

impl Talk {
    pub(crate) fn begin(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the client can be started");
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, input, lines: Some(BufReader::new(output).lines()) }
    }

    /// Answers whatever it wants, until it says what came of it.
    pub(crate) async fn until_it_is_done(mut self, mut answer: impl AsyncFnMut(&Value) -> Value) -> Value {
        loop {
            let said = self.says().await;
            if said["done"].is_string() {
                drop(self.input);
                assert!(self.child.wait().unwrap().success());
                return said["done"].clone();
            }
            let answer = answer(&said).await;
            writeln!(self.input, "{answer}").unwrap();
        }
    }

    /// Waited for on another thread: the server must go on.
    async fn says(&mut self) -> Value {
        let mut lines = self.lines.take().unwrap();
        let read = tokio::task::spawn_blocking(move || {
            let line = lines.next().map(Result::unwrap);
            (lines, line)
        });
        let (lines, line) = read.await.unwrap();
        self.lines = Some(lines);
        serde_json::from_str(&line.expect("the client ended before its end: see above")).unwrap()
    }
}
