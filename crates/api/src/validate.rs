//! Checks of what came in, before anything is done with it, with a message for each field.

use jiff::Timestamp;
use serde_json::{Map, Value};
use wardgraph_kernel::weight::weight;

use crate::{
    FieldError,
    json::step,
    wire::{misleads, unfit},
};

/// How deep props and the like may nest, their outermost object included.
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

    /// Checks a name that is to be kept: a text that shows what it is, without control characters, turned writing, HTML that runs, or the
    /// beginning of a tag.
    pub fn name(&mut self, field: &str, name: &str, least: usize, most: usize) {
        self.judged(field, name, (least, most), unfit);
    }

    /// Checks a name that is looked for: it may be that of something which was kept before the beginning of a tag was refused.
    pub fn asked_name(&mut self, field: &str, name: &str, least: usize, most: usize) {
        self.judged(field, name, (least, most), misleads);
    }

    fn judged(&mut self, field: &str, name: &str, (least, most): (usize, usize), judge: fn(&str) -> Option<&'static str>) {
        let length = name.chars().count();
        self.unless((least..=most).contains(&length), field, &format!("must have {least} to {most} characters"));
        if let Some(what) = judge(name) {
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

    /// Checks an object of the caller's own making that is to be kept: depth, keys, no NUL, weight. The first fault of its entries is told with
    /// its place. Its keys are names that are kept.
    pub fn object(&mut self, field: &str, object: &Map<String, Value>) {
        self.judged_object(field, object, Keys::Kept);
    }

    /// Checks an object that is merged into another (RFC 7396): whatever was kept can be removed.
    pub fn merged_object(&mut self, field: &str, object: &Map<String, Value>) {
        self.judged_object(field, object, Keys::Merged);
    }

    /// Checks an object that is looked for. Its keys are names that are looked for.
    pub fn asked_object(&mut self, field: &str, object: &Map<String, Value>) {
        self.judged_object(field, object, Keys::Asked);
    }

    /// Checks how much an object weighs.
    pub fn weighs(&mut self, field: &str, object: &Map<String, Value>) {
        self.unless(weight(object) <= MAX_WEIGHT_BYTES, field, "weighs more than 1 MiB (1,048,576 bytes), numbers written out");
    }

    fn judged_object(&mut self, field: &str, object: &Map<String, Value>, keys: Keys) {
        self.weighs(field, object);
        if let Err(misfit) = entries(object, MAX_DEPTH - 1, keys) {
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

/// What becomes of an object's keys.
#[derive(Debug, Clone, Copy)]
enum Keys {
    Kept,
    Merged,
    Asked,
}

impl Keys {
    /// What is wrong with a key that has this value.
    fn judge(self, key: &str, value: &Value) -> Option<&'static str> {
        match self {
            Self::Merged if value.is_null() => None,
            Self::Kept | Self::Merged => unfit(key),
            Self::Asked => misleads(key),
        }
    }

    /// Those of the objects in a list: a list is replaced, not merged.
    const fn listed(self) -> Self {
        match self {
            Self::Merged => Self::Kept,
            other => other,
        }
    }
}

/// How much of a key is told, in characters.
const TOLD: usize = 60;

/// A key as it may be shown anywhere: its beginning, with what is wrong in it written as JSON may write it.
fn spelled(key: &str) -> String {
    let plain = |c: char| c != '<' && c != '`' && misleads(c.encode_utf8(&mut [0; 4])).is_none();
    let spelled = |c: char| if plain(c) { c.to_string() } else { format!("\\u{:04x}", u32::from(c)) };
    let cut = if key.chars().nth(TOLD).is_some() { "..." } else { "" };
    key.chars().take(TOLD).map(spelled).collect::<String>() + cut
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

fn entries(object: &Map<String, Value>, depth: usize, keys: Keys) -> Result<(), Misfit> {
    for (key, value) in object {
        if key.len() > MAX_KEY_BYTES {
            return Err(Misfit::here(format!("has a key of more than {MAX_KEY_BYTES} bytes")));
        }
        if let Some(what) = keys.judge(key, value) {
            return Err(Misfit::here(format!("has a key with {what}: `{}`", spelled(key))));
        }
        nested(value, depth, keys).map_err(|misfit| misfit.below(key))?;
    }
    Ok(())
}

fn nested(value: &Value, depth: usize, keys: Keys) -> Result<(), Misfit> {
    let below = depth.checked_sub(1).ok_or_else(|| Misfit::here(format!("is nested more than {MAX_DEPTH} deep")));
    match value {
        Value::String(text) => storable(text),
        Value::Array(items) => below.and_then(|below| {
            let each = |(index, item): (usize, &Value)| {
                nested(item, below, keys.listed()).map_err(|misfit| misfit.below(index.to_string()))
            };
            items.iter().enumerate().try_for_each(each)
        }),
        Value::Object(object) => below.and_then(|below| entries(object, below, keys)),
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
        let (runs, turns) = ("HTML that runs", "characters that turn the direction of writing");
        let (controls, begins) = ("control characters or line ends", "a `<` that begins a tag which no `>` ends");
        for (json, place, what, key) in [
            (r#"{"a": [{"<img src=x onerror=x()>": 1}]}"#, "/props/a/0", runs, "\\u003cimg src=x onerror=x()>"),
            ("{\"user\u{202e}gpj\": 1}", "/props", turns, "user\\u202egpj"),
            (r#"{"a\nb": 1}"#, "/props", controls, "a\\u000ab"),
            (r#"{"b/~": {"\u0000": 1}}"#, "/props/b~1~0", controls, "\\u0000"),
            (r#"{"a": {"a<b": null}}"#, "/props/a", begins, "a\\u003cb"),
            (r#"{"<img ": "src=x onerror=x()>"}"#, "/props", begins, "\\u003cimg "),
        ] {
            check(json, Some((place, &format!("has a key with {what}: `{key}`"))));
        }
        let long = format!("has a key with {begins}: `{}...`", "k".repeat(60));
        check(&format!(r#"{{"{}<": 1}}"#, "k".repeat(200)), Some(("/props", &long)));
        check(r#"{"": 1, " a ": 1, "a<b && c>d": 1, "<b>x</b>": 1, "AT&T": 1, "é": 1, "🏴󠁧󠁢󠁥󠁮󠁧󠁿": 1}"#, None);
    }

    #[test]
    fn what_was_kept_is_found_and_removed() {
        type Check = fn(&mut Faults, &str, &Map<String, Value>);
        let refuses = |check: Check, json: &str| {
            let mut faults = Faults::default();
            check(&mut faults, "/props", &serde_json::from_str(json).unwrap());
            !faults.found.is_empty()
        };
        assert!(!refuses(Faults::asked_object, r#"{"a<b": 1, "c": [{"<": 1}]}"#));
        assert!(refuses(Faults::asked_object, r#"{"<script>": 1}"#));
        assert!(!refuses(Faults::merged_object, r#"{"a<b": null, "c": {"<script>": null}}"#));
        for kept in [r#"{"a<b": 1}"#, r#"{"a<b": {}}"#, r#"{"c": {"<": 1}}"#, r#"{"c": [{"<": null}]}"#] {
            assert!(refuses(Faults::merged_object, kept), "{kept}");
        }
    }

    #[test]
    fn objects_are_bounded_in_depth_and_keys() {
        check(r#"{"a": {"b": [1, null, "c"]}}"#, None);
        check(r#"{"a": ["x\u0000"]}"#, Some(("/props/a/0", "contains a NUL character")));
        check(&format!(r#"{{"{}": 1}}"#, "k".repeat(257)), Some(("/props", "has a key of more than 256 bytes")));
        check(&format!(r#"{{"a": {}{}}}"#, "[".repeat(31), "]".repeat(31)), None);
        let deep = format!("/props/a{}", "/0".repeat(31));
        check(&format!(r#"{{"a": {}{}}}"#, "[".repeat(32), "]".repeat(32)), Some((&deep, "is nested more than 32 deep")));
    }
}
