//! How far a transfer is, on standard error: one line that changes on a terminal, a line now and then elsewhere.

use std::{
    io::{self, Write},
    sync::Arc,
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use wardgraph_kernel::Clock;

/// How often to write a line where there is no terminal, and how often to draw where there is one.
const EVERY: Duration = Duration::from_secs(5);
const DRAWN_EVERY: Duration = Duration::from_millis(200);
/// How often a transfer that goes on or waits looks whether there is something to tell.
pub(super) const LOOKED_AT_EVERY: Duration = Duration::from_millis(500);
/// How much of a message about one line is told.
const MOST_TOLD: usize = 400;

/// Where progress is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// A line that changes, on a terminal.
    Drawn,
    /// A line now and then.
    Lines,
    /// Nowhere.
    Nothing,
}

/// What is told while a transfer runs.
#[derive(Debug)]
pub(super) struct Progress {
    show: Show,
    drawn: Option<ProgressBar>,
    clock: Arc<dyn Clock>,
    began: Duration,
    told: Duration,
    first: Option<(u64, f64)>,
    text: String,
}

impl Progress {
    pub(super) fn new(show: Show, clock: Arc<dyn Clock>) -> Self {
        let drawn = (show == Show::Drawn).then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            bar.set_style(ProgressStyle::with_template("{wide_msg}").unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        let began = clock.elapsed();
        Self { show, drawn, clock, began, told: began, first: None, text: String::new() }
    }

    /// `done` things are through, which is `part` of all if that is known; `text` says what they are.
    pub(super) fn at(&mut self, done: u64, part: Option<f64>, text: &str) {
        let now = self.clock.elapsed();
        let (first, from) = *self.first.get_or_insert((done, part.unwrap_or_default()));
        let every = if self.show == Show::Drawn { DRAWN_EVERY } else { EVERY };
        if self.show == Show::Nothing || now.saturating_sub(self.told) < every {
            return;
        }
        self.told = now;
        if self.show == Show::Lines && self.text == text {
            // It waits still.
            return;
        }
        text.clone_into(&mut self.text);
        let seconds = now.saturating_sub(self.began).as_secs_f64();
        let line = format!("{text}{}", pace(done.saturating_sub(first), seconds, part.map(|part| (part, part - from))));
        match &self.drawn {
            Some(bar) => bar.set_message(line),
            None => write(&line),
        }
    }

    /// Tells something about one line, whatever else is shown. What others wrote into it cannot steer a terminal.
    pub(super) fn say(&self, text: &str) {
        let clipped: String = text.chars().take(MOST_TOLD).flat_map(harmless).collect();
        match &self.drawn {
            Some(bar) => bar.suspend(|| write(&clipped)),
            None => write(&clipped),
        }
    }

    /// How long it took.
    pub(super) fn end(self) -> Duration {
        if let Some(bar) = self.drawn {
            bar.finish_and_clear();
        }
        self.clock.elapsed().saturating_sub(self.began)
    }
}

/// How fast it goes, and how long it will take: `part` is how much of all is done, and how much of that just now.
#[expect(clippy::cast_precision_loss, reason = "for people")]
fn pace(done: u64, seconds: f64, part: Option<(f64, f64)>) -> String {
    let rate = format!(", {:.0} a second", done as f64 / seconds.max(0.001));
    match part {
        Some((part, just_now)) if just_now > 0.0 => {
            let left = (1.0 - part).max(0.0) * seconds / just_now;
            format!("{rate}, {:.0} %, {left:.0} s to go", part * 100.0)
        }
        _ => rate,
    }
}

fn harmless(c: char) -> Vec<char> {
    if c.is_control() { c.escape_default().collect() } else { vec![c] }
}

/// Standard error may be closed; the transfer goes on.
fn write(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_and_the_rest_are_told_of_what_this_run_did() {
        assert_eq!(pace(1_000, 10.0, None), ", 100 a second");
        assert_eq!(pace(1_000, 10.0, Some((0.6, 0.1))), ", 100 a second, 60 %, 40 s to go");
        assert_eq!(pace(0, 0.0, Some((0.0, 0.0))), ", 0 a second");
    }

    #[test]
    fn control_characters_are_spelled() {
        assert_eq!("a\u{1b}[2J\n".chars().flat_map(harmless).collect::<String>(), "a\\u{1b}[2J\\n");
    }
}
