//! A form's fields as one object.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// The fields of a form as the object that they stand for: those of `lists` are lists, however often they come.
///
/// # Errors
/// The name of a field that comes twice.
pub fn object(fields: Vec<(String, String)>, lists: &[&str]) -> Result<Value, String> {
    let mut members: BTreeMap<String, Value> = BTreeMap::new();
    for (name, text) in fields {
        if lists.contains(&name.as_str()) {
            match members.entry(name).or_insert_with(|| json!([])) {
                Value::Array(items) => items.push(text.into()),
                _ => return Err("a list".into()),
            }
        } else if members.insert(name.clone(), text.into()).is_some() {
            return Err(name);
        }
    }
    Ok(members.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forms_fields_are_an_object_in_one_way() {
        let of = |pairs: &[(&str, &str)]| {
            object(pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect(), &["scopes"])
        };
        assert_eq!(of(&[("a", "1"), ("scopes", "x"), ("scopes", "y")]).unwrap(), json!({ "a": "1", "scopes": ["x", "y"] }));
        assert_eq!(of(&[("a", "1"), ("a", "1")]).unwrap_err(), "a");
    }
}
