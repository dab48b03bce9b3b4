//! What of a node search reads.

use serde_json::{Map, Value};

/// How much of a node's text is kept for search, in bytes: past it nothing is indexed or embedded.
const MOST_BYTES: usize = 200_000;

/// The text of a node: `props.text`, else `title` and the other top-level texts in the order of their keys. `None` where there is none.
pub fn content(props: &Map<String, Value>) -> Option<String> {
    let text = |key: &str| props.get(key).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let mut content = text("text").map_or_else(
        || {
            let others = props.keys().filter(|key| !matches!(key.as_str(), "title" | "external_id"));
            text("title").into_iter().chain(others.filter_map(|key| text(key))).collect::<Vec<_>>().join("\n")
        },
        str::to_owned,
    );
    let end = content.floor_char_boundary(MOST_BYTES);
    content.truncate(end);
    (!content.is_empty()).then_some(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(props: &str, expected: Option<&str>) {
        let props: Map<String, Value> = serde_json::from_str(props).unwrap();
        assert_eq!(content(&props).as_deref(), expected, "{props:?}");
    }

    #[test]
    fn the_text_is_text_else_title_and_the_rest() {
        check(r#"{"text": " a ", "title": "b"}"#, Some("a"));
        check(r#"{"body": "c", "title": "b", "n": 1, "external_id": "x"}"#, Some("b\nc"));
        check(r#"{"text": "  ", "name": "d"}"#, Some("d"));
        check(r#"{"n": 1, "o": {"text": "hidden"}}"#, None);
        check("{}", None);
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let props = Map::from_iter([("text".to_owned(), Value::String("ä".repeat(200_000)))]);
        assert_eq!(content(&props).unwrap().len(), 200_000);
    }
}
