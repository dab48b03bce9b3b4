//! Which nodes are meant: one fragment of SQL over one parameter, for lists and for search alike.
//!
//! A condition that was not asked folds away where the statement is planned with its values (`Plan::Custom`). Under a generic plan every
//! `is null or` would stay, and no index of properties could be used.

use serde_json::{Map, Value};
use wardgraph_kernel::Timestamp;

/// The conditions on the nodes called `$n` that [`Filter::value`] in the parameter `$filter` asks for, in a statement whose first parameter
/// is the tenant.
macro_rules! matching {
    (@ $filter:literal, $key:literal, $($condition:literal),+) => {
        concat!("(", $filter, "->'", $key, "' is null or ", $($condition),+, ")")
    };
    // Looked up as the tenant's own and as shared ones, so that nothing of other tenants is read.
    (@held $n:literal, $filter:literal, $key:literal) => {
        $crate::filter::matching!(
            @ $filter, $key, $n, ".", $key, " @> (", $filter, "->'", $key, "') and (doc_of(", $n, ".tenant_id, ", $n, ".", $key,
            ") @> doc_of($1, ", $filter, "->'", $key, "') or doc_of(", $n, ".tenant_id, ", $n, ".", $key,
            ") @> doc_of('*', ", $filter, "->'", $key, "'))"
        )
    };
    // Those that an index serves: what is left of them is few, wherever in the list it is.
    (@indexed $n:literal, $filter:literal) => {
        concat!(
            $crate::filter::matching!(@ $filter, "external_id", $n, ".external_id = ", $filter, "->>'external_id'"),
            " and ",
            $crate::filter::matching!(@held $n, $filter, "props"),
            " and ",
            $crate::filter::matching!(@held $n, $filter, "metadata")
        )
    };
    // Those that are asked row by row.
    (@asked $n:literal, $filter:literal) => {
        concat!(
            $crate::filter::matching!(@ $filter, "classes", $n, ".classes && (", $filter, "->>'classes')::text[]"),
            " and ",
            $crate::filter::matching!(
                @ $filter, "metadata_texts", "not exists (select from jsonb_each_text(", $filter, "->'metadata_texts') m
                  where ", $n, ".metadata ->> m.key is distinct from m.value)"
            ),
            " and ",
            $crate::filter::matching!(@ $filter, "embedding_status", $n, ".embedding_status = ", $filter, "->>'embedding_status'"),
            " and ",
            $crate::filter::matching!(@ $filter, "created_after", $n, ".created_at > (", $filter, "->>'created_after')::timestamptz"),
            " and ",
            $crate::filter::matching!(@ $filter, "created_before", $n, ".created_at < (", $filter, "->>'created_before')::timestamptz"),
            " and ",
            $crate::filter::matching!(@ $filter, "updated_after", $n, ".updated_at > (", $filter, "->>'updated_after')::timestamptz"),
            " and ",
            $crate::filter::matching!(@ $filter, "updated_before", $n, ".updated_at < (", $filter, "->>'updated_before')::timestamptz"),
            " and ",
            $crate::filter::matching!(
                @ $filter, "has_embedding", "(", $filter, "->>'has_embedding')::bool = exists (select from embeddings v
                  where v.tenant_id = any(array[$1, '*']) and v.tenant_id = ", $n, ".tenant_id and v.node_id = ", $n, ".node_id)"
            )
        )
    };
    ($n:literal, $filter:literal) => {
        concat!($crate::filter::matching!(@indexed $n, $filter), " and ", $crate::filter::matching!(@asked $n, $filter))
    };
}
pub(crate) use matching;

/// Which nodes are meant: those for which everything holds that is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Filter {
    /// Of one of these classes, unless there are none.
    pub classes: Vec<String>,
    /// With this external id.
    pub external_id: Option<String>,
    /// Whose props contain these, as `@>` of Postgres understands it: objects by their keys, lists by their entries.
    pub props: Option<Map<String, Value>>,
    /// Whose metadata contain these.
    pub metadata: Option<Map<String, Value>>,
    /// Whose metadata have these keys with these values, each written as text; a null asks for none or a null.
    pub metadata_texts: Map<String, Value>,
    /// Whose vector has come this far.
    pub embedding_status: Option<&'static str>,
    /// That have a vector of whatever model, or have none.
    pub has_embedding: Option<bool>,
    /// Created later than this.
    pub created_after: Option<Timestamp>,
    /// Created earlier than this.
    pub created_before: Option<Timestamp>,
    /// Last changed later than this.
    pub updated_after: Option<Timestamp>,
    /// Last changed earlier than this.
    pub updated_before: Option<Timestamp>,
}

impl Filter {
    /// Whether every node is meant.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The filter as the fragment reads it; `None` where every node is meant.
    pub fn value(&self) -> Option<Value> {
        let text = |text: &Option<String>| text.clone().map(Value::from);
        let time = |time: Option<Timestamp>| time.map(|time| Value::from(time.to_string()));
        let asked = [
            ("classes", (!self.classes.is_empty()).then(|| array(&self.classes).into())),
            ("external_id", text(&self.external_id)),
            ("props", self.props.clone().map(Value::from)),
            ("metadata", self.metadata.clone().map(Value::from)),
            ("metadata_texts", (!self.metadata_texts.is_empty()).then(|| self.metadata_texts.clone().into())),
            ("embedding_status", self.embedding_status.map(Value::from)),
            ("has_embedding", self.has_embedding.map(Value::from)),
            ("created_after", time(self.created_after)),
            ("created_before", time(self.created_before)),
            ("updated_after", time(self.updated_after)),
            ("updated_before", time(self.updated_before)),
        ];
        let asked: Map<_, _> = asked.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect();
        (!asked.is_empty()).then_some(Value::Object(asked))
    }
}

/// Texts as Postgres spells an array of them.
fn array(texts: &[String]) -> String {
    let quoted: Vec<String> =
        texts.iter().map(|text| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))).collect();
    format!("{{{}}}", quoted.join(","))
}
