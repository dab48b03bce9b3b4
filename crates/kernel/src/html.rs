//! Active HTML: whether a text has what a browser would run.
//!
//! Looking for it may take too much for too little, never the other way round: every `<` before a letter counts as a tag, whatever stands
//! around it, since what is a comment to one parser is a tag to another.

/// More tags or attributes than this are not parsed: parsing may take quadratic time. The text's `<` are escaped instead.
const MOST_PARSED: usize = 1_000;
/// How many bytes of tags are looked at for each byte of text; more is hostile: tags within tags within tags.
const MOST_LOOKED: usize = 8;

/// Elements that run, load, redirect, submit, or change how what follows is parsed.
const ACTIVE: &[&str] = &[
    "script",
    "style",
    "iframe",
    "frame",
    "frameset",
    "object",
    "embed",
    "applet",
    "base",
    "link",
    "meta",
    "form",
    "svg",
    "math",
    "template",
    "noscript",
    "title",
    "textarea",
    "xmp",
    "noembed",
    "noframes",
    "plaintext",
    "portal",
    "fencedframe",
    "input",
    "button",
    "select",
    "isindex",
    "foreignobject",
    "image",
    "marquee",
    "dialog",
];

/// What was found in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// No active HTML.
    Nothing,
    /// Active HTML.
    Active,
    /// Active, or too much to tell.
    TooMuch,
}

/// Looks for active HTML in a text, in bounded time.
pub fn look(text: &str) -> Found {
    let bytes = text.as_bytes();
    let (mut tags, mut attributes, mut looked, mut active) = (0_usize, 0_usize, 0_usize, false);
    let most_looked = bytes.len().saturating_mul(MOST_LOOKED);
    let mut rest = bytes;
    while let Some(start) = rest.iter().position(|byte| *byte == b'<') {
        rest = rest.get(start + 1..).unwrap_or_default();
        if !rest.first().is_some_and(u8::is_ascii_alphabetic) {
            continue;
        }
        tags += 1;
        let mut tag = Tag { rest };
        let name = tag.name();
        active |= ACTIVE.contains(&name.as_str()) || has_namespace(&name);
        while let Some((name, value)) = tag.attribute() {
            attributes += 1;
            active |= is_active(&name, value);
        }
        looked += rest.len() - tag.rest.len();
        if looked > most_looked {
            return Found::TooMuch;
        }
    }
    match active {
        false => Found::Nothing,
        true if tags > MOST_PARSED || attributes > MOST_PARSED => Found::TooMuch,
        true => Found::Active,
    }
}

/// Whether a name belongs to another namespace, as `svg:script` does to XML. Markdown's `<https://example.com>` does not.
fn has_namespace(name: &str) -> bool {
    name.split_once(':').is_some_and(|(prefix, _)| !["http", "https", "mailto", "ftp", "tel"].contains(&prefix))
}

/// Words that are no event handlers, where prose looks like a tag: `a<b only if c=d`.
const WORDS: &[&str] =
    &["one", "ones", "once", "only", "onto", "online", "ongoing", "onset", "onward", "onwards", "onion", "onions", "ontology"];

/// Whether an attribute runs something: an event handler, or an address that is code.
fn is_active(name: &str, value: &[u8]) -> bool {
    let handler = name.len() > 2 && name.starts_with("on") && !WORDS.contains(&name);
    handler || matches!(name, "srcdoc" | "formaction") || is_code(value)
}

/// Whether a value is an address that runs, as a browser reads it: blanks and control characters do not count, and characters may be
/// spelled as references.
fn is_code(value: &[u8]) -> bool {
    if value.is_empty() {
        return false;
    }
    let value = String::from_utf8_lossy(value);
    // Old browsers quote with backticks.
    let counts = |c: &char| !c.is_whitespace() && !c.is_control() && *c != '`';
    let start: String = decoded(&value).filter(counts).take(24).collect();
    let start = start.to_ascii_lowercase();
    CODE.iter().any(|scheme| start.starts_with(scheme)) || start.strip_prefix("data:").is_some_and(|data| !is_picture(data))
}

/// Schemes whose addresses run.
const CODE: &[&str] = &["javascript:", "vbscript:", "livescript:"];

/// Whether what follows `data:` is of a kind that is painted and never run; one that goes on, as `png+xml` does, is another kind.
fn is_picture(data: &str) -> bool {
    ["image/png", "image/jpeg", "image/gif", "image/webp"]
        .iter()
        .any(|kind| data.strip_prefix(kind).is_some_and(|rest| rest.starts_with([';', ','])))
}

/// The characters of a value with its character references read, those that a scheme can be made of: no further than they are asked for,
/// since however many of them do not count, the scheme comes behind them.
fn decoded(value: &str) -> impl Iterator<Item = char> {
    let mut rest = value;
    std::iter::from_fn(move || {
        let mut chars = rest.chars();
        let next = chars.next()?;
        let (character, left) = if next == '&' { reference(chars.as_str()) } else { (None, chars.as_str()) };
        rest = left;
        Some(character.unwrap_or(next))
    })
}

/// One character reference and what follows it; nothing of it is used up where it is none.
fn reference(text: &str) -> (Option<char>, &str) {
    for (name, character) in [("colon;", ':'), ("Tab;", '\t'), ("NewLine;", '\n'), ("lpar;", '('), ("sol;", '/')] {
        if let Some(rest) = text.strip_prefix(name) {
            return (Some(character), rest);
        }
    }
    let Some(digits) = text.strip_prefix('#') else { return (None, text) };
    let (digits, radix) = digits.strip_prefix(['x', 'X']).map_or((digits, 10), |digits| (digits, 16));
    let end = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
    let (number, rest) = digits.split_at(end);
    let character = u32::from_str_radix(number, radix).ok().and_then(char::from_u32);
    match character {
        Some(_) => (character, rest.strip_prefix(';').unwrap_or(rest)),
        None => (None, text),
    }
}

/// A tag that is being read, from behind its `<`.
struct Tag<'a> {
    rest: &'a [u8],
}

impl<'a> Tag<'a> {
    fn take(&mut self, until: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.rest.iter().position(|byte| until(*byte)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    fn name(&mut self) -> String {
        lower(self.take(|byte| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>')))
    }

    /// The next attribute; `None` at the end of the tag.
    fn attribute(&mut self) -> Option<(String, &'a [u8])> {
        self.take(|byte| !(byte.is_ascii_whitespace() || byte == b'/'));
        if self.rest.first().is_none_or(|byte| *byte == b'>') {
            return None;
        }
        let (first, rest) = self.rest.split_at(1);
        self.rest = rest;
        let name = [first, self.take(|byte| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>' | b'='))].concat();
        self.take(|byte| !byte.is_ascii_whitespace());
        let Some(rest) = self.rest.strip_prefix(b"=") else { return Some((lower(&name), b"")) };
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
        Some((lower(&name), value))
    }
}

fn lower(name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    if name.contains('\0') { name.replace('\0', "") } else { name }
}
