//! Items of batches, each of which has its own result.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::{
    FieldError,
    json::{self, Fault},
    validate::{Faults, Validate},
};

/// An item of a batch, or why it is not what the endpoint takes. Only what makes the whole text unreadable is wrong with the whole batch.
#[derive(Debug, Clone)]
pub struct Item<T>(Result<T, Fault>);

impl<T> Item<T> {
    /// What was sent, if it can be read.
    pub fn read(&self) -> Option<&T> {
        self.0.as_ref().ok()
    }
}

impl<T: Validate> Item<T> {
    /// What was sent and everything that is wrong with it, the item standing at `place` in the body: with nothing wrong there is something.
    pub fn judged(self, place: &str) -> (Option<T>, Vec<FieldError>) {
        match self.0 {
            Ok(item) => {
                let faults = Faults::below(place.to_owned(), &item);
                (Some(item), faults)
            }
            Err(fault) => (None, vec![FieldError::new(format!("{place}{}", fault.pointer), fault.detail)]),
        }
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Item<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self(json::read(text.get().as_bytes())))
    }
}

/// What an item is to be, and no word of what happens to others.
impl<T: JsonSchema> JsonSchema for Item<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::edge::{EdgeBatch, NewEdge};

    /// The fields that are told of each item of a batch of edges.
    fn told(batch: &str) -> Vec<Vec<String>> {
        json::check(batch.as_bytes(), &[]).unwrap();
        let batch: EdgeBatch = json::read(batch.as_bytes()).unwrap();
        let fields = |(index, item): (usize, Item<NewEdge>)| {
            let (edge, faults) = item.judged(&format!("/edges/{index}"));
            assert!(edge.is_some() || !faults.is_empty());
            faults.into_iter().map(|fault| fault.field).collect()
        };
        batch.edges.into_iter().enumerate().map(fields).collect()
    }

    #[test]
    fn what_is_wrong_with_an_item_is_wrong_with_no_other() {
        let batch = r#"{"edges": [
            {"src_external_id": "a", "rel": "R", "dst_external_id": "b"},
            {"src": "a", "rel": "R", "dst_external_id": "b"},
            {"src_external_id": "a", "rel": 7, "dst_external_id": "b"},
            {"src_external_id": "a", "dst_external_id": "b"},
            {"src_external_id": "a", "rel": "R", "dst_external_id": "b", "a/b": 1},
            {"src_external_id": "a", "rel": "", "dst_external_id": "b"},
            ["R"], null, 7
        ], "tenant_id": [{}]}"#;
        let expected: [&[&str]; 9] = [
            &[],
            &["/edges/1/src"],
            &["/edges/2/rel"],
            &["/edges/3/rel"],
            &["/edges/4/a~1b"],
            &["/edges/5/rel"],
            &["/edges/6"],
            &["/edges/7"],
            &["/edges/8"],
        ];
        assert_eq!(told(batch), expected);
    }

    #[test]
    fn what_is_no_list_of_items_is_no_batch() {
        for batch in [r#"{"edges": {}}"#, r#"{"edges": null}"#, "{}", r#"{"edges": [], "egdes": []}"#] {
            assert!(json::read::<EdgeBatch>(batch.as_bytes()).is_err(), "{batch}");
        }
    }
}
