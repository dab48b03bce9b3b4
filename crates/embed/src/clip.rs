//! Texts of any size come in; a model reads only the start of one.

/// The longest start of `text` within `max_bytes` that ends between two characters.
///
/// Tokenizing costs time and memory in proportion to the text, several times its size: cutting after it would be late.
pub(crate) fn clip(text: &str, max_bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(max_bytes)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::clip;

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(clip("naïve", 3), "na");
        assert_eq!(clip("naïve", 4), "naï");
        assert_eq!(clip("naïve", 100), "naïve");
    }
}
