//! Checks of what came in, before anything is done with it, with a message for each field.

use jiff::Timestamp;
use serde_json::{Map, Value};
use wardgraph_kernel::weight::weight;

use crate::{FieldError, json::step, wire::misleads};

/// How deep props and the like may nest.
pub const MAX_DEPTH: usize = 32;
/// How long a key of props and the like may be, in bytes.
pub const MAX_KEY_BYTES: usize = 256;

/// How much props and the like may weigh each, in bytes, with numbers written out as Postgres gives them back.
pub const MAX_WEIGHT_BYTES: usize = 1 << 20;

/// Years before it are spelled in ways that Postgres does not read.
const YEAR_1: Timestamp = Timestamp::constant(-62_135_596_800, 0);

/// What came in and can be checked by itself.
pub trait Validate {
    /// Writes down everything that is wrong.
    fn validate(&self, faults: &mut Faults);
}

/// What is wrong, field by field; at most 20 are kept.
#[derive(Debug, Default)]
pub struct Faults {
    prefix: String,
    found: Vec<FieldError>,
}

impl Faults {
    const MOST: usize = 20;

    /// Everything that is wrong with `value`.
    pub fn of(value: &impl Validate) -> Vec<FieldError> {
        Self::below(String::new(), value)
    }

    /// Everything that is wrong with `value`, which stands at `place` in the body: an item of a batch.
    pub fn below(place: String, value: &impl Validate) -> Vec<FieldError> {
        let mut faults = Self { prefix: place, found: Vec::new() };
        value.validate(&mut faults);
        faults.found
    }

    /// Writes down a fault of `field`, a pointer below the current place.
    pub fn add(&mut self, field: &str, detail: impl Into<String>) {
        if self.found.len() < Self::MOST {
            self.found.push(FieldError::new(format!("{}{field}", self.prefix), detail));
        }
    }

    /// Writes down a fault unless `holds`.
    pub fn unless(&mut self, holds: bool, field: &str, detail: &str) {
        if !holds {
            self.add(field, detail);
        }
    }

    /// Checks a text: `least` to `most` characters, and no NUL, which Postgres cannot hold.
    pub fn text(&mut self, field: &str, text: &str, least: usize, most: usize) {
        let length = text.chars().count();
        self.unless((least..=most).contains(&length), field, &format!("must have {least} to {most} characters"));
        self.unless(!text.contains('\0'), field, "must not contain a NUL character");
    }

    /// Checks a name: a text that shows what it is, without control characters, turned writing, or HTML that runs.
    pub fn name(&mut self, field: &str, name: &str, least: usize, most: usize) {
        let length = name.chars().count();
        self.unless((least..=most).contains(&length), field, &format!("must have {least} to {most} characters"));
        if let Some(what) = misleads(name) {
            self.add(field, format!("must not contain {what}"));
        }
    }

    /// Checks a time that nodes are compared with.
    pub fn year(&mut self, field: &str, time: Option<Timestamp>) {
        self.unless(time.is_none_or(|time| time >= YEAR_1), field, "must not lie before the year 1");
    }

    /// Checks an address: none that a browser would run, as a browser reads it: blanks and control characters do not count.
    pub fn inert(&mut self, field: &str, address: &str) {
        let start: String = address.chars().filter(|c| !c.is_whitespace() && !c.is_control()).take(16).collect();
        let start = start.to_ascii_lowercase();
        let runs = ["javascript:", "vbscript:", "livescript:", "data:"].iter().any(|scheme| start.starts_with(scheme));
        self.unless(!runs, field, "must not be an address that runs: `javascript:`, `vbscript:` or `data:`");
    }

    /// Checks an object of the caller's own making: depth, keys, no NUL, weight. The first fault of its entries is told with its place.
    pub fn object(&mut self, field: &str, object: &Map<String, Value>) {
        self.unless(weight(object) <= MAX_WEIGHT_BYTES, field, "weighs more than 1 MiB, numbers written out");
        if let Err(misfit) = entries(object, MAX_DEPTH) {
            let mut place = String::new();
            misfit.steps.iter().rev().for_each(|name| step(&mut place, name));
            // A parameter of a query has a name and no place within.
            match (field.starts_with('/'), place.as_str()) {
                (true, _) => self.add(&format!("{field}{place}"), misfit.detail),
                (false, "") => self.add(field, misfit.detail),
                (false, place) => self.add(field, format!("{} at {place}", misfit.detail)),
            }
        }
    }
}

