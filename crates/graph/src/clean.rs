//! Cleaning text from outside that may be shown: what a browser would run is taken out, and everything else stays as it is, byte for byte.
//!
//! A text without active HTML is not touched, so that `a < b`, `AT&T`, Markdown and code keep their form. One with active HTML is HTML by
//! that, and is given to the sanitizer as a whole. A tag that does not end with its
//! text has its `<` escaped, so that no two texts that are shown beside each other make a tag. Names of members are not cleaned: one with active HTML is refused before it comes here.

use serde_json::{Map, Value};
use wardgraph_kernel::html::{Found, ended, escaped, look};

/// How many octets the pointers to what was cleaned in one object have together.
const MOST_TOLD_BYTES: usize = 4 << 10;
/// How many octets a sanitized text has for each octet of the text, and how many more; one that grew beyond is escaped instead.
const MOST_GROWN: (usize, usize) = (2, 256);

/// Cleans every string of the object. Adds where it did to `cleaned`, as JSON Pointers below `place`; beyond some of them, `place` stands for
/// all others.
pub(crate) fn object(object: &mut Map<String, Value>, place: &str, cleaned: &mut Vec<String>) {
    members(object, &Step::Start, &mut Told { place, cleaned, left: MOST_TOLD_BYTES, is_full: false });
}

/// Whether there is nothing in the objects that cleaning would look at twice. No more than so many octets are looked at: an object with more
/// is not plain.
pub(crate) fn is_plain<'a>(mut objects: impl Iterator<Item = &'a Map<String, Value>>, most_bytes: usize) -> bool {
    let mut left = most_bytes;
    objects.all(|object| is_plain_object(object, &mut left))
}

fn is_plain_object(object: &Map<String, Value>, left: &mut usize) -> bool {
    object.iter().all(|(key, value)| is_plain_text(key, left) && is_plain_value(value, left))
}

/// As deep as the value, which is bounded.
fn is_plain_value(value: &Value, left: &mut usize) -> bool {
    match value {
        Value::String(text) => is_plain_text(text, left),
        Value::Array(items) => items.iter().all(|item| is_plain_value(item, left)),
        Value::Object(object) => is_plain_object(object, left),
        Value::Null | Value::Bool(_) | Value::Number(_) => is_plain_text("", left),
    }
}

fn is_plain_text(text: &str, left: &mut usize) -> bool {
    let enough = left.checked_sub(text.len().saturating_add(1));
    *left = enough.unwrap_or_default();
    enough.is_some() && !text.contains('<')
}

/// A way into an object.
enum Step<'a> {
    Start,
    Member(&'a Self, &'a str),
    Entry(&'a Self, usize),
}

/// Where something was cleaned.
struct Told<'a> {
    place: &'a str,
    cleaned: &'a mut Vec<String>,
    left: usize,
    is_full: bool,
}

impl Told<'_> {
    fn add(&mut self, step: &Step<'_>) {
        if self.is_full {
            return;
        }
        let mut pointer = self.place.to_owned();
        step.write(&mut pointer);
        if let Some(left) = self.left.checked_sub(pointer.len()) {
            self.left = left;
        } else {
            self.is_full = true;
            self.place.clone_into(&mut pointer);
        }
        self.cleaned.push(pointer);
    }
}

impl Step<'_> {
    fn write(&self, pointer: &mut String) {
        let (before, name) = match self {
            Self::Start => return,
            Self::Member(before, key) => (before, key.replace('~', "~0").replace('/', "~1")),
            Self::Entry(before, index) => (before, index.to_string()),
        };
        before.write(pointer);
        pointer.push('/');
        pointer.push_str(&name);
    }
}

fn members(object: &mut Map<String, Value>, at: &Step<'_>, told: &mut Told<'_>) {
    for (key, value) in object {
        within(value, &Step::Member(at, key), told);
    }
}

