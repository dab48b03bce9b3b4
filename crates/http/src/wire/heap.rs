//! How much memory a body of JSON becomes once it is read, seen while it arrives.
//!
//! Few octets make many values: ten MiB of `{"":0}` would be a gigabyte of objects, of a body that has nothing wrong with its length. It is
//! an estimate from above, of what `serde_json` makes of structure; texts become what they are long, and count as the body does. What nests
//! deeper than is taken is refused before anything is made of it, and counts no more.

use memchr::memchr2;
use wardgraph_api::json::MAX_DEPTH;

/// An object: room for eleven members at once.
const OBJECT: usize = 640;
/// A list: room for four values at once.
const LIST: usize = 128;
/// One value more, or a member's name: 32 octets, in a list that may have twice the room, or an allotment of its own.
const NEXT: usize = 64;
/// How many octets of numbers are looked at together.
const BLOCK: usize = 64;

/// What the body so far becomes.
#[derive(Debug, Default)]
pub(super) struct Heap {
    bytes: usize,
    depth: usize,
    within: Within,
}

/// Where the next octet stands.
#[derive(Debug, Default, Clone, Copy)]
enum Within {
    #[default]
    Structure,
    Text,
    Escape,
}

impl Heap {
    /// Octets, without those of texts.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Sees the next piece, wherever it was cut.
    pub(super) fn see(&mut self, piece: &[u8]) {
        let mut rest = piece;
        while let Some((&byte, after)) = rest.split_first() {
            rest = after;
            self.within = match (self.within, byte) {
                (Within::Structure, b'"') | (Within::Escape, _) => Within::Text,
                (Within::Structure, b'-' | b'0'..=b'9') => {
                    rest = self.numbers(rest);
                    Within::Structure
                }
                (Within::Structure, byte) => {
                    self.structure(byte);
                    Within::Structure
                }
                (Within::Text, b'"') => Within::Structure,
                (Within::Text, b'\\') => Within::Escape,
                (Within::Text, _) => {
                    let end = memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
                    rest = rest.get(end..).unwrap_or_default();
                    Within::Text
                }
            };
        }
    }

    /// Sees what follows the beginning of a number, and gives what comes after. Vectors are long runs of numbers: where another value follows, whole
    /// blocks are counted at once.
    fn numbers<'a>(&mut self, rest: &'a [u8]) -> &'a [u8] {
        let digits = rest.iter().take_while(|byte| matches!(byte, b'0'..=b'9' | b'.')).count();
        let mut rest = rest.get(digits..).unwrap_or_default();
        if rest.first() != Some(&b',') {
            return rest;
        }
        while let Some((block, after)) = rest.split_first_chunk::<BLOCK>() {
            // Without an early end, so that the compiler makes vector instructions of it.
            let ends = block.iter().fold(false, |ends, byte| ends | matches!(byte, b'"' | b'[' | b']' | b'{' | b'}'));
            if ends {
                break;
            }
            let more: u8 = block.iter().map(|byte| u8::from(matches!(byte, b',' | b':'))).sum();
            self.add(usize::from(more) * NEXT);
            rest = after;
        }
        rest
    }

    const fn structure(&mut self, byte: u8) {
        match byte {
            b'{' | b'[' => self.depth = self.depth.saturating_add(1),
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        self.add(match byte {
            b'{' => OBJECT,
            b'[' => LIST,
            b',' | b':' => NEXT,
            _ => 0,
        });
    }

    const fn add(&mut self, room: usize) {
        if self.depth <= MAX_DEPTH {
            self.bytes = self.bytes.saturating_add(room);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn seen(text: &str, piece: usize) -> usize {
        let mut heap = Heap::default();
        text.as_bytes().chunks(piece).for_each(|piece| heap.see(piece));
        heap.bytes()
    }

    #[test]
    fn structure_is_counted_and_text_is_not_wherever_it_is_cut() {
        let text = r#"{"a": [1, "b,{[:\"\\", {"c\\": []}], "\\\"": "}{"}"#;
        let expected = 2 * OBJECT + 2 * LIST + 6 * NEXT;
        for piece in 1..text.len() {
            assert_eq!(seen(text, piece), expected, "in pieces of {piece}");
        }
        let numbers = format!(r#"{{"a": [{}0.25], "b": "{}"}}"#, "-1.5e-3, ".repeat(100), ",1".repeat(100));
        for piece in 1..numbers.len() {
            assert_eq!(seen(&numbers, piece), OBJECT + LIST + 103 * NEXT, "in pieces of {piece}");
        }
        assert_eq!(seen(&format!("\"{}\"", "[{,:\\\"".repeat(1_000)), 7), 0);
        assert_eq!(seen(&"[".repeat(1_000), 7), MAX_DEPTH * LIST, "no deeper than is taken");
        assert_eq!(seen(&format!("{}{}[]", "[".repeat(1_000), "]".repeat(1_000)), 7), (MAX_DEPTH + 1) * LIST);
    }

    /// What the allocator would be asked for, by the sizes of the standard library's lists and B-trees.
    fn becomes(value: &Value) -> usize {
        match value {
            Value::Array(items) => items.capacity() * size_of::<Value>() + items.iter().map(becomes).sum::<usize>(),
            Value::Object(members) => {
                let member = size_of::<String>() + size_of::<Value>();
                // Leaves are filled in order, and are split where eleven are too many: six stay.
                let leaves = if members.is_empty() { 0 } else { members.len().div_ceil(6).max(1) };
                let inner = leaves.saturating_sub(1);
                leaves * (11 * member + 16) + inner * 24 + members.values().map(becomes).sum::<usize>()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
        }
    }

    #[test]
    fn it_is_no_less_than_what_the_values_take() {
        let members: Vec<_> = (0..1_000).map(|number| format!("\"{number:04}\":0")).collect();
        for text in [
            format!("[{}]", vec!["0"; 4_097].join(",")),
            format!("[{}]", vec!["{\"\":0}"; 1_000].join(",")),
            format!("[{}]", vec!["[0]"; 1_000].join(",")),
            format!("[{}]", vec!["[]"; 1_025].join(",")),
            format!("[{}]", vec!["{}"; 1_025].join(",")),
            format!("{{{}}}", members.join(",")),
            format!("{}0{}", "[".repeat(60), "]".repeat(60)),
            format!("{}0{}", "{\"a\":".repeat(60), "}".repeat(60)),
        ] {
            let (seen, becomes) = (seen(&text, 1_000), becomes(&serde_json::from_str(&text).unwrap()));
            assert!(seen >= becomes, "{:?}: {seen} is less than {becomes}", text.get(..40));
        }
    }
}
