//! Which nodes an answer names, read without anything being made of its content: an answer may have ten MiB.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use uuid::Uuid;

/// The ids that stand as the members `names` of an answer, and of the objects in its lists; none where it is no JSON.
pub(super) fn ids(answer: &str, names: &[&str]) -> Vec<Uuid> {
    let mut found = Vec::new();
    let mut reader = serde_json::Deserializer::from_str(answer);
    let read = Reader { names, found: &mut found, at: At::Answer }.deserialize(&mut reader).and_then(|()| reader.end());
    if read.is_ok() { found } else { Vec::new() }
}

/// What is read.
#[derive(Debug, Clone, Copy)]
enum At {
    Answer,
    /// A member of the answer; whether it is one that names.
    Member(bool),
    Item,
    /// A member of an object in a list.
    ItemMember(bool),
}

struct Reader<'a> {
    names: &'a [&'a str],
    found: &'a mut Vec<Uuid>,
    at: At,
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut members: M) -> Result<(), M::Error> {
        let member = match self.at {
            At::Answer => At::Member,
            At::Item => At::ItemMember,
            At::Member(_) | At::ItemMember(_) => {
                while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                return Ok(());
            }
        };
        while let Some(name) = members.next_key::<String>()? {
            let at = member(self.names.contains(&name.as_str()));
            members.next_value_seed(Reader { names: self.names, found: &mut *self.found, at })?;
        }
        Ok(())
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut items: S) -> Result<(), S::Error> {
        if !matches!(self.at, At::Member(_)) {
            while items.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(());
        }
        while items.next_element_seed(Reader { names: self.names, found: &mut *self.found, at: At::Item })?.is_some() {}
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        if matches!(self.at, At::Member(true) | At::ItemMember(true)) {
            self.found.extend(text.parse::<Uuid>());
        }
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_that_name_are_found_where_an_answer_has_them_and_nowhere_else() {
        let [a, b, c, d] = [1, 2, 3, 4].map(Uuid::from_u128);
        let answer = json!({
            "id": a, "src": "no id", "dst": null, "count": 1, "left": -1, "part": 0.5, "whole": true,
            "props": { "id": d, "list": [{ "id": d }] },
            "listed": [{ "id": b, "node": { "id": d }, "ids": [{ "id": d }] }, d, [{ "id": d }], { "src": c, "id": 7 }],
            "other": d,
        });
        let mut found = ids(&answer.to_string(), &["id", "src", "dst"]);
        found.sort_unstable();
        assert_eq!(found, [a, b, c]);
        for text in ["", "{", &format!("{{\"id\": \"{a}\""), &format!("{{\"id\": \"{a}\"}} x")] {
            assert!(ids(text, &["id"]).is_empty(), "{text}");
        }
        assert!(ids(&format!("[{{\"id\": \"{a}\"}}]"), &["id"]).is_empty(), "an answer is an object");
    }
}
