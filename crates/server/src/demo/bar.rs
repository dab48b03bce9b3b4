//! How far a long step is: a bar on a terminal, a line now and then elsewhere.

use std::{io, io::Write, time::Duration};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{ready::rate, verdict::grouped};

/// How often to write a line where there is no terminal.
const EVERY: Duration = Duration::from_secs(10);

/// A bar or lines.
pub(super) struct Bar<'a, W> {
    out: &'a mut W,
    drawn: Option<ProgressBar>,
    total: usize,
    first: usize,
    began: Duration,
    written: Duration,
}

impl<'a, W: Write> Bar<'a, W> {
    /// Counts from `first` to `total`, beginning at `now`.
    pub(super) fn new(out: &'a mut W, terminal: bool, total: usize, first: usize, now: Duration) -> Self {
        let drawn = (terminal && first < total).then(|| {
            let target = ProgressDrawTarget::stdout();
            let bar = ProgressBar::with_draw_target(u64::try_from(total).ok(), target);
            let plain = ProgressStyle::with_template("      [{bar:40}] {msg}").map(|style| style.progress_chars("=> "));
            bar.set_style(plain.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        Self { out, drawn, total, first, began: now, written: now }
    }

    /// It is at `done` now.
    pub(super) fn at(&mut self, done: usize, now: Duration) -> io::Result<()> {
        let text = self.text(done, now.saturating_sub(self.began));
        if let Some(bar) = &self.drawn {
            bar.set_position(u64::try_from(done).unwrap_or_default());
            bar.set_message(text);
        } else if now.saturating_sub(self.written) >= EVERY {
            self.written = now;
            writeln!(self.out, "        {text}")?;
            self.out.flush()?;
        }
        Ok(())
    }

    /// Takes a bar away again.
    pub(super) fn end(self) {
        if let Some(bar) = self.drawn {
            bar.finish_and_clear();
        }
    }

    fn text(&self, done: usize, since: Duration) -> String {
        let pace = rate(done.saturating_sub(self.first), since.as_secs_f64());
        let left = if pace > 0.0 {
            format!("{:.0} s to go", rate(self.total.saturating_sub(done), pace))
        } else {
            "none yet".to_owned()
        };
        format!("{} of {}, {pace:.0} a second, {left}", grouped(done), grouped(self.total))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_terminal_a_line_is_written_now_and_then() {
        let mut out = Vec::new();
        let mut bar = Bar::new(&mut out, false, 3_000, 1_000, Duration::ZERO);
        for seconds in 1..=11 {
            bar.at(1_000 + 100 * seconds, Duration::from_secs(seconds as u64)).unwrap();
        }
        bar.end();
        assert_eq!(String::from_utf8(out).unwrap(), "        2,000 of 3,000, 100 a second, 10 s to go\n");
    }
}
