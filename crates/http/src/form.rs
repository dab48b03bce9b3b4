//! The fields of a form, as browsers send them (the URL standard's `application/x-www-form-urlencoded`), and nothing that could be read otherwise.

use http::{HeaderMap, header};
use percent_encoding::percent_decode;
use wardgraph_api::Problem;

/// The most fields.
const MOST: usize = 200;

/// The fields of a form's body.
///
/// # Errors
/// 400 for another kind of body, or one that is not written as browsers write it.
pub(crate) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Vec<(String, String)>, Problem> {
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim();
    if !media.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(Problem::malformed("the body must be a form's fields"));
    }
    fields(body).ok_or_else(|| Problem::malformed("the form's fields cannot be read"))
}

/// The fields of a body; `None` if it is not written as browsers write it.
pub(crate) fn fields(body: &[u8]) -> Option<Vec<(String, String)>> {
    let mut fields = Vec::new();
    for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        let middle = pair.iter().position(|byte| *byte == b'=')?;
        let (name, text) = pair.split_at_checked(middle)?;
        fields.push((plain(name)?, plain(text.get(1..)?)?));
    }
    (fields.len() <= MOST).then_some(fields)
}

/// A text as it was meant; `None` if it is not written as browsers write it.
pub(crate) fn plain(written: &[u8]) -> Option<String> {
    let spaced: Vec<u8> = written.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    let whole = spaced.iter().enumerate().filter(|(_, byte)| **byte == b'%');
    let complete =
        |(at, _): (usize, &u8)| spaced.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
    if !whole.into_iter().all(complete) {
        return None;
    }
    String::from_utf8(percent_decode(&spaced).collect()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_browsers_write_them_or_not_at_all() {
        let read = |text: &str| fields(text.as_bytes());
        let pair = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        assert_eq!(read("a=1&b=x+y%2B%C3%A9&c=").unwrap(), [pair("a", "1"), pair("b", "x y+é"), pair("c", "")]);
        assert_eq!(read("").unwrap(), []);
        assert_eq!(read("a=b=c").unwrap(), [pair("a", "b=c")]);
        for bad in ["a", "a=%", "a=%4", "a=%zz", "a=%ff", "a=%C3", &"a=1&".repeat(201)] {
            assert!(read(bad).is_none(), "{bad}");
        }
    }
}
