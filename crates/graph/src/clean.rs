//! Cleaning text from outside that may be shown: what a browser would run is taken out, and everything else stays as it is, byte for byte.
//!
//! A text without active HTML is not touched, so that `a < b`, `AT&T`, Markdown and code keep their form. One with active HTML is HTML by
//! that, and is given to the sanitizer as a whole. Looking for it may take too much for too little, never the other way round: every `<`
//! before a letter counts as a tag, whatever stands around it, since what is a comment to one parser is a tag to another.

use serde_json::{Map, Value};

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

/// Cleans every string of the object. Adds where it did to `cleaned`, as JSON Pointers below `place`.
pub(crate) fn object(object: &mut Map<String, Value>, place: &str, cleaned: &mut Vec<String>) {
    for (key, value) in object {
        if matches!(value, Value::String(_) | Value::Array(_) | Value::Object(_)) {
            within(value, &format!("{place}/{}", key.replace('~', "~0").replace('/', "~1")), cleaned);
        }
    }
}

/// As deep as the value, which is bounded.
fn within(value: &mut Value, place: &str, cleaned: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            if let Some(clean) = text_of(text) {
                *text = clean;
                cleaned.push(place.to_owned());
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                if matches!(item, Value::String(_) | Value::Array(_) | Value::Object(_)) {
                    within(item, &format!("{place}/{index}"), cleaned);
                }
            }
        }
        Value::Object(map) => object(map, place, cleaned),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The text without its active HTML; `None` where it has none.
fn text_of(text: &str) -> Option<String> {
    match look(text) {
        Found::Nothing => None,
        // What is left would be found again: the sanitizer lets a value quote a tag.
        Found::Active => Some(ammonia::clean(text)).filter(|clean| look(clean) == Found::Nothing).or_else(|| Some(escaped(text))),
        Found::TooMuch => Some(escaped(text)),
    }
}

fn escaped(text: &str) -> String {
    text.replace('<', "&lt;")
}

#[derive(Debug, PartialEq, Eq)]
enum Found {
    Nothing,
    Active,
    /// Active, or too much to tell.
    TooMuch,
}

