//! Active HTML: whether a text has what a browser would run.
//!
//! Looking for it may take too much for too little, never the other way round: every `<` before a letter counts as a tag, whatever stands
//! around it, since what is a comment to one parser is a tag to another.

mod address;
mod effort;
mod tag;

use self::{
    address::is_code,
    effort::Effort,
    tag::{Tag, lower},
};

/// More tags or attributes than this are not parsed, nor what else would take long. The text's `<` are escaped instead.
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
    /// Active, or too much to tell, or too much to be parsed.
    TooMuch,
}

/// Looks for active HTML in a text, in bounded time.
pub fn look(text: &str) -> Found {
    let bytes = text.as_bytes();
    let (mut attributes, mut active, mut effort) = (0_usize, false, Effort::default());
    let mut left = bytes.len().saturating_mul(MOST_LOOKED);
    for (at, _) in text.match_indices('<') {
        let rest = bytes.get(at + 1..).unwrap_or_default();
        if !rest.first().is_some_and(u8::is_ascii_alphabetic) {
            effort.other(at, rest);
            continue;
        }
        let mut tag = Tag { rest };
        let name = tag.name();
        active |= is_active_element(name);
        let before = attributes;
        while let Some((name, value)) = tag.attribute() {
            attributes += 1;
            active |= is_active(name, value);
        }
        let looked = rest.len() - tag.rest.len();
        effort.start((at, at + 1 + looked), name, attributes - before, tag.ends());
        let Some(still) = left.checked_sub(looked) else { return Found::TooMuch };
        left = still;
    }
    match active {
        false => Found::Nothing,
        true if effort.tags() > MOST_PARSED || attributes > MOST_PARSED || effort.takes_too_much(text) => Found::TooMuch,
        true => Found::Active,
    }
}

/// The text with every `<` escaped whose tag does not end where the text does, so that nothing which is shown behind it becomes part of the tag;
/// `None` where all tags end. In bounded time: where it would take longer, every `<` is escaped.
pub fn ended(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let (mut open, mut left) = (Vec::new(), bytes.len().saturating_mul(MOST_LOOKED));
    for (at, _) in text.match_indices('<') {
        let rest = bytes.get(at + 1..).unwrap_or_default();
        let name = rest.strip_prefix(b"/").unwrap_or(rest);
        if !name.first().is_none_or(u8::is_ascii_alphabetic) {
            continue;
        }
        let mut tag = Tag { rest: name };
        tag.name();
        while tag.attribute().is_some() {}
        if !tag.ends() {
            open.push(at);
        }
        let Some(still) = left.checked_sub(name.len() - tag.rest.len()) else { return Some(escaped(text)) };
        left = still;
    }
    if open.is_empty() {
        return None;
    }
    let (mut ended, mut begin) = (String::with_capacity(text.len() + 3 * open.len()), 0);
    for at in open {
        ended.push_str(text.get(begin..at).unwrap_or_default());
        ended.push_str("&lt;");
        begin = at + 1;
    }
    ended.push_str(text.get(begin..).unwrap_or_default());
    Some(ended)
}

/// The text with every `<` escaped.
pub fn escaped(text: &str) -> String {
    text.replace('<', "&lt;")
}

/// Whether an element of this name is active.
fn is_active_element(name: &[u8]) -> bool {
    let name = lower(name);
    ACTIVE.contains(&name.as_str()) || has_namespace(&name)
}

/// Whether a name belongs to another namespace, as `svg:script` does to XML. Markdown's `<https://example.com>` does not.
fn has_namespace(name: &str) -> bool {
    name.split_once(':').is_some_and(|(prefix, _)| !["http", "https", "mailto", "ftp", "tel"].contains(&prefix))
}

/// Words that are no event handlers, where prose looks like a tag: `a<b only if c=d`.
const WORDS: &[&str] =
    &["one", "ones", "once", "only", "onto", "online", "ongoing", "onset", "onward", "onwards", "onion", "onions", "ontology"];

/// Whether an attribute runs something: an event handler, an address that is code, or a style, which lays an element over the page, fetches what it
/// names, and was code to old browsers.
fn is_active(name: &[u8], value: &[u8]) -> bool {
    // None other names an attribute that runs by itself.
    let may_run = name.first().is_some_and(|first| matches!(first, b'o' | b'O' | b's' | b'S' | b'f' | b'F' | b'\0'));
    (may_run && runs(&lower(name), value)) || is_code(value)
}

fn runs(name: &str, value: &[u8]) -> bool {
    let handler = name.len() > 2 && name.starts_with("on") && !WORDS.contains(&name);
    // Prose has the word, without a value: `a<b style`.
    handler || matches!(name, "srcdoc" | "formaction") || (name == "style" && !value.is_empty())
}
