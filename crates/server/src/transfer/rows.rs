//! Rows of a table (CSV, RFC 4180): each of bounded size, with the place where the next one begins.
//!
//! Rows are told apart here, since an import has to know what the `csv` crate keeps to itself: where a row begins and ends to the octet, whether a
//! quote is still open at the end, and how to go on behind a row that is too long. On what a row's fields are both agree, as a test sees.

use std::io::{self, BufRead};

use super::{
    lines::{BYTE_ORDER_MARK, LONGEST_BYTES},
    record::Position,
};

/// The rows of a table, its header among them. Blank lines are none.
#[derive(Debug)]
pub(super) struct Rows<R> {
    from: R,
    at: Position,
    delimiter: u8,
}

/// A row as it stands, without the end of its line.
#[derive(Debug)]
pub(super) struct Row {
    /// The line on which it begins, and the one on which it ends.
    pub(super) lines: (u64, u64),
    /// `None` of a row that is too long.
    pub(super) text: Option<Vec<u8>>,
}

/// Where a character stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    /// Before a field.
    Start,
    /// In a field, where a quote is a character like any other.
    Plain,
    /// Between quotes.
    Quotes,
    /// Behind a quote that closes, or is the first half of one that stands for itself.
    Closing,
    /// Behind the row.
    End,
}

impl Within {
    const fn behind(self, byte: u8, delimiter: u8) -> Self {
        match (self, byte) {
            (Self::Quotes, b'"') => Self::Closing,
            (Self::Quotes, _) | (Self::Start | Self::Closing, b'"') => Self::Quotes,
            (_, b'\r' | b'\n') => Self::End,
            (_, byte) if byte == delimiter => Self::Start,
            _ => Self::Plain,
        }
    }
}

impl<R: BufRead> Rows<R> {
    /// Rows of `from`, which stands at `at` already.
    pub(super) const fn new(from: R, at: Position, delimiter: u8) -> Self {
        Self { from, at, delimiter }
    }

    /// Where the next row begins, or a blank line before it.
    pub(super) const fn position(&self) -> Position {
        self.at
    }

    /// What was not read.
    pub(super) fn into_inner(self) -> R {
        self.from
    }

    /// The next row. A quote that is open at the end of everything is an error: nobody can tell what should have been rows of their own.
    pub(super) fn read(&mut self) -> io::Result<Option<Row>> {
        let mut text = self.marked()?;
        while text.is_empty() && self.line_end()? {}
        let (begin, mut within) = (self.at.line, if text.is_empty() { Within::Start } else { Within::Plain });
        let mut is_long = false;
        loop {
            if self.peek()?.is_none() {
                return match within {
                    Within::Quotes => Err(io::Error::other(format!("the row of line {begin} has a quote that is never closed"))),
                    Within::Start if text.is_empty() && !is_long => Ok(None),
                    _ => Ok(Some(Row { lines: (begin, self.at.line), text: (!is_long).then_some(text) })),
                };
            }
            let chunk = self.from.fill_buf()?;
            let mut ends = 0;
            let end = chunk.iter().position(|byte| {
                within = within.behind(*byte, self.delimiter);
                ends += u64::from(within == Within::Quotes && *byte == b'\n');
                within == Within::End
            });
            let taken = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or_default();
            let count = taken.len();
            is_long |= text.len() + count > LONGEST_BYTES;
            if !is_long {
                text.extend_from_slice(taken);
            }
            self.take(count);
            self.at.line += ends;
            if end.is_some() {
                let end = self.at.line;
                self.line_end()?;
                return Ok(Some(Row { lines: (begin, end), text: (!is_long).then_some(text) }));
            }
        }
    }

    /// Passes a byte order mark over. What begins like one and is none is given back.
    fn marked(&mut self) -> io::Result<Vec<u8>> {
        let mut seen = Vec::new();
        if self.at.offset == 0 {
            for byte in BYTE_ORDER_MARK {
                if self.peek()? != Some(*byte) {
                    return Ok(seen);
                }
                seen.push(*byte);
                self.take(1);
            }
        }
        Ok(Vec::new())
    }

    /// Passes the end of a line over, of one character or of two, and says whether there was one.
    fn line_end(&mut self) -> io::Result<bool> {
        let Some(end @ (b'\r' | b'\n')) = self.peek()? else { return Ok(false) };
        self.take(1);
        if end == b'\r' && self.peek()? == Some(b'\n') {
            self.take(1);
        }
        self.at.line += 1;
        Ok(true)
    }

    fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            match self.from.fill_buf() {
                Ok(chunk) => return Ok(chunk.first().copied()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn take(&mut self, count: usize) {
        self.from.consume(count);
        self.at.offset += count as u64;
    }
}

/// The fields of a row.
pub(super) fn fields(text: &[u8], delimiter: u8) -> Vec<Vec<u8>> {
    let (mut fields, mut field, mut within) = (Vec::new(), Vec::new(), Within::Start);
    for byte in text {
        let next = within.behind(*byte, delimiter);
        match (within, next) {
            (_, Within::Start) => fields.push(std::mem::take(&mut field)),
            (Within::Start, Within::Quotes) | (Within::Quotes, Within::Closing) => {}
            _ => field.push(*byte),
        }
        within = next;
    }
    fields.push(field);
    fields
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &[u8], delimiter: u8) -> io::Result<Vec<Row>> {
        let mut rows = Rows::new(io::BufReader::with_capacity(3 + text.len() / 1_000, text), Position::START, delimiter);
        let all = std::iter::from_fn(|| rows.read().transpose()).collect();
        if let Ok(rest) = rows.into_inner().fill_buf() {
            assert!(rest.is_empty());
        }
        all
    }

    fn lines(text: &str) -> Vec<(u64, u64)> {
        read(text.as_bytes(), b',').unwrap().iter().map(|row| row.lines).collect()
    }

    #[test]
    fn a_row_knows_its_lines_whatever_ends_them_and_however_many_are_blank() {
        assert_eq!(lines("a,b\n\n\n1,\"x\ny\"\n2,3"), [(1, 1), (4, 5), (6, 6)]);
        assert_eq!(lines("\r\n\r\na,b\r\n1,\"x\r\ny\"\r\n\r\n2,3\r\n\r\n"), [(3, 3), (4, 5), (7, 7)]);
        assert_eq!(lines("a,b\r1,2\r\r3,4\n5,6\r\n7,8"), [(1, 1), (2, 2), (4, 4), (5, 5), (6, 6)]);
        assert_eq!(lines(""), []);
        assert_eq!(lines("\u{feff}"), []);
        assert_eq!(lines("\n\r\n\r"), []);
    }

    #[test]
    fn a_byte_order_mark_is_nobodys_text_and_what_only_begins_like_one_is() {
        let first = |text: &str| fields(read(text.as_bytes(), b',').unwrap()[0].text.as_ref().unwrap(), b',')[0].clone();
        assert_eq!(first("\u{feff}\"a b\",c"), b"a b");
        assert_eq!(first("\u{fb01}x,c"), "\u{fb01}x".as_bytes());
        assert_eq!(first("x,\u{feff}"), b"x");
    }

    #[test]
    fn a_row_that_is_too_long_is_passed_over_and_a_quote_that_is_never_closed_is_told() {
        let text = format!("a\n\n\"{}\"\nb\n", "x\n".repeat(LONGEST_BYTES));
        let rows = read(text.as_bytes(), b',').unwrap();
        let end = 3 + LONGEST_BYTES as u64;
        assert_eq!((rows[1].lines, rows[1].text.is_none()), ((3, end), true));
        assert_eq!((rows[2].lines, rows[2].text.as_deref()), ((end + 1, end + 1), Some(&b"b"[..])));
        let error = read(b"a,b\n1,2\n\n3,\"x\n4,y\n5,z\n", b',').unwrap_err();
        assert_eq!(error.to_string(), "the row of line 4 has a quote that is never closed");
    }

    #[test]
    fn reading_goes_on_behind_any_row() {
        let text = b"a,b\r\n1,\"x\r\n\"\"y\"\r\n\r\n2,3\r4,5\n".as_slice();
        let told = |rows: Vec<Row>| rows.into_iter().map(|row| (row.lines, row.text)).collect::<Vec<_>>();
        let all = told(read(text, b',').unwrap());
        let mut rows = Rows::new(text, Position::START, b',');
        for behind in 1..=all.len() {
            rows.read().unwrap();
            let at = rows.position();
            let mut again = Rows::new(&text[usize::try_from(at.offset).unwrap()..], at, b',');
            assert_eq!(told(std::iter::from_fn(|| again.read().unwrap()).collect()), all[behind..]);
        }
        assert_eq!(rows.position(), Position { offset: text.len() as u64, line: 7 });
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn rows_and_fields_are_those_of_the_csv_crate(text in "[ab\",;\r\n é]{0,60}", semicolon in any::<bool>()) {
            let delimiter = if semicolon { b';' } else { b',' };
            let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text.as_bytes());
            let theirs: Vec<Vec<Vec<u8>>> =
                reader.byte_records().map(|row| row.unwrap().iter().map(<[u8]>::to_vec).collect()).collect();
            match read(text.as_bytes(), delimiter) {
                Ok(rows) => {
                    let ours: Vec<_> = rows.iter().map(|row| fields(row.text.as_ref().unwrap(), delimiter)).collect();
                    prop_assert_eq!(ours, theirs);
                }
                Err(error) => prop_assert!(error.to_string().contains("never closed") && text.contains('"')),
            }
        }
    }
}
