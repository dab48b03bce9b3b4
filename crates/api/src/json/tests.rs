use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn fault(text: &str) -> (String, String) {
    let fault = check(text.as_bytes(), &["vector"]).unwrap_err();
    (fault.pointer, fault.detail)
}

fn taken(text: &str) {
    assert_eq!(check(text.as_bytes(), &["vector"]), Ok(()), "{text:.100}");
    serde_json::from_str::<Value>(text).unwrap();
}

#[test]
fn a_member_twice_is_refused_wherever_it_stands_and_however_it_is_spelled() {
    for (text, pointer) in [
        (r#"{"a": 1, "a": 1}"#, "/a"),
        (r#"{"a": 1, "b": 2, "\u0061": 3}"#, "/a"),
        (r#"{"": 1, "": 2}"#, "/"),
        (r#"{"props": {"a": [0, {"b": 1, "c": {"d/e~": 1, "d/e~": 2}}]}}"#, "/props/a/1/c/d~1e~0"),
        (r#"{"a": {"x": 1}, "b": {"x": 1, "x": 1}}"#, "/b/x"),
        (r#"[{"ä": 1, "\u00e4": 1}]"#, "/0/ä"),
    ] {
        assert_eq!(fault(text), (pointer.to_owned(), "the member is there twice".to_owned()), "{text}");
    }
    let many: Vec<String> = (0..100_000).map(|n| format!("\"{n}\": {{\"x\": {n}}}")).collect();
    taken(&format!("{{{}}}", many.join(",")));
    assert_eq!(fault(&format!("{{{}, \"500\": 0}}", many.join(","))).0, "/500");
    // The same name in objects that stand beside or within each other, and names that differ to the eye alone.
    taken("{\"a\": {\"a\": {\"a\": 1}}, \"b\": [{\"a\": 1}, {\"a\": 2}], \"A\": 1, \"\u{e9}\": 1, \"e\u{301}\": 1}");
}

#[test]
fn a_number_that_would_be_changed_is_refused_with_its_place() {
    for number in [
        "18446744073709551616",
        "-9223372036854775809",
        "99999999999999999999999999",
        "9007199254740993.0",
        "0.12345678901234567890",
        "3.14159265358979323846",
        "1e309",
        "-1e400",
        "1e-400",
        "1e99999999999999999999",
        "1e-99999999999999999999",
        "123456789012345678901e-5",
    ] {
        let (pointer, detail) = fault(&format!(r#"{{"props": {{"n": [0, {number}]}}}}"#));
        assert_eq!(pointer, "/props/n/1", "{number}");
        assert!(detail.contains("would be changed"), "{number}: {detail}");
    }
    for number in [
        "0",
        "0.0",
        "0e0",
        "0e99999999999999999999",
        "-0.5",
        "-5e-324",
        "9007199254740993",
        "18446744073709551615",
        "-9223372036854775808",
        "10000000000000000000000",
        "1.10",
        "0.1",
        "0.30000000000000004",
        "1.7976931348623157e308",
        "5e-324",
        "2.2250738585072014E-308",
        "1e+2",
        "1.5e-30",
        "0.10000000149011612",
        "1000000000000000000000000000000000000000000e-42",
    ] {
        taken(&format!(r#"{{"n": {number}}}"#));
    }
    // Postgres keeps no sign of zero. A list that is measured has one without harm.
    for number in ["-0", "-0.0", "-0.0e-5", "-0e7"] {
        let (pointer, detail) = fault(&format!(r#"{{"props": {{"n": [0, {number}]}}}}"#));
        assert_eq!((pointer.as_str(), detail.contains("no sign")), ("/props/n/1", true), "{number}: {detail}");
        taken(&format!(r#"{{"vector": [{number}, 1]}}"#));
    }
    let long = format!("1{}", "0".repeat(600));
    assert!(fault(&format!("{{\"n\": {long}}}")).1.contains("512 characters"));
    // Numbers of a vector may lose digits; the same further down may not.
    taken(r#"{"vector": [0.12345678901234567890, 1]}"#);
    assert_eq!(fault(r#"{"vector": [[0.12345678901234567890]]}"#).0, "/vector/0/0");
    assert_eq!(fault(r#"{"a": {"vector": [0.12345678901234567890]}}"#).0, "/a/vector/0");
}

#[test]
fn half_a_character_is_refused_with_its_place() {
    for half in [r"\ud800", r"\udfff", r"a\ud800b", r"\ud800A", r"\ud83d\ud83d", r"\ud800\n", r"\udc00\ud800"] {
        let (pointer, detail) = fault(&format!(r#"{{"a": {{"b": ["x", "{half}"]}}}}"#));
        assert_eq!((pointer.as_str(), detail.contains("surrogate")), ("/a/b/1", true), "{half}");
        // The name of a member has no place of its own but its object's.
        assert_eq!(fault(&format!(r#"{{"a": {{"b": 1, "{half}": 1}}}}"#)).0, "/a", "{half}");
    }
    taken(r#"{"a": "\ud83d\ude00 \u00e4 \u0000 \" \\ \/ \b\f\n\r\t"}"#);
    for (bytes, pointer) in [(&b"{\"a\": [\"\xff\"]}"[..], "/a/0"), (b"{\"a\": {\"\xc3\x28\": 1}}", "/a")] {
        let fault = check(bytes, &[]).unwrap_err();
        assert_eq!((fault.pointer.as_str(), fault.detail.as_str()), (pointer, "is not UTF-8"));
    }
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    taken(&nested(MAX_DEPTH));
    assert!(fault(&nested(MAX_DEPTH + 1)).1.contains("nested more than 64 deep"));
    assert!(fault(&"{\"a\":".repeat(1 << 20)).1.contains("nested more than 64 deep"));
}

#[test]
fn what_is_no_json_is_refused() {
    for text in [
        "",
        " ",
        "{",
        "}",
        "[",
        "]",
        "{]",
        "[}",
        "{\"a\"}",
        "{\"a\":}",
        "{a:1}",
        "{\"a\":1,}",
        "[1,]",
        "[,]",
        "{,}",
        "[1 2]",
        "{\"a\":1 \"b\":2}",
        "nul",
        "truefalse",
        "True",
        "NaN",
        "-Infinity",
        "'a'",
        "\"a",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\\u+123\"",
        "\"a\nb\"",
        "01",
        "-",
        "1.",
        ".5",
        "+1",
        "1e",
        "1e+",
        "1.e5",
        "0x10",
        "--1",
        "1-2",
        "{} {}",
        "1 1",
        "\u{feff}{}",
        "/* */ 1",
        "{\"a\": 1}\0",
        "\u{a0}1",
    ] {
        assert!(check(text.as_bytes(), &[]).is_err(), "{text:?}");
        assert!(serde_json::from_str::<Value>(text).is_err(), "{text:?}");
    }
}

/// JSON, nearly: what a generator of values would never make is put in by hand.
fn nearly_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("tru".to_owned()),
        any::<f64>().prop_map(|n| n.to_string()),
        any::<i128>().prop_map(|n| n.to_string()),
        "-?[0-9]{1,25}(\\.[0-9]{1,25})?([eE][+-]?[0-9]{1,3})?",
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
        "\"(\\\\u[0-9a-f]{4}|\\\\[bfnrtx/]|[a-zä\u{1}])*\"",
        "[\\[\\]{}:,\"\\\\0-9a-e .+-]{0,8}",
    ];
    leaf.prop_recursive(5, 64, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(|items| format!("[{}]", items.join(", "))),
            proptest::collection::vec(("[ab]{0,1}|\\\\u0061", inner), 0..5).prop_map(|members| {
                format!("{{{}}}", members.iter().map(|(k, v)| format!("\"{k}\"\t:{v}")).collect::<Vec<_>>().join(","))
            }),
        ]
    })
}

/// All numbers of a value, as texts, and how many members it has in all.
fn census(value: &Value, members: &mut usize) {
    match value {
        Value::Object(object) => {
            *members += object.len();
            object.values().for_each(|value| census(value, members));
        }
        Value::Array(items) => items.iter().for_each(|value| census(value, members)),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn what_is_taken_is_json_and_nothing_of_it_is_lost(text in nearly_json()) {
        let parsed = serde_json::from_str::<Value>(&text);
        match check(text.as_bytes(), &[]) {
            Ok(()) => {
                let parsed = parsed.unwrap();
                // Every name that was written is a member of what was made of it.
                let mut members = 0;
                census(&parsed, &mut members);
                prop_assert_eq!(members, text.matches("\"\t:").count(), "{}", text);
                // What is written again is taken again, and is the same.
                let again = parsed.to_string();
                prop_assert_eq!(check(again.as_bytes(), &[]), Ok(()));
                prop_assert_eq!(serde_json::from_str::<Value>(&again).unwrap(), parsed);
            }
            Err(fault) => {
                let ours = ["twice", "would be changed", "no sign"].iter().any(|ours| fault.detail.contains(ours));
                prop_assert!(ours || parsed.is_err(), "{text}: {fault:?}");
            }
        }
    }
}
