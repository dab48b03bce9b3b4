//! What comes of a step.

use std::fmt::Display;

/// A step that went as it should.
#[derive(Debug)]
pub(super) struct Done<T = ()> {
    pub(super) value: T,
    /// What else is worth knowing, a line each.
    pub(super) notes: Vec<String>,
}

impl<T> Done<T> {
    pub(super) const fn new(value: T) -> Self {
        Self { value, notes: Vec::new() }
    }

    pub(super) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }
}

/// A step that did not.
#[derive(Debug)]
pub(super) enum Failed {
    /// Something else came than should have.
    Unexpected { expected: String, came: String },
    /// Somebody got what is not theirs.
    Leaked { expected: String, came: String },
}

impl Failed {
    pub(super) fn unexpected(expected: impl Into<String>, came: impl Display) -> Self {
        Self::Unexpected { expected: expected.into(), came: came.to_string() }
    }

    pub(super) fn leaked(expected: impl Into<String>, came: impl Display) -> Self {
        Self::Leaked { expected: expected.into(), came: came.to_string() }
    }
}

impl From<std::io::Error> for Failed {
    fn from(error: std::io::Error) -> Self {
        Self::unexpected("progress to be written", error)
    }
}

/// A number with its thousands apart.
pub(crate) fn grouped(number: impl Display) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place != 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (117_791, "117,791"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }
}
