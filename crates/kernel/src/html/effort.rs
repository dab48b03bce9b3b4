//! How much work a sanitizer's parser has with a text, before it is given any.
//!
//! HTML's parser opens every formatting element anew that is still open when a block begins or ends, so that few tags make very many elements:
//! five hundred of `<b>` before five hundred of `<p>` make a quarter of a million. Which of them are still open is asked in the simplest way
//! that cannot be wrong: one counts as closed if nothing but text and some plain elements that are closed themselves stand between its tag and
//! its end tag, none of them with a `<` in it. All others count as open to the end.

use super::tag::lower;

/// A text of so many octets or fewer may take as much work as one of so many.
const LEAST_BYTES: usize = 512;
/// Steps of work for each octet of text. A step takes some ten nanoseconds.
const MOST_STEPS: usize = 128;
/// How many steps it takes to make an octet of an element anew.
const AGAIN: usize = 16;
/// So many pairs of character references take a step: each that begins has the text before it moved.
const PAIRS: usize = 1_024;
/// How many octets an element counts for at least.
const LEAST_ELEMENT_BYTES: usize = 32;
/// How often an end tag among others has elements made anew, by the "adoption agency" of HTML's parser.
const ADOPTED: usize = 8;
/// Deeper than this, what is open counts as open to the end: each that begins is compared with all that are open.
const MOST_OPEN: usize = 16;

/// Elements that are opened anew.
const FORMATTING: &[&str] = &["a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"];
/// Elements that change nothing of what is open, and have no end.
const EMPTY: &[&str] = &["br", "img", "wbr"];
/// Elements that leave nothing open behind them, if they end where they began.
const PLAIN: &[&str] = &[
    "span",
    "sub",
    "sup",
    "div",
    "p",
    "section",
    "article",
    "header",
    "footer",
    "main",
    "nav",
    "aside",
    "li",
    "ul",
    "ol",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "figure",
    "figcaption",
    "blockquote",
];

/// The work that a text is.
#[derive(Debug, Default)]
pub(super) struct Effort<'a> {
    /// The names of what is open, with the octets of their tags.
    open: Vec<(&'a [u8], usize)>,
    /// Where the last start tag ended.
    ended: usize,
    /// Tags, of beginnings, ends, comments and the like.
    tags: usize,
    /// The squares of the numbers of attributes: they are compared with each other.
    attributes: usize,
    /// Octets of formatting elements that are open to the end.
    octets: usize,
    /// How many formatting elements began or ended otherwise than in one place.
    astray: usize,
    /// Octets of those that are closed, once for each tag within them.
    within: usize,
}

impl<'a> Effort<'a> {
    /// A `<` at a place of the text that begins no start tag, with what follows it.
    pub(super) fn other(&mut self, at: usize, rest: &'a [u8]) {
        if !matches!(rest.first(), Some(b'/' | b'!' | b'?')) {
            // Text, unless it is within a tag.
            if at < self.ended {
                self.all_astray();
            }
            return;
        }
        self.tag();
        let name = rest.strip_prefix(b"/").unwrap_or_default();
        let end = name.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(name.len());
        let (name, rest) = name.split_at(end);
        let closes = self.open.last().is_some_and(|(open, _)| open.eq_ignore_ascii_case(name));
        if at >= self.ended && closes && rest.first() == Some(&b'>') {
            self.open.pop();
        } else {
            self.all_astray();
            self.astray += usize::from(is_one_of(FORMATTING, name));
        }
    }

    /// A start tag from `at` to `end` in the text, which has an end there or not.
    pub(super) fn start(&mut self, (at, end): (usize, usize), name: &'a [u8], attributes: usize, ends: bool) {
        self.tag();
        self.attributes = self.attributes.saturating_add(attributes.saturating_mul(attributes));
        if at < self.ended || self.open.len() >= MOST_OPEN {
            self.all_astray();
        }
        self.ended = self.ended.max(end);
        if is_one_of(FORMATTING, name) {
            self.open.push((name, (end - at).max(LEAST_ELEMENT_BYTES)));
        } else if is_one_of(PLAIN, name) {
            self.open.push((name, 0));
        } else if !is_one_of(EMPTY, name) {
            self.all_astray();
        }
        if !ends {
            self.all_astray();
        }
    }

    fn tag(&mut self) {
        self.tags += 1;
        self.within = self.within.saturating_add(self.open.iter().map(|(_, octets)| octets).sum());
    }

    fn all_astray(&mut self) {
        for (_, octets) in self.open.drain(..).filter(|(_, octets)| *octets > 0) {
            self.octets = self.octets.saturating_add(octets);
            self.astray += 1;
        }
    }

    /// How many tags there are.
    pub(super) const fn tags(&self) -> usize {
        self.tags
    }

    /// Whether it is more than the text may take.
    pub(super) fn takes_too_much(mut self, text: &str) -> bool {
        self.all_astray();
        let references = text.matches('&').count();
        let events = self.tags.saturating_add(self.astray.saturating_mul(ADOPTED));
        let again = self.octets.saturating_mul(events).saturating_add(self.within).saturating_mul(AGAIN);
        let pairs = references.saturating_mul(references) / PAIRS;
        let steps =
            self.tags.saturating_mul(self.tags).saturating_add(self.attributes).saturating_add(again).saturating_add(pairs);
        steps > text.len().max(LEAST_BYTES).saturating_mul(MOST_STEPS)
    }
}

fn is_one_of(names: &[&str], name: &[u8]) -> bool {
    name.len() < 16 && names.contains(&lower(name).as_str())
}
