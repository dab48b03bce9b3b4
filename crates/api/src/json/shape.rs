//! What is JSON, read as what an endpoint takes.

use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

use super::{Fault, step};

/// Reads an object out of a text that was checked: a body, or an item of a batch.
///
/// # Errors
/// The first [`Fault`].
pub fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T, Fault> {
    // serde would take a list for an object all of whose members may be absent.
    if text.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(Fault { pointer: String::new(), detail: "must be a JSON object".to_owned() });
    }
    // To keep track of the place costs as much as reading: only what is wrong is read for it, once more.
    let parsed = serde_json::from_slice(text)
        .or_else(|_| serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_slice(text)));
    parsed.map_err(|error| misfit(&error))
}

/// What is wrong with what is JSON and not what the endpoint takes.
pub fn misfit(error: &serde_path_to_error::Error<serde_json::Error>) -> Fault {
    let mut pointer = error.path().iter().fold(String::new(), |mut pointer, segment| {
        match segment {
            Segment::Seq { index } => step(&mut pointer, &index.to_string()),
            Segment::Map { key } => step(&mut pointer, key),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
        pointer
    });
    let detail = nameless(&placeless(error.inner()));
    if let Some(member) = missing(&detail) {
        step(&mut pointer, member);
    }
    Fault { pointer, detail }
}

/// The member that is missing, which serde tells of the object that lacks it.
fn missing(detail: &str) -> Option<&str> {
    detail.strip_prefix("missing field `")?.strip_suffix('`')
}

/// What is wrong, without the line and column that end it where it was read from text: a pointer says where.
fn placeless(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&place).map(str::to_owned).unwrap_or(text)
}

/// What serde says of it without the name of the type that it expected: clients know it by no such name.
pub fn nameless(message: &str) -> String {
    match message.split_once("expected struct ") {
        Some((before, after)) => {
            let rest = after.find(' ').and_then(|end| after.get(end..)).unwrap_or_default();
            format!("{before}expected an object{rest}")
        }
        None => message.to_owned(),
    }
}
