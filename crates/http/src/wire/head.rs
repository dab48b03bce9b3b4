//! One line of a request's head at a time (RFC 9112), as strictly as the standard allows.

use super::framing::Refused;

/// How many headers a request may have. Hyper's own number: with another it would allocate for each request.
const MOST_HEADERS: usize = 100;

/// What follows a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Follows {
    /// So many bytes.
    Bytes(u64),
    /// Chunks, until the last one.
    Chunks,
}

/// What was read of a head so far.
#[derive(Debug, Default)]
pub(super) struct Head {
    /// The request line is read.
    started: bool,
    /// It says HTTP/1.0.
    old: bool,
    headers: usize,
    hosts: usize,
    length: Option<u64>,
    chunked: bool,
}

impl Head {
    /// Whether anything of the head has arrived.
    pub(super) fn has_begun(&self) -> bool {
        self.started
    }

    /// Takes a line with its end. `Some` at the empty line that ends the head.
    pub(super) fn line(&mut self, line: &[u8]) -> Result<Option<Follows>, Refused> {
        let Some(line) = line.strip_suffix(b"\r\n") else {
            return Err(Refused::malformed("a line of the head ends in a bare line feed"));
        };
        match (self.started, line.is_empty()) {
            // Empty lines before a request line are passed over (RFC 9112, section 2.2).
            (false, true) => Ok(None),
            (false, false) => self.request_line(line).map(|()| None),
            (true, false) => self.header(line).map(|()| None),
            (true, true) => self.end().map(Some),
        }
    }

    fn request_line(&mut self, line: &[u8]) -> Result<(), Refused> {
        self.started = true;
        let mut words = line.split(|byte| *byte == b' ');
        let (Some(method), Some(target), Some(version), None) = (words.next(), words.next(), words.next(), words.next()) else {
            return Err(Refused::malformed(
                "the request line is not a method, a target and a version with one space between them",
            ));
        };
        if method.is_empty() || !method.iter().all(|byte| is_token(*byte)) {
            return Err(Refused::malformed("the method is no token"));
        }
        if !is_target(target) {
            return Err(Refused::malformed("the target is no path, or has characters that must be percent-encoded"));
        }
        self.old = match version {
            b"HTTP/1.1" => false,
            b"HTTP/1.0" => true,
            _ => return Err(Refused::malformed("the version is neither HTTP/1.1 nor HTTP/1.0")),
        };
        Ok(())
    }

    fn header(&mut self, line: &[u8]) -> Result<(), Refused> {
        self.headers += 1;
        if self.headers > MOST_HEADERS {
            return Err(Refused::head_too_large("there are more than 100 headers"));
        }
        if line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t')) {
            return Err(Refused::malformed("a header is folded over lines, or one begins with a space"));
        }
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(0);
        let (name, value) = line.split_at_checked(colon).unwrap_or_default();
        if name.is_empty() || !name.iter().all(|byte| is_token(*byte)) {
            return Err(Refused::malformed("a header's name is no token directly before a colon"));
        }
        let value = value.get(1..).unwrap_or_default();
        // Every byte is looked at, so that the loop needs no branch.
        if value.iter().fold(false, |bad, byte| bad | is_control(*byte)) {
            return Err(Refused::malformed("a header's value has a control character"));
        }
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => self.hosts += 1,
            14 if name.eq_ignore_ascii_case(b"content-length") => self.length(value.trim_ascii())?,
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => self.coding(value.trim_ascii())?,
            _ => {}
        }
        Ok(())
    }

    fn length(&mut self, value: &[u8]) -> Result<(), Refused> {
        if self.length.is_some() {
            return Err(Refused::malformed("there are two `Content-Length` headers"));
        }
        let digits = (1..=18).contains(&value.len()) && value.iter().all(u8::is_ascii_digit);
        let length = std::str::from_utf8(value).ok().filter(|_| digits).and_then(|digits| digits.parse().ok());
        self.length = Some(length.ok_or_else(|| Refused::malformed("`Content-Length` is not one whole number"))?);
        Ok(())
    }

    fn coding(&mut self, value: &[u8]) -> Result<(), Refused> {
        if self.chunked || !value.eq_ignore_ascii_case(b"chunked") {
            return Err(Refused::malformed("`Transfer-Encoding` is something else than `chunked`, once"));
        }
        self.chunked = true;
        Ok(())
    }

    fn end(&self) -> Result<Follows, Refused> {
        if self.hosts > 1 || (self.hosts == 0 && !self.old) {
            return Err(Refused::malformed("there must be one `Host` header"));
        }
        match (self.length, self.chunked) {
            (Some(_), true) => Err(Refused::malformed("`Content-Length` and `Transfer-Encoding` contradict each other")),
            (None, true) if self.old => Err(Refused::malformed("HTTP/1.0 has no `Transfer-Encoding`")),
            (None, true) => Ok(Follows::Chunks),
            (length, false) => Ok(Follows::Bytes(length.unwrap_or(0))),
        }
    }
}

