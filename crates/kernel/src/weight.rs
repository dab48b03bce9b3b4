//! How many octets JSON has once Postgres spells it: numbers without exponents.

use serde_json::{Map, Number, Value};

/// Octets of an object as Postgres gives it back. Never less than what is sent: `1e300` weighs 301.
pub fn weight(object: &Map<String, Value>) -> usize {
    object.iter().map(|(key, value)| key.len() + 6 + of(value)).sum::<usize>() + 2
}

fn of(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 5,
        Value::Number(number) => digits(number),
        Value::String(text) => text.len() + 2 + text.bytes().filter(|byte| matches!(byte, b'"' | b'\\' | ..b' ')).count() * 5,
        Value::Array(items) => items.iter().map(|item| of(item) + 2).sum::<usize>() + 2,
        Value::Object(object) => weight(object),
    }
}

fn digits(number: &Number) -> usize {
    let exponent = number.as_f64().filter(|x| *x != 0.0).map_or(0.0, |x| x.abs().log10().abs());
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a decimal exponent is 0 to 324 here")]
    let exponent = exponent as usize;
    20 + exponent
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, least: usize) {
        let object: Map<String, Value> = serde_json::from_str(json).unwrap();
        assert!(weight(&object) >= least, "{json}: {}", weight(&object));
    }

    #[test]
    fn nothing_weighs_less_than_it_is_spelled() {
        check(r#"{"a": 1e300}"#, 301 + 8);
        check(r#"{"a": 1e-300}"#, 302 + 8);
        check(r#"{"a": [-1.5, "\u0001\"", null, {"b": true}]}"#, 46);
        check("{}", 2);
    }
}