/// As deep as the value, which is bounded.
fn within(value: &mut Value, at: &Step<'_>, told: &mut Told<'_>) {
    match value {
        Value::String(text) => {
            if let Some(clean) = text_of(text) {
                *text = clean;
                told.add(at);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                within(item, &Step::Entry(at, index), told);
            }
        }
        Value::Object(object) => members(object, at, told),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The text without its active HTML; `None` where it has none.
fn text_of(text: &str) -> Option<String> {
    match look(text) {
        Found::Nothing => ended(text),
        // What is left would be found again: the sanitizer lets a value quote a tag.
        Found::Active => Some(ammonia::clean(text))
            .filter(|clean| {
                let (times, more) = MOST_GROWN;
                clean.len() <= text.len().saturating_mul(times).saturating_add(more) && is_inert(clean)
            })
            .or_else(|| Some(escaped(text))),
        Found::TooMuch => Some(escaped(text)),
    }
}

fn is_inert(text: &str) -> bool {
    look(text) == Found::Nothing && ended(text).is_none()
}

/// A part of a text, as it may be shown: it may have been put together of texts that are harmless by themselves, and be cut within a tag.
pub(crate) fn part(text: String) -> String {
    match look(&text) {
        Found::Nothing => ended(&text).unwrap_or(text),
        Found::Active | Found::TooMuch => escaped(&text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_active_html_stays_as_it_is() {
        for text in [
            "a < b && c > d",
            "AT&T &amp; \"quotes\" 'single'",
            "Vec<Option<T>> and i < j; x<<2",
            "# Markdown\n\n> quote\n\n[link](https://example.com) <https://example.com> <mailto:a@example.com> `<b>` <!-- note -->",
            "<p class=\"a\">Some <b>bold</b> <a href=\"https://example.com/?on=1&x=y\">text</a></p><br/>",
            "<img src=\"data:image/png;base64,AAAA\" alt='on = x'>",
            "if (a<b && b>c) turn on = true",
            "a<b only if c>d",
            "1 <2 <3 <= 4 </> <> < script>",
            "an onclick=x and javascript:alert(1) outside of any tag",
            "style=\"position:fixed\" outside of any tag, <b>and style=\"width:1px\" between</b> tags",
            "in the a<b style of writing> and <p data-style=\"a\" styled=b styles='c'>, </p style=\"position:fixed\">",
            "&lt;p style=\"position:fixed\"&gt; and { style: \"<b>\" }",
            "< ",
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
            ("<p style=\"position:fixed;top:0;left:0;width:100%;height:100%\">t</p>", "<p>t</p>"),
            ("<p style=\"width:expression(alert(1))\">t</p>", "<p>t</p>"),
            ("<b title=\"a\" STYLE = 'background:url(//x)'>t</b>", "<b title=\"a\">t</b>"),
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
            "<p style=position:fixed>",
            "<p\nStYlE\n=\n\"position:\nfixed\">",
            "<p/style='x'>",
            "<p\u{c}style=x",
            "<p title=''style='x'>",
            "<p st\0yle='position:fixed'>",
            "<p style=&#112;osition:fixed>",
            "<p style='&#x65;xpression(x())'>",
            "<svg style='position:fixed'>",
            "<math><mi style='position:fixed'>",
            "<rect style='fill:url(//x)'/>",
            "<!--<p title=\"--><p style='x'>\">",
            "<p a=\"<b style='x'>\">",
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
            assert!(is_inert(&clean), "{text} became {clean}");
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
                assert!(is_inert(&clean), "{piece}");
            }
        }
        assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
    }

    #[test]
    fn no_flood_of_character_references_is_parsed() {
        for (many, found) in [(100_000, Found::Active), (200_000, Found::TooMuch)] {
            assert_eq!(look(&format!("<script></script>{}", "&".repeat(many))), found, "{many}");
        }
    }

    #[test]
    fn a_tag_that_does_not_end_is_none() {
        for (text, left) in [
            ("<img ", "&lt;img "),
            ("a <b>b</b> <img src=x ", "a <b>b</b> &lt;img src=x "),
            ("i<j; a < b", "i&lt;j; a < b"),
            ("<a title=\"<i>", "&lt;a title=\"<i>"),
            ("<b y=<i/z='>", "<b y=&lt;i/z='>"),
            ("<b y=<onload=alert(1)/z='>", "<b y=&lt;onload=alert(1)/z='>"),
            ("</p", "&lt;/p"),
            ("a <", "a &lt;"),
            ("a </", "a &lt;/"),
        ] {
            assert_eq!(text_of(text).as_deref(), Some(left), "{text}");
            assert_eq!(part(text.to_owned()), left, "{text}");
            assert!(is_inert(left), "{left}");
        }
    }

    /// Each by itself is harmless, and so is every pair of what they became, whatever stands between them.
    #[test]
    fn harmless_texts_are_harmless_together() {
        let texts = [
            "<img ",
            "<",
            "</",
            "<i",
            "img src=x onerror=x()>",
            "src=x onerror=x()>",
            "onx=1>",
            "\"onx=1>",
            "a<b",
            "<b x='",
            "'onx=x >",
            "<b>t</b>",
        ];
        let clean = texts.map(|text| text_of(text).unwrap_or_else(|| text.to_owned()));
        for (one, other, between) in clean
            .iter()
            .flat_map(|one| clean.iter().flat_map(move |other| ["", " ", "\n", "/", "\""].map(|between| (one, other, between))))
        {
            let together = format!("{one}{between}{other}");
            assert_eq!(look(&together), Found::Nothing, "{together}");
        }
    }

    /// The largest text of a kind that is still given to the sanitizer.
    fn largest(make: impl Fn(usize) -> String) -> String {
        let (mut least, mut most) = (1, 4_096);
        while most - least > 1 {
            let middle = usize::midpoint(least, most);
            if look(&make(middle)) == Found::Active { least = middle } else { most = middle }
        }
        make(least)
    }

    const RUNS: &str = "<script></script>";

    fn many(count: usize, each: impl Fn(usize) -> String) -> String {
        (0..count).map(each).collect()
    }

    fn formatting(count: usize) -> String {
        many(count, |n| format!("<b a{n}>"))
    }

    type Made = fn(usize) -> String;

    #[test]
    fn what_is_sanitized_is_little_work_and_grows_little() {
        let kinds: [(&str, Made); 10] = [
            ("blocks", |n| format!("{RUNS}<p>{}{}x", formatting(n), "x<p>".repeat(n))),
            ("few blocks", |n| format!("{RUNS}<p>{}{}x", formatting(n), "x<p>".repeat(4))),
            ("few elements", |n| format!("{RUNS}<p>{}{}x", formatting(2), "x<p>".repeat(n))),
            ("ends", |n| format!("{RUNS}{}{}", "<b><div>".repeat(n), "</b>".repeat(n))),
            ("ends in comments", |n| format!("{RUNS}{}{}x", many(n, |n| format!("<b a{n}><!--</b>-->")), "x<p>".repeat(n))),
            ("ends in quotes", |n| format!("{RUNS}{}{}x", many(n, |n| format!("<b a{n} b='</b>'>")), "x<p>".repeat(n))),
            ("ends in objects", |n| {
                format!("{RUNS}{}{}x", many(n, |n| format!("<b a{n}><object></b></object>")), "x<p>".repeat(n))
            }),
            ("within", |n| format!("{RUNS}<b>{}</b>", "<p>x</p>".repeat(n))),
            ("deep", |n| format!("{RUNS}{}", "<div>".repeat(n))),
            ("attributes", |n| format!("{RUNS}<b {}>", many(n, |n| format!("a{n} ")))),
        ];
        for (kind, make) in kinds {
            let text = largest(make);
            assert_eq!(look(&text), Found::Active, "{kind}");
            let begun = std::time::Instant::now();
            // A batch holds eighty times as many.
            let times = (1 << 17) / text.len();
            for _ in 0..times {
                let clean = text_of(&text).unwrap();
                let most = (text.len() * 2 + 256).max(escaped(&text).len());
                assert!(clean.len() <= most, "{kind}: {} of {}", clean.len(), text.len());
            }
            assert!(begun.elapsed().as_secs() < 20, "{kind}: {times} times {} octets took {:?}", text.len(), begun.elapsed());
        }
        for (elements, blocks) in [(500, 498), (400, 400), (100, 100), (20, 400), (400, 20)] {
            let bomb = format!("{RUNS}<p>{}{}x", formatting(elements), "x<p>".repeat(blocks));
            assert_eq!(look(&bomb), Found::TooMuch, "{elements} times {blocks}");
            assert_eq!(text_of(&bomb), Some(escaped(&bomb)));
        }
    }

    #[test]
    fn what_people_write_is_sanitized() {
        let paragraph = "<p class=\"a\">Some <b>bold <i>text</i></b>, an <a href=\"https://example.com/\"><span>address</span> <img src=\"x.png\"></a>.</p>\n\
                         <a href=\"https://example.com/a\"><div><h3>card</h3><p>text</p></div></a>\n";
        let page = format!("<script>x()</script>{}", paragraph.repeat(30));
        let clean = text_of(&page).unwrap();
        assert!(clean.contains("<b>bold <i>text</i></b>") && !clean.contains("&lt;"), "{clean:.300}");
    }

    #[test]
    fn where_it_was_is_told_in_few_words() {
        let deep =
            (0..31).fold(serde_json::json!(vec!["<script>"; 1_000]), |inner, _| serde_json::json!({ "k".repeat(256): inner }));
        let mut props = serde_json::json!({ "a": "<script>", "b": deep });
        let mut cleaned = Vec::new();
        object(props.as_object_mut().unwrap(), "/props", &mut cleaned);
        assert_eq!(cleaned, ["/props/a", "/props"]);
        let mut many = serde_json::json!({ "a": vec!["<script>"; 10_000] });
        let mut cleaned = Vec::new();
        object(many.as_object_mut().unwrap(), "/props", &mut cleaned);
        assert_eq!(
            (cleaned.first().map(String::as_str), cleaned.last().map(String::as_str)),
            (Some("/props/a/0"), Some("/props"))
        );
        assert!(cleaned.iter().map(String::len).sum::<usize>() < 5_000);
        assert!(!many.to_string().contains("script"));
    }

    #[test]
    fn plain_is_what_has_no_tags_and_is_small() {
        let plain = |object: Value, most| is_plain([object.as_object().unwrap()].into_iter(), most);
        assert!(plain(serde_json::json!({ "a": ["b", 1, { "c": "d > e" }] }), 100));
        for object in [
            serde_json::json!({ "a": ["<"] }),
            serde_json::json!({ "<": 1 }),
            serde_json::json!({ "a": vec![1; 100] }),
            serde_json::json!({ "a": "b".repeat(100) }),
        ] {
            assert!(!plain(object, 100));
        }
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