/// What no value may have (RFC 9110, section 5.5): a tab may stand in one.
const fn is_control(byte: u8) -> bool {
    (byte < b' ' && byte != b'\t') || byte == 0x7f
}

/// RFC 9110, section 5.6.2.
const fn is_token(byte: u8) -> bool {
    matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'0'..=b'9' | b'A'..=b'Z' | b'^'..=b'z' | b'|' | b'~')
}

/// A path with or without a query, a whole URL of HTTP, or `*`; of the characters that the `http` crate takes as well.
fn is_target(target: &[u8]) -> bool {
    let rooted =
        target.first() == Some(&b'/') || target == b"*" || target.starts_with(b"http://") || target.starts_with(b"https://");
    let (path, query) = match target.iter().position(|byte| *byte == b'?') {
        Some(at) => target.split_at_checked(at).unwrap_or_default(),
        None => (target, &b""[..]),
    };
    let both = |byte: &u8| matches!(byte, 0x21 | 0x24..=0x3b | 0x3d | 0x3f..=0x5f | 0x61..=0x7a | b'|' | b'~');
    rooted
        && path.iter().all(|byte| both(byte) || matches!(byte, b'"' | b'{' | b'}'))
        && query.iter().all(|byte| both(byte) || matches!(byte, b'`' | b'{' | b'}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(head: &str) -> Result<Option<Follows>, String> {
        let mut read = Head::default();
        let mut end = None;
        for line in head.split_inclusive('\n') {
            end = read.line(line.as_bytes()).map_err(|refused| refused.detail.to_owned())?;
        }
        Ok(end)
    }

    #[test]
    fn a_head_says_what_follows_it() {
        for (headers, follows) in [
            ("", Follows::Bytes(0)),
            ("content-length: 12\r\n", Follows::Bytes(12)),
            ("Content-Length:\t12 \r\n", Follows::Bytes(12)),
            ("TRANSFER-ENCODING: Chunked\r\n", Follows::Chunks),
        ] {
            assert_eq!(read(&format!("\r\nPOST /x?y HTTP/1.1\r\nhost: x\r\n{headers}\r\n")), Ok(Some(follows)), "{headers}");
        }
        assert_eq!(read("GET / HTTP/1.0\r\n\r\n"), Ok(Some(Follows::Bytes(0))));
        assert_eq!(read("GET / HTTP/1.1\r\nhost: x\r\n"), Ok(None));
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for headers in [
            "content-length: 4\r\ncontent-length: 4\r\n",
            "content-length: 4\r\ncontent-length: 5\r\n",
            "content-length: 4, 4\r\n",
            "content-length: +4\r\n",
            "content-length: -4\r\n",
            "content-length: 0x4\r\n",
            "content-length:\r\n",
            "content-length: 99999999999999999999\r\n",
            "content-length: 4\r\ntransfer-encoding: chunked\r\n",
            "transfer-encoding: chunked\r\ncontent-length: 4\r\n",
            "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
            "transfer-encoding: chunked, chunked\r\n",
            "transfer-encoding: gzip, chunked\r\n",
            "transfer-encoding: identity\r\n",
            "transfer-encoding: xchunked\r\n",
            "transfer-encoding: \u{b}chunked\r\n",
            "transfer-encoding:\r\n",
            "x: y\r\n z\r\n",
            "x : y\r\n",
            " x: y\r\n",
            "x\r\n",
            ": y\r\n",
            "x: y\n",
            "x: a\rb\r\n",
            "x: a\0b\r\n",
            "x\u{e9}: y\r\n",
            "host: y\r\n",
        ] {
            let told = read(&format!("POST / HTTP/1.1\r\nhost: x\r\n{headers}\r\n"));
            assert!(told.is_err(), "{headers:?}: {told:?}");
        }
        for line in [
            "GET  / HTTP/1.1",
            "GET / HTTP/1.1 ",
            " GET / HTTP/1.1",
            "GET /",
            "GET / HTTP/2.0",
            "GET / HTTP/1.2",
            "GET\t/\tHTTP/1.1",
            "G@T / HTTP/1.1",
            "GET x HTTP/1.1",
            "GET /\u{e9} HTTP/1.1",
            "GET /#x HTTP/1.1",
            "CONNECT x:1 HTTP/1.1",
            "PRI * HTTP/2.0",
            "GET /\rx HTTP/1.1",
            "GET / http/1.1",
        ] {
            assert!(read(&format!("{line}\r\nhost: x\r\n\r\n")).is_err(), "{line:?}");
        }
        assert!(read("GET / HTTP/1.1\r\n\r\n").is_err(), "no host");
        assert!(read("POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
        let many = "x: y\r\n".repeat(101);
        assert!(read(&format!("GET / HTTP/1.1\r\n{many}")).is_err());
    }
}
