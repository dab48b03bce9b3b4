//! JSON as it is taken in: each member once, numbers to the last digit, texts of whole characters, so deep and no deeper.
//!
//! RFC 8259 leaves open what a member means that is there twice, and what becomes of digits that a parser's numbers cannot hold. Two
//! parsers that answer differently are two opinions on what was sent, so here both are refused. It takes one pass over the bytes, before
//! anything is made of them; nothing is kept but the names of the members that are open.

mod number;
mod shape;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub use shape::{misfit, nameless, read};

/// How deep what is sent may nest, its outermost object included.
pub const MAX_DEPTH: usize = 64;

/// Why a text is not taken as JSON, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The place, as a JSON Pointer (RFC 6901).
    pub pointer: String,
    /// What is wrong there.
    pub detail: String,
}

/// Checks that a text is one JSON value that can be read in one way. A list that is a member of the outermost object under one of the names
/// in `measured` holds measurements, such as the numbers of a vector, whose last digits may be lost.
///
/// # Errors
/// The first [`Fault`].
pub fn check(text: &[u8], measured: &[&str]) -> Result<(), Fault> {
    let mut reader = Reader { text, at: 0, names: Vec::new(), open: Vec::new(), outside: false };
    reader.read(measured).map_err(|detail| Fault { detail: detail.into_owned(), pointer: reader.pointer() })
}

/// Appends one step to a JSON Pointer.
pub fn step(pointer: &mut String, name: &str) {
    pointer.push('/');
    pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
}

type Read<T> = Result<T, Cow<'static, str>>;

/// A list or an object that has begun and not ended.
struct Open {
    /// How many names there were before it.
    names: usize,
    /// The place in the list; `None` for an object.
    index: Option<usize>,
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    /// The names of the members of all open objects so far.
    names: Vec<Cow<'a, [u8]>>,
    open: Vec<Open>,
    /// Whether what is wrong is the innermost open thing itself, and not what was read last of it.
    outside: bool,
}

impl<'a> Reader<'a> {
    fn read(&mut self, measured: &[&str]) -> Read<()> {
        loop {
            if self.value(measured)? && self.go_on()? {
                return Ok(());
            }
        }
    }

    /// Reads a value, or the beginning of one that goes on; says whether it has ended.
    fn value(&mut self, measured: &[&str]) -> Read<bool> {
        self.skip_blanks();
        match self.peek() {
            Some(b'{') => {
                self.enter(None)?;
                if self.takes(b'}') {
                    self.open.pop();
                    return Ok(true);
                }
                self.name().map(|()| false)
            }
            Some(b'[') => {
                self.enter(Some(0))?;
                let is_empty = self.takes(b']');
                if is_empty {
                    self.open.pop();
                }
                Ok(is_empty)
            }
            Some(b'"') => self.string().map(|_| true),
            Some(b'-' | b'0'..=b'9') => {
                let is_measured = self.is_measured(measured);
                self.number(is_measured).map(|()| true)
            }
            _ => match ["true", "false", "null"].iter().find(|word| self.rest().starts_with(word.as_bytes())) {
                Some(word) => {
                    self.at += word.len();
                    Ok(true)
                }
                None => Err(self.unexpected("a value")),
            },
        }
    }

    /// After a value: goes on to the next one, ending what ends before it. Says whether there is none.
    fn go_on(&mut self) -> Read<bool> {
        loop {
            self.skip_blanks();
            let Some(open) = self.open.last_mut() else {
                return if self.at == self.text.len() { Ok(true) } else { Err("there is more than one JSON value".into()) };
            };
            match (&mut open.index, self.text.get(self.at)) {
                (Some(index), Some(b',')) => {
                    *index += 1;
                    self.at += 1;
                    return Ok(false);
                }
                (None, Some(b',')) => {
                    self.at += 1;
                    return self.name().map(|()| false);
                }
                (Some(_), Some(b']')) => _ = self.open.pop(),
                (None, Some(b'}')) => {
                    self.each_once()?;
                    self.open.pop();
                }
                (Some(_), _) => return Err(self.unexpected("`,` or `]`")),
                (None, _) => return Err(self.unexpected("`,` or `}`")),
            }
            self.at += 1;
        }
    }

    fn enter(&mut self, index: Option<usize>) -> Read<()> {
        if self.open.len() == MAX_DEPTH {
            return Err(format!("is nested more than {MAX_DEPTH} deep").into());
        }
        self.open.push(Open { names: self.names.len(), index });
        self.at += 1;
        self.skip_blanks();
        Ok(())
    }

