//! Lines of a file, each of bounded size, with the place where the next one begins.

use std::io::{self, BufRead};

use super::{
    parse::{self, Namer},
    record::{Position, Record},
};

/// The longest line that is read: the largest body that a server takes.
pub(super) const LONGEST_BYTES: usize = 10 << 20;

pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// JSON Lines.
#[derive(Debug)]
pub(super) struct Lines<R> {
    from: R,
    at: Position,
    namer: Namer,
}

impl<R: BufRead> Lines<R> {
    /// Lines of `from`, which stands at `at` already.
    pub(super) const fn new(from: R, at: Position, namer: Namer) -> Self {
        Self { from, at, namer }
    }

    /// The next line that is not blank.
    pub(super) fn read(&mut self) -> io::Result<Option<Record>> {
        loop {
            let (first, number) = (self.at.offset == 0, self.at.line);
            let (mut raw, read) = self.line()?;
            if read == 0 {
                return Ok(None);
            }
            self.at = Position { offset: self.at.offset + read, line: number + 1 };
            if first && raw.starts_with(BYTE_ORDER_MARK) {
                raw.drain(..BYTE_ORDER_MARK.len());
            }
            let content = raw.trim_ascii();
            if content.is_empty() {
                continue;
            }
            let item = if raw.len() > LONGEST_BYTES {
                raw.clear();
                Err(format!("is longer than {} MiB, and is not kept", LONGEST_BYTES >> 20))
            } else {
                parse::line(content, number, &self.namer)
            };
            return Ok(Some(Record { line: number, end: self.at, raw, item }));
        }
    }

    /// A line with its end, cut a little above the longest, and how many bytes it has altogether.
    fn line(&mut self) -> io::Result<(Vec<u8>, u64)> {
        let (mut line, mut read) = (Vec::new(), 0);
        loop {
            let chunk = match self.from.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let end = chunk.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
            let taken = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or_default();
            if line.len() <= LONGEST_BYTES {
                line.extend_from_slice(taken);
            }
            let count = taken.len();
            self.from.consume(count);
            read += count as u64;
            if end.is_some() || count == 0 {
                return Ok((line, read));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &[u8]) -> Vec<Record> {
        let mut lines = Lines::new(io::BufReader::with_capacity(16, text), Position::START, Namer("s".into()));
        std::iter::from_fn(|| lines.read().unwrap()).collect()
    }

    const NODE: &str = r#"{"classes":["A"],"props":{}}"#;

    #[test]
    fn lines_end_as_they_like_and_blank_ones_are_passed_over() {
        let text = format!("\u{feff}{NODE}\r\n\n  \n{NODE}\n{NODE}");
        let records = all(text.as_bytes());
        assert_eq!(records.iter().map(|record| record.line).collect::<Vec<_>>(), [1, 4, 5]);
        assert!(records.iter().all(|record| record.item.is_ok()));
        assert_eq!(records[2].end, Position { offset: text.len() as u64, line: 6 });
        assert_eq!(records[0].raw, format!("{NODE}\r\n").into_bytes(), "as it stands, without the byte order mark");
    }

    #[test]
    fn a_huge_line_is_passed_over_without_being_kept() {
        let text = format!("{}\n{NODE}\n", "x".repeat(LONGEST_BYTES + 100_000));
        let records = all(text.as_bytes());
        assert_eq!(records[0].item.as_ref().unwrap_err(), "is longer than 10 MiB, and is not kept");
        assert!(records[0].raw.is_empty());
        assert_eq!((records[1].line, records[1].item.is_ok()), (2, true));
        assert_eq!(records[1].end.offset, text.len() as u64);
    }

    #[test]
    fn reading_goes_on_from_any_place() {
        let text = format!("{NODE}\n{NODE}\n");
        let middle = all(text.as_bytes())[0].end;
        let rest = text.as_bytes().get(usize::try_from(middle.offset).unwrap()..).unwrap();
        let mut lines = Lines::new(rest, middle, Namer("s".into()));
        assert_eq!(lines.read().unwrap().unwrap().line, 2);
        assert!(lines.read().unwrap().is_none());
    }
}
