//! Cleaning text from outside that may be shown: what a browser would run is taken out, and everything else stays as it is, byte for byte.
//!
//! A text without active HTML is not touched, so that `a < b`, `AT&T`, Markdown and code keep their form. One with active HTML is HTML by
//! that, and is given to the sanitizer as a whole. Names of members are not cleaned: one with active HTML is refused before it comes here.

use serde_json::{Map, Value};
use wardgraph_kernel::html::{Found, look};

/// Cleans every string of the object. Adds where it did to `cleaned`, as JSON Pointers below `place`.
pub(crate) fn object(object: &mut Map<String, Value>, place: &str, cleaned: &mut Vec<String>) {
    for (key, value) in object {
        if matches!(value, Value::String(_) | Value::Array(_) | Value::Object(_)) {
            within(value, &format!("{place}/{}", key.replace('~', "~0").replace('/', "~1")), cleaned);
        }
    }
}

/// As deep as the value, which is bounded.
fn within(value: &mut Value, place: &str, cleaned: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            if let Some(clean) = text_of(text) {
                *text = clean;
                cleaned.push(place.to_owned());
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                if matches!(item, Value::String(_) | Value::Array(_) | Value::Object(_)) {
                    within(item, &format!("{place}/{index}"), cleaned);
                }
            }
        }
        Value::Object(map) => object(map, place, cleaned),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The text without its active HTML; `None` where it has none.
fn text_of(text: &str) -> Option<String> {
    match look(text) {
        Found::Nothing => None,
        // What is left would be found again: the sanitizer lets a value quote a tag.
        Found::Active => Some(ammonia::clean(text)).filter(|clean| look(clean) == Found::Nothing).or_else(|| Some(escaped(text))),
        Found::TooMuch => Some(escaped(text)),
    }
}