fn look(text: &str) -> Found {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_active_html_stays_as_it_is() {
        for text in [
            "a < b && c > d",
            "AT&T &amp; \"quotes\" 'single'",
            "Vec<Option<T>> and i<j; x<<2",
            "# Markdown\n\n> quote\n\n[link](https://example.com) <https://example.com> <mailto:a@example.com> `<b>` <!-- note -->",
            "<p class=\"a\">Some <b>bold</b> <a href=\"https://example.com/?on=1&x=y\">text</a></p><br/>",
            "<img src=\"data:image/png;base64,AAAA\" alt='on = x'>",
            "if (a<b) turn on = true",
            "a<b only if c = d",
            "1 <2 <3 <= 4 </> <> < script>",
            "an onclick=x and javascript:alert(1) outside of any tag",
            "<",
            "",
        ] {
            assert_eq!(text_of(text), None, "{text}");
        }
    }

    #[test]
    fn what_a_browser_would_run_is_taken_out() {
        for (text, left) in [
            ("a<script>alert(1)</script>b", "ab"),
            ("<SCRIPT SRC=//x></SCRIPT>", ""),
            ("<b onclick=\"x()\">t</b>", "<b>t</b>"),
            ("<b/onclick=x()>t</b>", "<b>t</b>"),
            ("<iframe src=//x></iframe>t", "t"),
            ("<svg><animate onbegin=x></svg>", ""),
        ] {
            assert_eq!(text_of(text).as_deref(), Some(left), "{text}");
        }
        for text in [
            "<a href=\"javascript:x()\">t</a>",
            "<a href=' java\nscript:x()'>t</a>",
            "<a href=\"&#106;avascript:x()\">t</a>",
            "<a href=\"&#x6A;avascript&colon;x()\">t</a>",
            "<a href=\"jav&Tab;ascript:x()\">t</a>",
            "<a href=data:text/html,<x>>t</a>",
            "<title><!--</title><img src=x onerror=x()>-->",
            "<!--<img title=\"--><img src=x onerror=x()>\">",
            "<a title='<img src=x onerror=x()>'>t</a>",
            "<img src=x\u{0c}onerror=x()>",
            "<img src=x =onerror=x() onerror=x()>",
            "<b \"onclick=x onclick=x>",
            "<xmp><p title=\"</xmp><img src=x onerror=x()>\">",
            "<script",
            "<scr\0ipt>x()</script>",
            "<b on\0click=x()>",
            "<ScRiPt\u{0c}src=//x>",
            "<svg/onload=x()>",
            "<svg\u{0c}onload=x()",
            "<img src=x onerror=x() ",
            "<img src='x'onerror=x()>",
            "<img/src=\"x\"/onerror\n=\nx()>",
            "<img src=`x`onerror=x() onerror=x()>",
            "<a href=`javascript:x()`>t</a>",
            "<a\u{0c}href=javascript:x()>t</a>",
            "<a/href=JaVaScRiPt:x()>t</a>",
            "<a href = \u{0c}'\u{1}\u{b}javascript:x()'>t</a>",
            "<a href='\0java\0script:x()'>t</a>",
            "<a href='&#9javascript:x()'>t</a>",
            "<a href='jav&#x0Ascript:x()' onx=''>t</a>",
            "<a href='java&NewLine;script&#58x()'>t</a>",
            "<a href='&#X6a&#X61vascript:x()' >t</a>",
            "<a href='&#0000106avascript:x()'>t",
            "<a href='vbscript:x()'>t</a>",
            "<a href='data:image/svg+xml,x'>t</a>",
            "<a href='data:image/png+xml,x'>t</a>",
            "<a href='data&colon;text/html,x'>t</a>",
            "<body background=\"javascript:x()\">",
            "<video><source onerror=x()></video>",
            "<details open ontoggle=x()>",
            "<p/><p x=\"/><img src=1 onerror=x()>\">",
            "<![CDATA[<img src=x onerror=x()>]]>",
            "<?x <img src=x onerror=x()> ?>",
            "</p title=\"<img src=x onerror=x()>\">",
            "\u{feff}<x:script xmlns:x='http://www.w3.org/1999/xhtml'>x()</x:script>",
        ] {
            let clean = text_of(text).unwrap_or_else(|| panic!("nothing was seen of {text}"));
            assert_eq!(look(&clean), Found::Nothing, "{text} became {clean}");
        }
    }

    #[test]
    fn no_number_of_characters_that_do_not_count_hides_a_scheme() {
        for many in [513, 5_000, 100_000] {
            let (blanks, zeros, tabs, controls) =
                (" ".repeat(many), "0".repeat(many), "&Tab;".repeat(many), "\u{1}".repeat(many));
            for address in [
                format!("{blanks}javascript:alert(1)"),
                format!("&#x{zeros}6a;avascript:alert(1)"),
                format!("&#{zeros}106;avascript:alert(1)"),
                format!("java{blanks}script:alert(1)"),
                format!("java{tabs}script{controls}:alert(1)"),
                format!("{}javascript:alert(1)", "&#10".repeat(many)),
                format!("data:{blanks}text/html,x"),
            ] {
                let text = format!("<a href=\"{address}\">x</a>");
                let clean =
                    text_of(&text).unwrap_or_else(|| panic!("nothing was seen of {many} in {:.60}", address.trim_start()));
                assert_eq!(look(&clean), Found::Nothing);
                assert!(!clean.contains("<a href"), "{clean:.200}");
            }
        }
    }

    #[test]
    fn hostile_texts_take_bounded_time() {
        let begun = std::time::Instant::now();
        for piece in [
            "<",
            "<b ",
            "<a \"",
            "<b><i>",
            "<p><b a=\"<",
            "<svg ",
            "</",
            "&#",
            "<a a1 b2 c3 ",
            "<p onclick=x>",
            "<a href='&#1",
            "<a b='&#x00",
            "<a b=&Tab;",
        ] {
            let text = piece.repeat((1 << 17) / piece.len());
            if let Some(clean) = text_of(&text) {
                assert_eq!(look(&clean), Found::Nothing, "{piece}");
            }
        }
        assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
    }

    #[test]
    fn every_string_is_looked_at_and_told_by_its_pointer() {
        let bad = "<script>x</script>";
        let mut props = serde_json::json!({ "a": bad, "b/c~": [1, { "d": bad }], "e": "<b>", bad: 1 });
        let mut cleaned = Vec::new();
        object(props.as_object_mut().unwrap(), "/props", &mut cleaned);
        cleaned.sort();
        assert_eq!(cleaned, ["/props/a", "/props/b~1c~0/1/d"]);
        assert_eq!(props, serde_json::json!({ "a": "", "b/c~": [1, { "d": "" }], "e": "<b>", bad: 1 }));
    }
}