    /// Reads the name of a member, up to its value.
    fn name(&mut self) -> Read<()> {
        self.outside = true;
        self.skip_blanks();
        if self.peek() != Some(b'"') {
            return Err(self.unexpected("the name of a member"));
        }
        let begin = self.at;
        let (raw, is_escaped) = self.string()?;
        let name = match self.text.get(begin..self.at) {
            Some(quoted) if is_escaped => {
                serde_json::from_slice::<String>(quoted).map_err(|_| "has a name that is no text")?.into_bytes().into()
            }
            _ => Cow::Borrowed(raw),
        };
        self.names.push(name);
        self.skip_blanks();
        if !self.takes(b':') {
            return Err(self.unexpected("`:`"));
        }
        self.outside = false;
        Ok(())
    }

    /// Refuses an object that has a member twice, and forgets its names.
    fn each_once(&mut self) -> Read<()> {
        let first = self.open.last().map_or(0, |open| open.names);
        let names = self.names.get_mut(first..).unwrap_or_default();
        names.sort_unstable();
        let twice = names.windows(2).find_map(|pair| match pair {
            [one, other] if one == other => Some(one.clone()),
            _ => None,
        });
        self.names.truncate(first);
        match twice {
            Some(name) => {
                self.names.push(name);
                Err("the member is there twice".into())
            }
            None => Ok(()),
        }
    }

    /// Reads a string: what stands between its quotes, and whether some of it is escaped.
    fn string(&mut self) -> Read<(&'a [u8], bool)> {
        self.at += 1;
        let begin = self.at;
        let mut is_escaped = false;
        loop {
            let end = self.rest().iter().position(|byte| matches!(byte, b'"' | b'\\' | ..b' '));
            self.at += end.unwrap_or_default();
            match end.and_then(|_| self.peek()) {
                Some(b'"') => break,
                Some(b'\\') => {
                    is_escaped = true;
                    self.escape()?;
                }
                Some(_) => return Err("a control character in a text must be escaped".into()),
                None => return Err("a text does not end".into()),
            }
        }
        let raw = self.text.get(begin..self.at).unwrap_or_default();
        self.at += 1;
        if raw.is_ascii() || std::str::from_utf8(raw).is_ok() { Ok((raw, is_escaped)) } else { Err("is not UTF-8".into()) }
    }

    fn escape(&mut self) -> Read<()> {
        const HALF: &str = "half of a surrogate pair is no character";
        self.at += 1;
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => match self.unit()? {
                0xdc00..=0xdfff => return Err(HALF.into()),
                0xd800..=0xdbff => {
                    let follows = self.takes(b'\\') && self.peek() == Some(b'u');
                    if !follows || !(0xdc00..=0xdfff).contains(&self.unit()?) {
                        return Err(HALF.into());
                    }
                }
                _ => {}
            },
            _ => return Err("there is no such escape".into()),
        }
        Ok(())
    }

    /// Reads `u` and four hexadecimal digits: a unit of UTF-16.
    fn unit(&mut self) -> Read<u32> {
        let digits = self.text.get(self.at + 1..self.at + 5).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let unit = digits.and_then(|digits| u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        self.at += 5;
        unit.ok_or_else(|| "`\\u` needs four hexadecimal digits".into())
    }

    fn number(&mut self, is_measured: bool) -> Read<()> {
        self.at += number::read(self.rest(), is_measured)?;
        Ok(())
    }

    fn is_measured(&self, measured: &[&str]) -> bool {
        match self.open.as_slice() {
            [Open { index: None, .. }, Open { index: Some(_), names }] => {
                let name = names.checked_sub(1).and_then(|last| self.names.get(last));
                name.is_some_and(|name| measured.iter().any(|measured| measured.as_bytes() == &**name))
            }
            _ => false,
        }
    }

    fn pointer(&self) -> String {
        let mut pointer = String::new();
        let inner = self.open.iter().skip(1).map(|open| open.names).chain([self.names.len()]);
        let shown = self.open.len() - usize::from(self.outside && !self.open.is_empty());
        for (open, names) in self.open.iter().zip(inner).take(shown) {
            let last = names.checked_sub(1).filter(|last| *last >= open.names);
            if let Some(index) = open.index {
                step(&mut pointer, &index.to_string());
            } else if let Some(name) = last.and_then(|last| self.names.get(last)) {
                step(&mut pointer, &String::from_utf8_lossy(name));
            }
        }
        pointer
    }

    fn unexpected(&self, wanted: &str) -> Cow<'static, str> {
        if self.at < self.text.len() {
            format!("{wanted} is expected at byte {}", self.at + 1)
        } else {
            format!("{wanted} is expected, and nothing more comes")
        }
        .into()
    }

    fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn takes(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }
}
