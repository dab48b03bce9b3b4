//! Where requests begin and end in what a connection sends over HTTP/1, found as the bytes pass by.

use super::{
    chunks::Chunks,
    head::{Follows, Head},
};

/// Why no more is read from a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refused {
    /// 400, or 431 for a head that is too large.
    pub(super) status: u16,
    /// What is wrong.
    pub(super) detail: &'static str,
}

impl Refused {
    pub(super) const fn malformed(detail: &'static str) -> Self {
        Self { status: 400, detail }
    }

    pub(super) const fn head_too_large(detail: &'static str) -> Self {
        Self { status: 431, detail }
    }
}

/// Where in the requests of a connection the next byte stands.
#[derive(Debug)]
pub(super) struct Framing {
    most_head: usize,
    place: Place,
    head: Head,
    heads: usize,
    /// How much of the head there is.
    read: usize,
    /// The line that has not ended yet, where it did not arrive at once.
    line: Vec<u8>,
}

#[derive(Debug)]
enum Place {
    Head,
    Body(u64),
    Chunks(Chunks),
}

impl Framing {
    /// At the beginning of a connection whose heads may have `most_head` bytes each.
    pub(super) fn new(most_head: usize) -> Self {
        Self { most_head, place: Place::Head, head: Head::default(), heads: 0, read: 0, line: Vec::new() }
    }

    /// Whether a head has begun and not ended.
    pub(super) fn is_amid_head(&self) -> bool {
        matches!(self.place, Place::Head) && (self.head.has_begun() || !self.line.is_empty())
    }

    /// Whether a body has begun and not ended.
    pub(super) fn is_amid_body(&self) -> bool {
        !matches!(self.place, Place::Head)
    }

    /// How many heads have ended.
    pub(super) fn heads(&self) -> usize {
        self.heads
    }

    /// Looks at what arrived. Of what is refused, so many bytes at its beginning are still good.
    pub(super) fn pass(&mut self, arrived: &[u8]) -> Result<(), (Refused, usize)> {
        let mut rest = arrived;
        while !rest.is_empty() {
            let taken = self.step(rest).map_err(|refused| (refused, arrived.len() - rest.len()))?;
            rest = rest.get(taken..).unwrap_or_default();
        }
        Ok(())
    }

    /// Takes a line of a head, or what is there of a body, and says how much that is.
    fn step(&mut self, bytes: &[u8]) -> Result<usize, Refused> {
        match &mut self.place {
            Place::Head => self.head(bytes),
            Place::Body(left) => {
                let here = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                *left -= here as u64;
                if *left == 0 {
                    self.place = Place::Head;
                }
                Ok(here)
            }
            Place::Chunks(chunks) => {
                let taken = chunks.take(bytes).ok_or(Refused::malformed("the body is badly framed"))?;
                if *chunks == Chunks::Over {
                    self.place = Place::Head;
                }
                Ok(taken)
            }
        }
    }

    fn head(&mut self, bytes: &[u8]) -> Result<usize, Refused> {
        let end = memchr::memchr(b'\n', bytes).map(|at| at + 1);
        let (piece, _) = bytes.split_at_checked(end.unwrap_or(bytes.len())).unwrap_or_default();
        self.read += piece.len();
        if self.read > self.most_head {
            return Err(Refused::head_too_large("the request line and the headers are too long"));
        }
        if end.is_none() {
            self.line.extend_from_slice(piece);
            return Ok(piece.len());
        }
        let follows = if self.line.is_empty() {
            self.head.line(piece)?
        } else {
            self.line.extend_from_slice(piece);
            let follows = self.head.line(&self.line)?;
            self.line.clear();
            follows
        };
        if let Some(follows) = follows {
            (self.head, self.read, self.heads) = (Head::default(), 0, self.heads + 1);
            self.place = match follows {
                Follows::Bytes(0) => Place::Head,
                Follows::Bytes(length) => Place::Body(length),
                Follows::Chunks => Place::Chunks(Chunks::default()),
            };
        }
        Ok(piece.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = 200;

    /// How much passes of what is sent in pieces of each length, and what is said of the rest.
    fn passes(sent: &str) -> (usize, Option<u16>) {
        let mut outcomes = (1..=sent.len()).map(|length| {
            let (mut framing, mut passed) = (Framing::new(MOST), 0);
            for piece in sent.as_bytes().chunks(length) {
                match framing.pass(piece) {
                    Ok(()) => passed += piece.len(),
                    Err((refused, good)) => return (passed + good, Some(refused.status)),
                }
            }
            (passed, None)
        });
        let whole = outcomes.next_back().unwrap();
        // In pieces, what is good of a refused head is passed on as it comes: never more than that head.
        for (passed, status) in outcomes {
            assert_eq!(status, whole.1, "{sent:?}");
            assert!(passed >= whole.0, "{sent:?}");
        }
        whole
    }

    #[test]
    fn requests_follow_each_other_and_the_first_bad_one_is_the_last() {
        let get = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";
        let post = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\n\n\n\r\n:";
        let chunked = "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nGET\r\n0\r\n\r\n";
        let good = format!("{get}{post}\r\n{chunked}{get}");
        assert_eq!(passes(&good), (good.len(), None));
        let bad = format!("{good}GET / HTTP/1.1\r\nhost: x\r\nx : y\r\n\r\n{get}");
        let (passed, status) = passes(&bad);
        assert_eq!(status, Some(400));
        assert!((good.len()..good.len() + 26).contains(&passed), "{passed}");
        assert_eq!(passes(&format!("{good}{get}x")).1, None, "it may become a request yet");
        assert_eq!(passes("POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nGET GET").1, Some(400));
    }

    #[test]
    fn a_head_that_is_too_long_ends_before_it_is_kept() {
        let long = format!("GET /{} HTTP/1.1\r\n", "x".repeat(10_000));
        assert_eq!(passes(&long).1, Some(431));
        let mut framing = Framing::new(MOST);
        while framing.pass(b"x").is_ok() {}
        assert!(framing.line.len() <= MOST);
        let empty = "\r\n".repeat(MOST);
        assert_eq!(passes(&empty).1, Some(431), "empty lines before a request are no way around it");
    }
}
