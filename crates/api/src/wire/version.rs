//! Changing nodes, what they were, and going back.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use serde_json::{Map, Value, json};
use wardgraph_kernel::NodeId;

use super::{
    Name, NamedTenant,
    node::{self, NewNode},
};
use crate::{
    describe::{Body, IdKind, Known, PathId},
    validate::{Faults, Validate},
};

/// A change of a node as a JSON Merge Patch (RFC 7396): what is absent stays, a null removes, objects are merged, everything else is replaced.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NodePatch {
    /// The classes to have instead.
    #[serde(default, deserialize_with = "given")]
    #[schemars(length(min = 1, max = 10), inner(length(min = 1, max = 100)))]
    pub classes: Option<Vec<Name>>,
    /// Merged into `props`.
    #[serde(default, deserialize_with = "given")]
    pub props: Option<Map<String, Value>>,
    /// The payload's place to have instead; null for none.
    #[serde(default, deserialize_with = "given")]
    pub payload_ref: Option<Option<String>>,
    /// Merged into `metadata`; null empties it.
    #[serde(default, deserialize_with = "given")]
    pub metadata: Option<Option<Map<String, Value>>>,
    /// Merged into `refresh_policy`; null empties it.
    #[serde(default, deserialize_with = "given")]
    pub refresh_policy: Option<Option<Map<String, Value>>>,
    /// The triggers to have instead; null for none.
    #[serde(default, deserialize_with = "given")]
    pub triggers: Option<Option<Vec<Map<String, Value>>>>,
    /// The external id to have instead; null for none, whatever stands in `props.external_id`. Where it is absent the node keeps its external
    /// id, and one that is `props.external_id`'s, or none, follows a change of that.
    #[serde(default, deserialize_with = "given")]
    pub external_id: Option<Option<Name>>,
    /// Ignored: the credential says whose the node is.
    #[serde(default)]
    pub tenant_id: NamedTenant,
}

/// Tells a null that was given from nothing that was.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl NodePatch {
    /// The node that is to be, made of the one that is, whose external id stands in no other place. It has to be weighed: see
    /// [`Patched`].
    pub fn apply(self, mut node: NewNode) -> NewNode {
        let given = node.external_id_of_props();
        if let Some(classes) = self.classes {
            node.classes = classes;
        }
        if let Some(props) = self.props {
            merge(&mut node.props, props);
        }
        for (target, patch) in [(&mut node.metadata, self.metadata), (&mut node.refresh_policy, self.refresh_policy)] {
            match patch {
                Some(Some(patch)) => merge(target, patch),
                Some(None) => target.clear(),
                None => {}
            }
        }
        if let Some(payload_ref) = self.payload_ref {
            node.payload_ref = payload_ref;
        }
        if let Some(triggers) = self.triggers {
            node.triggers = triggers.unwrap_or_default();
        }
        let now = node.external_id_of_props();
        if let Some(external_id) = self.external_id {
            node.external_id = external_id;
        } else if now != given && (node.external_id.is_none() || node.external_id == given) {
            node.external_id = now;
        }
        node
    }
}

/// RFC 7396, section 2. As deep as the patch, which is bounded.
fn merge(target: &mut Map<String, Value>, patch: Map<String, Value>) {
    for (key, value) in patch {
        match value {
            Value::Null => _ = target.remove(&key),
            Value::Object(patch) => {
                let mut merged = match target.remove(&key) {
                    Some(Value::Object(object)) => object,
                    Some(_) | None => Map::new(),
                };
                merge(&mut merged, patch);
                target.insert(key, Value::Object(merged));
            }
            value => _ = target.insert(key, value),
        }
    }
}

