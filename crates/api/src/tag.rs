//! Entity tags (RFC 9110, section 8.8.3): which version of a thing is shown, and in which state.

use crate::wire::node::EmbeddingStatus;

/// What has versions, told by `ETag` (RFC 9110, section 8.8.3).
pub trait Versioned {
    /// The version, from 1.
    fn version(&self) -> i32;

    /// What is shown besides and changes without a version, if that is one of [`STATES`].
    fn state(&self) -> Option<&'static str> {
        None
    }

    /// The version and the state as an entity tag, with its quotes: where either is another, so is the tag.
    fn etag(&self) -> String {
        match self.state() {
            Some(state) => format!("\"{}-{state}\"", self.version()),
            None => format!("\"{}\"", self.version()),
        }
    }
}

/// The states that stand in tags, after the version.
pub const STATES: [&str; 2] = [EmbeddingStatus::Ready.word(), EmbeddingStatus::Failed.word()];

/// The version that a tag is of, without its quotes and whatever its state: `None` for one that is not written as ours are. Tags are compared octet by
/// octet (RFC 9110, section 8.8.3.2): neither `01` nor `+1` is one of ours.
pub fn version_of(tag: &[u8]) -> Option<i32> {
    let text = std::str::from_utf8(tag).ok()?;
    let number = text.split_once('-').filter(|(_, state)| STATES.contains(state)).map_or(text, |(number, _)| number);
    number.parse().ok().filter(|version: &i32| version.to_string() == number)
}
