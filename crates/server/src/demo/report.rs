//! The report: every step with its number, verdict and time.

use std::{io, io::Write, sync::Arc, time::Duration};

use wardgraph_kernel::Clock;

use super::verdict::{Done, Failed};

/// Where verdicts stand.
const COLUMN: usize = 74;

/// Whether a step shows that something works, or that something is kept out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aim {
    Works,
    Holds,
}

/// Writes the steps as they are taken, and counts them.
pub(super) struct Report<'a, W> {
    out: &'a mut W,
    clock: Arc<dyn Clock>,
    began: Duration,
    taken: usize,
    good: usize,
}

impl<'a, W: Write> Report<'a, W> {
    pub(super) fn new(out: &'a mut W, clock: Arc<dyn Clock>) -> Self {
        Self { out, began: clock.elapsed(), clock, taken: 0, good: 0 }
    }

    /// A heading.
    pub(super) fn part(&mut self, title: &str) -> io::Result<()> {
        writeln!(self.out, "\n{title}\n")
    }

    /// A step that shows that something works.
    pub(super) async fn step<T>(
        &mut self,
        title: &str,
        work: impl Future<Output = Result<Done<T>, Failed>>,
    ) -> io::Result<Option<T>> {
        self.take(Aim::Works, title, work).await
    }

    /// A step that tries to get at what must be kept.
    pub(super) async fn attack(&mut self, title: &str, work: impl Future<Output = Result<Done<()>, Failed>>) -> io::Result<()> {
        self.take(Aim::Holds, title, work).await.map(|_| ())
    }

    async fn take<T>(
        &mut self,
        aim: Aim,
        title: &str,
        work: impl Future<Output = Result<Done<T>, Failed>>,
    ) -> io::Result<Option<T>> {
        self.taken += 1;
        write!(self.out, "{:>4}  {title} ", self.taken)?;
        self.out.flush()?;
        let began = self.clock.elapsed();
        let result = work.await;
        self.verdict(aim, title, began, result)
    }

    /// A step that takes long enough to show how far it is: its verdict stands below what it wrote.
    pub(super) async fn long_step<T>(
        &mut self,
        title: &str,
        end: &str,
        work: impl AsyncFnOnce(&mut W) -> Result<Done<T>, Failed>,
    ) -> io::Result<Option<T>> {
        self.taken += 1;
        writeln!(self.out, "{:>4}  {title}", self.taken)?;
        self.out.flush()?;
        let began = self.clock.elapsed();
        let result = work(self.out).await;
        write!(self.out, "      {end} ")?;
        self.verdict(Aim::Works, end, began, result)
    }

    fn verdict<T>(&mut self, aim: Aim, title: &str, began: Duration, result: Result<Done<T>, Failed>) -> io::Result<Option<T>> {
        let seconds = self.clock.elapsed().saturating_sub(began).as_secs_f64();
        let dots = ".".repeat(COLUMN.saturating_sub(title.chars().count()).max(3));
        let word = match (&result, aim) {
            (Ok(_), Aim::Works) => "ok",
            (Ok(_), Aim::Holds) => "held",
            (Err(Failed::Leaked { .. }), _) => "LEAKED",
            (Err(Failed::Unexpected { .. }), _) => "FAILED",
        };
        writeln!(self.out, "{dots} {word:<6} {seconds:>7.1} s")?;
        match result {
            Ok(done) => {
                self.good += 1;
                done.notes.iter().try_for_each(|note| writeln!(self.out, "        {note}"))?;
                Ok(Some(done.value))
            }
            Err(Failed::Unexpected { expected, came } | Failed::Leaked { expected, came }) => {
                writeln!(self.out, "        expected: {expected}\n        came:     {came}")?;
                Ok(None)
            }
        }
    }

    /// The last line. True if every step was good.
    pub(super) fn finish(self) -> io::Result<bool> {
        let failed = self.taken - self.good;
        let seconds = self.clock.elapsed().saturating_sub(self.began).as_secs_f64();
        writeln!(self.out, "\n{} steps, {} good, {failed} failed, {seconds:.1} s", self.taken, self.good)?;
        self.out.flush()?;
        Ok(failed == 0)
    }
}

#[cfg(test)]
mod tests {
    use wardgraph_kernel::{ManualClock, Timestamp};

    use super::*;

    #[tokio::test]
    async fn a_step_that_fails_says_what_was_expected_and_fails_the_whole() {
        let (mut out, clock) = (Vec::new(), Arc::new(ManualClock::at(Timestamp::UNIX_EPOCH)));
        let mut report = Report::new(&mut out, clock.clone());
        let work = async {
            clock.advance(Duration::from_millis(1_500));
            Ok(Done::new(7).note("seven"))
        };
        assert_eq!(report.step("Count", work).await.unwrap(), Some(7));
        report.attack("Break in", async { Err(Failed::leaked("404", "200")) }).await.unwrap();
        assert!(!report.finish().unwrap());
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert!(lines[0].starts_with("   1  Count ....") && lines[0].ends_with(" ok         1.5 s"), "{text}");
        assert_eq!(lines[1], "        seven");
        assert!(lines[2].contains(" LEAKED "), "{text}");
        assert_eq!(lines[3..5], ["        expected: 404", "        came:     200"]);
        assert_eq!(lines[6], "2 steps, 1 good, 1 failed, 1.5 s");
    }
}
