//! An object in a query string.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::{Map, Value};

use crate::json::check;

/// An object, spelled as JSON in one text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectText(pub Map<String, Value>);

impl<'de> Deserialize<'de> for ObjectText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        check(text.as_bytes(), &[]).map_err(|fault| {
            let place = if fault.pointer.is_empty() { String::new() } else { format!("at {}: ", fault.pointer) };
            D::Error::custom(format!("is no JSON object that can be taken: {place}{}", fault.detail))
        })?;
        serde_json::from_str(&text).map(Self).map_err(|error| D::Error::custom(format!("is no JSON object: {error}")))
    }
}

impl JsonSchema for ObjectText {
    fn schema_name() -> Cow<'static, str> {
        "ObjectText".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "contentMediaType": "application/json" })
    }
}