fn escaped(text: &str) -> String {
    text.replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_active_html_stays_as_it_is() {
        for text in [
            "a < b && c > d",
            "AT&T &amp; \"quotes\" 'single'",
            "Vec<Option<T>> and i<j; x<<2",
            "# Markdown\n\n> quote\n\n[link](https://example.com) <https://example.com> <mailto:a@example.com> `<b>` <!-- note -->",
            "<p class=\"a\">Some <b>bold</b> <a href=\"https://example.com/?on=1&x=y\">text</a></p><br/>",
            "<img src=\"data:image/png;base64,AAAA\" alt='on = x'>",
            "if (a<b) turn on = true",
            "a<b only if c = d",
            "1 <2 <3 <= 4 </> <> < script>",
            "an onclick=x and javascript:alert(1) outside of any tag",
            "<",
            "",
        ] {
            assert_eq!(text_of(text), None, "{text}");
        }
    }

    #[test]
    fn what_a_browser_would_run_is_taken_out() {
        for (text, left) in [
            ("a<script>alert(1)</script>b", "ab"),
            ("<SCRIPT SRC=//x></SCRIPT>", ""),
            ("<b onclick=\"x()\">t</b>", "<b>t</b>"),
            ("<b/onclick=x()>t</b>", "<b>t</b>"),
            ("<iframe src=//x></iframe>t", "t"),
            ("<svg><animate onbegin=x></svg>", ""),
        ] {
            assert_eq!(text_of(text).as_deref(), Some(left), "{text}");
        }
        for text in [
            "<a href=\"javascript:x()\">t</a>",
            "<a href=' java\nscript:x()'>t</a>",
            "<a href=\"&#106;avascript:x()\">t</a>",
            "<a href=\"&#x6A;avascript&colon;x()\">t</a>",
            "<a href=\"jav&Tab;ascript:x()\">t</a>",
            "<a href=data:text/html,<x>>t</a>",
            "<title><!--</title><img src=x onerror=x()>-->",
            "<!--<img title=\"--><img src=x onerror=x()>\">",
            "<a title='<img src=x onerror=x()>'>t</a>",
            "<img src=x\u{0c}onerror=x()>",
            "<img src=x =onerror=x() onerror=x()>",
            "<b \"onclick=x onclick=x>",
            "<xmp><p title=\"</xmp><img src=x onerror=x()>\">",
            "<script",
            "<scr\0ipt>x()</script>",
            "<b on\0click=x()>",
            "<ScRiPt\u{0c}src=//x>",
            "<svg/onload=x()>",
            "<svg\u{0c}onload=x()",
            "<img src=x onerror=x() ",
            "<img src='x'onerror=x()>",
            "<img/src=\"x\"/onerror\n=\nx()>",
            "<img src=`x`onerror=x() onerror=x()>",
            "<a href=`javascript:x()`>t</a>",
            "<a\u{0c}href=javascript:x()>t</a>",
            "<a/href=JaVaScRiPt:x()>t</a>",
            "<a href = \u{0c}'\u{1}\u{b}javascript:x()'>t</a>",
            "<a href='\0java\0script:x()'>t</a>",
            "<a href='&#9javascript:x()'>t</a>",
            "<a href='jav&#x0Ascript:x()' onx=''>t</a>",
            "<a href='java&NewLine;script&#58x()'>t</a>",
            "<a href='&#X6a&#X61vascript:x()' >t</a>",
            "<a href='&#0000106avascript:x()'>t",
            "<a href='vbscript:x()'>t</a>",
            "<a href='data:image/svg+xml,x'>t</a>",
            "<a href='data:image/png+xml,x'>t</a>",
            "<a href='data&colon;text/html,x'>t</a>",
            "<body background=\"javascript:x()\">",
            "<video><source onerror=x()></video>",
            "<details open ontoggle=x()>",
            "<p/><p x=\"/><img src=1 onerror=x()>\">",
            "<![CDATA[<img src=x onerror=x()>]]>",
            "<?x <img src=x onerror=x()> ?>",
            "</p title=\"<img src=x onerror=x()>\">",
            "\u{feff}<x:script xmlns:x='http://www.w3.org/1999/xhtml'>x()</x:script>",
        ] {
            let clean = text_of(text).unwrap_or_else(|| panic!("nothing was seen of {text}"));
            assert_eq!(look(&clean), Found::Nothing, "{text} became {clean}");
        }
    }

    #[test]
    fn no_number_of_characters_that_do_not_count_hides_a_scheme() {
        for many in [513, 5_000, 100_000] {
            let (blanks, zeros, tabs, controls) =
                (" ".repeat(many), "0".repeat(many), "&Tab;".repeat(many), "\u{1}".repeat(many));
            for address in [
                format!("{blanks}javascript:alert(1)"),
                format!("&#x{zeros}6a;avascript:alert(1)"),
                format!("&#{zeros}106;avascript:alert(1)"),
                format!("java{blanks}script:alert(1)"),
                format!("java{tabs}script{controls}:alert(1)"),
                format!("{}javascript:alert(1)", "&#10".repeat(many)),
                format!("data:{blanks}text/html,x"),
            ] {
                let text = format!("<a href=\"{address}\">x</a>");
                let clean =
                    text_of(&text).unwrap_or_else(|| panic!("nothing was seen of {many} in {:.60}", address.trim_start()));
                assert_eq!(look(&clean), Found::Nothing);
                assert!(!clean.contains("<a href"), "{clean:.200}");
            }
        }
    }

    #[test]
    fn hostile_texts_take_bounded_time() {
        let begun = std::time::Instant::now();
        for piece in [
            "<",
            "<b ",
            "<a \"",
            "<b><i>",
            "<p><b a=\"<",
            "<svg ",
            "</",
            "&#",
            "<a a1 b2 c3 ",
            "<p onclick=x>",
            "<a href='&#1",
            "<a b='&#x00",
            "<a b=&Tab;",
        ] {
            let text = piece.repeat((1 << 17) / piece.len());
            if let Some(clean) = text_of(&text) {
                assert_eq!(look(&clean), Found::Nothing, "{piece}");
            }
        }
        assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
    }

    #[test]
    fn every_string_is_looked_at_and_told_by_its_pointer() {
        let bad = "<script>x</script>";
        let mut props = serde_json::json!({ "a": bad, "b/c~": [1, { "d": bad }], "e": "<b>", bad: 1 });
        let mut cleaned = Vec::new();
        object(props.as_object_mut().unwrap(), "/props", &mut cleaned);
        cleaned.sort();
        assert_eq!(cleaned, ["/props/a", "/props/b~1c~0/1/d"]);
        assert_eq!(props, serde_json::json!({ "a": "", "b/c~": [1, { "d": "" }], "e": "<b>", bad: 1 }));
    }
}