impl Validate for NodePatch {
    fn validate(&self, faults: &mut Faults) {
        if let Some(classes) = &self.classes {
            node::classes(faults, classes);
        }
        let (metadata, refresh_policy) = (self.metadata.iter().flatten(), self.refresh_policy.iter().flatten());
        for (field, object) in self.props.iter().map(|o| ("/props", o)).chain(metadata.map(|o| ("/metadata", o))) {
            faults.merged_object(field, object);
        }
        refresh_policy.for_each(|object| faults.merged_object("/refresh_policy", object));
        if let Some(Some(triggers)) = &self.triggers {
            node::triggers(faults, triggers);
        }
        if let Some(Some(payload_ref)) = &self.payload_ref {
            node::payload_ref(faults, payload_ref);
        }
        if let Some(Some(external_id)) = &self.external_id {
            faults.name("/external_id", external_id, 1, 255);
        }
        // As it was sent: once it is cleaned it may be another name.
        let given = self.props.as_ref().and_then(|props| props.get("external_id")).and_then(Value::as_str);
        if let (Some(given), None) = (given, &self.external_id) {
            faults.name("/props/external_id", &Name::new(given), 1, 255);
        }
    }
}

/// A node as a patch left it. What the patch gave was judged with it, and what was there stays, though it would not be taken today: what merging
/// can have made too much is the weight.
#[derive(Debug)]
pub struct Patched<'a>(pub &'a NewNode);

impl Validate for Patched<'_> {
    fn validate(&self, faults: &mut Faults) {
        for (field, object) in self.0.objects() {
            faults.weighs(field, object);
        }
    }
}

impl Body for NodePatch {
    fn example(_: &Known) -> Value {
        json!({ "props": { "text": "The slow brown fox walks around the dog.", "draft": null }, "metadata": { "reviewed": true } })
    }
}

/// How a node is deleted.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deletion {
    /// Whether nothing is to be left of it at once: neither the node, in its grace period or not, nor what it was.
    #[serde(default)]
    pub hard: bool,
}

impl Validate for Deletion {
    fn validate(&self, _: &mut Faults) {}
}

/// Where to go back to.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Restoration {
    /// An earlier version of the node; absent, as without a body, a deleted node is brought back as it was.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub version: Option<i32>,
    /// Ignored: the credential says whose the node is.
    #[serde(default)]
    pub tenant_id: NamedTenant,
}

impl Validate for Restoration {
    fn validate(&self, faults: &mut Faults) {
        faults.unless(self.version.is_none_or(|version| version >= 1), "/version", "must be 1 or more");
    }
}

impl Body for Restoration {
    const MAY_BE_ABSENT: bool = true;

    fn example(_: &Known) -> Value {
        json!({ "version": 1 })
    }
}

/// Where a shared node is to go back to: deleted ones do not come back.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SharedRestoration {
    /// An earlier version of the node.
    #[schemars(range(min = 1))]
    pub version: i32,
    /// Ignored: shared nodes are no tenant's.
    #[serde(default)]
    pub tenant_id: NamedTenant,
}

impl Validate for SharedRestoration {
    fn validate(&self, faults: &mut Faults) {
        faults.unless(self.version >= 1, "/version", "must be 1 or more");
    }
}

impl Body for SharedRestoration {
    fn example(_: &Known) -> Value {
        json!({ "version": 1 })
    }
}

/// Which versions to list.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VersionFilter {
    /// How many, 1 to 1,000; 100 if absent.
    #[schemars(range(min = 1, max = 1_000))]
    pub limit: Option<i64>,
    /// Where to go on: `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl Validate for VersionFilter {
    fn validate(&self, _: &mut Faults) {}
}

/// The number of a version, where it stands in a path: as it is told, and in no other spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VersionNumber(pub i32);

impl<'de> Deserialize<'de> for VersionNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let number = text.parse().ok().filter(|number: &i32| number.to_string() == text);
        number.map(Self).ok_or_else(|| D::Error::custom("is no number of a version"))
    }
}

impl PathId for VersionNumber {
    const KIND: IdKind = IdKind::Version;
}

/// What a node was, or is.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct NodeVersion {
    /// The version, from 1.
    pub version: i32,
    /// The caller's own id.
    pub external_id: Option<String>,
    /// Its classes.
    pub classes: Vec<String>,
    /// What describes it.
    pub props: Value,
    /// Where its content lies.
    pub payload_ref: Option<String>,
    /// What else is known of it.
    pub metadata: Value,
    /// When it is refreshed.
    pub refresh_policy: Value,
    /// Which triggers watch it.
    pub triggers: Value,
    /// When the node became this.
    pub updated_at: Timestamp,
    /// When it became something else; null for the version in force.
    pub superseded_at: Option<Timestamp>,
}