/// What cannot be kept, and where: the innermost step first.
struct Misfit {
    steps: Vec<String>,
    detail: String,
}

impl Misfit {
    fn here(detail: impl Into<String>) -> Self {
        Self { steps: Vec::new(), detail: detail.into() }
    }

    fn below(mut self, step: impl Into<String>) -> Self {
        self.steps.push(step.into());
        self
    }
}

fn entries(object: &Map<String, Value>, depth: usize) -> Result<(), Misfit> {
    for (key, value) in object {
        if key.len() > MAX_KEY_BYTES {
            return Err(Misfit::here(format!("has a key of more than {MAX_KEY_BYTES} bytes")));
        }
        if let Some(what) = misleads(key) {
            return Err(Misfit::here(format!("has a key with {what}")));
        }
        nested(value, depth).map_err(|misfit| misfit.below(key))?;
    }
    Ok(())
}

fn nested(value: &Value, depth: usize) -> Result<(), Misfit> {
    let below = depth.checked_sub(1).ok_or_else(|| Misfit::here(format!("is nested more than {MAX_DEPTH} deep")));
    match value {
        Value::String(text) => storable(text),
        Value::Array(items) => below.and_then(|below| {
            let each = |(index, item): (usize, &Value)| nested(item, below).map_err(|misfit| misfit.below(index.to_string()));
            items.iter().enumerate().try_for_each(each)
        }),
        Value::Object(object) => below.and_then(|below| entries(object, below)),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

fn storable(text: &str) -> Result<(), Misfit> {
    if text.contains('\0') { Err(Misfit::here("contains a NUL character")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, fault: Option<(&str, &str)>) {
        let object: Map<String, Value> = serde_json::from_str(json).unwrap();
        let mut faults = Faults::default();
        faults.object("/props", &object);
        let found = faults.found.first().map(|error| (error.field.as_str(), error.detail.as_str()));
        assert_eq!(found, fault, "{json}");
    }

    #[test]
    fn an_address_that_runs_is_refused_however_it_is_spelled() {
        let found = |address: &str| {
            let mut faults = Faults::default();
            faults.inert("/payload_ref", address);
            faults.found.len()
        };
        for runs in [
            "javascript:x()",
            " JavaScript:x()",
            "java\nscript\t:x()",
            "\u{1}vbscript:x",
            "data:text/html,x",
            &format!("{}data:x", " ".repeat(400)),
        ] {
            assert_eq!(found(runs), 1, "{runs}");
        }
        for inert in ["https://example.com/javascript:", "s3://bucket/data:x", "file:///a", "a/b.txt", "javascript", ""] {
            assert_eq!(found(inert), 0, "{inert}");
        }
    }

    #[test]
    fn keys_are_names_that_mislead_nobody() {
        check(r#"{"a": [{"<img src=x onerror=x()>": 1}]}"#, Some(("/props/a/0", "has a key with HTML that runs")));
        check("{\"user\u{202e}gpj\": 1}", Some(("/props", "has a key with characters that turn the direction of writing")));
        check(r#"{"a\nb": 1}"#, Some(("/props", "has a key with control characters or line ends")));
        check(r#"{"": 1, " a ": 1, "a<b && c>d": 1, "<b>x</b>": 1, "AT&T": 1, "é": 1, "🏴󠁧󠁢󠁥󠁮󠁧󠁿": 1}"#, None);
    }

    #[test]
    fn objects_are_bounded_in_depth_and_keys() {
        check(r#"{"a": {"b": [1, null, "c"]}}"#, None);
        check(r#"{"a": ["x\u0000"]}"#, Some(("/props/a/0", "contains a NUL character")));
        check(r#"{"b/~": {"\u0000": 1}}"#, Some(("/props/b~1~0", "has a key with control characters or line ends")));
        check(&format!(r#"{{"{}": 1}}"#, "k".repeat(257)), Some(("/props", "has a key of more than 256 bytes")));
        check(&format!(r#"{{"a": {}{}}}"#, "[".repeat(32), "]".repeat(32)), None);
        let deep = format!("/props/a{}", "/0".repeat(32));
        check(&format!(r#"{{"a": {}{}}}"#, "[".repeat(33), "]".repeat(33)), Some((&deep, "is nested more than 32 deep")));
    }
}
