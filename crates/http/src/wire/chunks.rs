//! Where a chunked body ends (RFC 9112, section 7.1): its data is somebody else's to read.

/// How much of a chunked body may be something else than data, each chunk's size line and the trailers: a size needs 16 digits at most.
const MOST_LINE: usize = 64;
const MOST_TRAILERS: usize = 8 << 10;

/// Where in the body the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chunks {
    /// In the line of a size, after so many digits, with this value.
    Size {
        digits: u32,
        size: u64,
    },
    /// Behind the size, in an extension, after so many bytes of the line.
    Extension {
        size: u64,
        read: usize,
    },
    /// At the line feed of the size's line.
    SizeEnd {
        size: u64,
    },
    /// In data, so many bytes of which are still to come.
    Data {
        left: u64,
    },
    /// Behind data: its carriage return, then its line feed.
    DataReturn,
    DataEnd,
    /// In the trailers: after so many of their bytes, and so many of this line.
    Trailer {
        read: usize,
        line: usize,
        returned: bool,
    },
    /// It ended.
    Over,
}

impl Default for Chunks {
    fn default() -> Self {
        Self::Size { digits: 0, size: 0 }
    }
}

impl Chunks {
    /// Takes what it can of `bytes` and says how much; `None` for what is no chunked body.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while *self != Self::Over && at < bytes.len() {
            if let Self::Data { left } = *self {
                let here = left.min((bytes.len() - at) as u64);
                at += usize::try_from(here).ok()?;
                *self = if here == left { Self::DataReturn } else { Self::Data { left: left - here } };
            } else {
                *self = self.next(*bytes.get(at)?)?;
                at += 1;
            }
        }
        Some(at)
    }

    fn next(self, byte: u8) -> Option<Self> {
        Some(match (self, byte) {
            (Self::Size { digits, size }, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') if digits < 15 => {
                Self::Size { digits: digits + 1, size: size * 16 + u64::from(char::from(byte).to_digit(16)?) }
            }
            (Self::Size { digits: 1.., size } | Self::Extension { size, .. }, b'\r') => Self::SizeEnd { size },
            (Self::Size { digits: 1.., size }, b';') => Self::Extension { size, read: 0 },
            (Self::Extension { size, read }, b'\t' | b' '..=b'~') if read < MOST_LINE => Self::Extension { size, read: read + 1 },
            (Self::SizeEnd { size: 0 }, b'\n') => Self::Trailer { read: 0, line: 0, returned: false },
            (Self::SizeEnd { size }, b'\n') => Self::Data { left: size },
            (Self::DataReturn, b'\r') => Self::DataEnd,
            (Self::DataEnd, b'\n') => Self::default(),
            (Self::Trailer { line: 0, returned: true, .. }, b'\n') => Self::Over,
            (Self::Trailer { read, returned: true, .. }, b'\n') => Self::Trailer { read, line: 0, returned: false },
            (Self::Trailer { read, line, returned: false }, b'\r') => Self::Trailer { read, line, returned: true },
            (Self::Trailer { read, line, returned: false }, b'\t' | b' '..=b'~') if read < MOST_TRAILERS => {
                Self::Trailer { read: read + 1, line: line + 1, returned: false }
            }
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many bytes the body has, read in pieces of each length; `None` if it is none.
    fn length(text: &str) -> Option<usize> {
        let bytes = text.as_bytes();
        let mut lengths = (1..=bytes.len()).map(|piece| {
            let (mut chunks, mut length) = (Chunks::default(), 0);
            for piece in bytes.chunks(piece) {
                length += chunks.take(piece)?;
            }
            (chunks == Chunks::Over).then_some(length)
        });
        let first = lengths.next().unwrap();
        assert!(lengths.all(|length| length == first), "{text:?} is read otherwise in other pieces");
        first
    }

    #[test]
    fn a_body_ends_where_its_last_chunk_says() {
        for body in ["0\r\n\r\n", "3\r\nabc\r\n0\r\n\r\n", "A;x=\"y\"\r\n0123456789\r\n00\r\na: b\r\nc: d\r\n\r\n"] {
            assert_eq!(length(&format!("{body}GET / HTTP/1.1\r\n")), Some(body.len()));
        }
    }

    #[test]
    fn what_is_no_chunk_is_refused() {
        for body in [
            "\r\n",
            "x\r\n",
            "-1\r\n",
            "+1\r\na\r\n",
            "0x1\r\na\r\n",
            "1\na\r\n0\r\n\r\n",
            "1\r\nab\r\n",
            "1\r\na\n0\r\n\r\n",
            "1\r\na0\r\n\r\n",
            "1;x\n\r\na\r\n0\r\n\r\n",
            "0\r\n\n",
            "0\r\na\n\r\n",
            "0\r\n\rx",
            "10000000000000000\r\n",
            " 1\r\na\r\n",
            "1 \r\na\r\n",
            "1\r\r\na\r\n",
        ] {
            assert_eq!(length(body), None, "{body:?}");
        }
        assert_eq!(length(&format!("1;{}\r\na\r\n0\r\n\r\n", "x".repeat(100))), None);
        assert_eq!(length(&format!("0\r\na: {}\r\n\r\n", "x".repeat(9_000))), None);
    }
}