/// A page of versions.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct NodeVersionPage {
    /// The node.
    pub node_id: NodeId,
    /// The versions, newest first.
    pub versions: Vec<NodeVersion>,
    /// How many there are on this page.
    pub count: usize,
    /// The oldest version that can be read. Where it is not 1, those before it are not kept any more; of a shared node tenants read the one in force alone.
    pub oldest_version: i32,
    /// Where the next page begins; null on the last.
    pub next_cursor: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 7396, appendix A, that are patches of an object by an object.
    #[test]
    fn a_patch_merges_as_the_rfc_says() {
        for (target, patch, expected) in [
            (r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#),
            (r#"{"a":"b"}"#, r#"{"a":null}"#, "{}"),
            (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#),
            (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#),
            (r#"{"a":{"b":"c"}}"#, r#"{"a":{"b":"d","c":null}}"#, r#"{"a":{"b":"d"}}"#),
            (r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#),
            (r#"{"e":null}"#, r#"{"a":1}"#, r#"{"e":null,"a":1}"#),
            ("{}", r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#),
        ] {
            let mut merged: Map<String, Value> = serde_json::from_str(target).unwrap();
            merge(&mut merged, serde_json::from_str(patch).unwrap());
            assert_eq!(Value::Object(merged), serde_json::from_str::<Value>(expected).unwrap(), "{patch} on {target}");
        }
    }

    #[test]
    fn an_external_id_follows_props_until_it_is_said_otherwise() {
        let after = |external_id: Option<&str>, props: Value, patch: Value| {
            let node = json!({ "classes": ["A"], "props": props, "external_id": external_id });
            let patch: NodePatch = serde_json::from_value(patch).unwrap();
            patch.apply(serde_json::from_value(node).unwrap()).external_id.map(Name::into_text)
        };
        let (x, y) = (json!({ "external_id": "x" }), json!({ "external_id": "y" }));
        for (was, props, patch, is) in [
            (Some("x"), &x, json!({ "external_id": null }), None),
            (Some("x"), &x, json!({ "external_id": null, "props": y }), None),
            (Some("x"), &x, json!({ "external_id": "z" }), Some("z")),
            (Some("x"), &x, json!({}), Some("x")),
            (Some("x"), &x, json!({ "props": y }), Some("y")),
            (Some("x"), &x, json!({ "props": { "external_id": null } }), None),
            (None, &x, json!({}), None),
            (None, &x, json!({ "props": { "external_id": "x", "n": 1 } }), None),
            (None, &x, json!({ "props": y }), Some("y")),
            (None, &json!({}), json!({ "props": x }), Some("x")),
            (Some("z"), &x, json!({ "props": y }), Some("z")),
            (Some("z"), &x, json!({ "external_id": null }), None),
        ] {
            assert_eq!(after(was, props.clone(), patch.clone()).as_deref(), is, "{was:?} {props} {patch}");
        }
    }

    #[test]
    fn a_version_in_a_path_has_one_spelling() {
        let read = |text: &str| serde_json::from_value::<VersionNumber>(json!(text)).ok();
        assert_eq!((read("1"), read("2147483647")), (Some(VersionNumber(1)), Some(VersionNumber(i32::MAX))));
        for other in ["", "01", "+1", "1 ", " 1", "1.0", "1e0", "2147483648", "x", "\u{661}"] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    #[test]
    fn a_null_is_told_from_nothing() {
        let patch: NodePatch = serde_json::from_str(r#"{"payload_ref": null, "metadata": null}"#).unwrap();
        assert_eq!((patch.payload_ref, patch.external_id, patch.metadata), (Some(None), None, Some(None)));
        for needed in ["classes", "props"] {
            assert!(serde_json::from_value::<NodePatch>(json!({ needed: null })).is_err(), "a node without {needed}");
        }
    }
}
