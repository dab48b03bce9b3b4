//! Tags, as a browser reads them.

/// A tag that is being read, from behind its `<`.
pub(super) struct Tag<'a> {
    pub(super) rest: &'a [u8],
}

impl<'a> Tag<'a> {
    fn take(&mut self, until: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.rest.iter().position(|byte| until(*byte)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    pub(super) fn name(&mut self) -> &'a [u8] {
        self.take(|byte| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>'))
    }

    /// The next attribute; `None` at the end of the tag.
    pub(super) fn attribute(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        self.take(|byte| !(byte.is_ascii_whitespace() || byte == b'/'));
        if self.rest.first().is_none_or(|byte| *byte == b'>') {
            return None;
        }
        let begin = self.rest;
        self.rest = begin.get(1..).unwrap_or_default();
        self.take(|byte| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>' | b'='));
        let name = begin.get(..begin.len() - self.rest.len()).unwrap_or_default();
        self.take(|byte| !byte.is_ascii_whitespace());
        let Some(rest) = self.rest.strip_prefix(b"=") else { return Some((name, b"")) };
        self.rest = rest;
        self.take(|byte| !byte.is_ascii_whitespace());
        let value = match self.rest.split_first() {
            Some((quote @ (b'"' | b'\''), rest)) => {
                self.rest = rest;
                let value = self.take(|byte| byte == *quote);
                self.rest = self.rest.get(1..).unwrap_or_default();
                value
            }
            _ => self.take(|byte| byte.is_ascii_whitespace() || byte == b'>'),
        };
        Some((name, value))
    }

    /// Behind the last attribute: whether the tag ends, or the text does.
    pub(super) fn ends(&self) -> bool {
        self.rest.first() == Some(&b'>')
    }
}

/// A name as a browser knows it.
pub(super) fn lower(name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    if name.contains('\0') { name.replace('\0', "") } else { name }
}
