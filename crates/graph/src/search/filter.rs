//! Which nodes a search may find, besides being near.

use serde_json::{Map, Value};
use wardgraph_kernel::Timestamp;
use wardgraph_store::ToSql;

/// Conditions that all must hold; what is absent asks for nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// Nodes of one of these classes.
    pub classes: Option<Vec<String>>,
    /// Nodes whose props contain this.
    pub props: Option<Map<String, Value>>,
    /// Nodes whose metadata contain this.
    pub metadata: Option<Map<String, Value>>,
    /// Keys of metadata, and what each must be when written as text; no value where it must be null or absent.
    pub metadata_texts: Vec<(String, Option<String>)>,
    /// Created then or later.
    pub created_after: Option<Timestamp>,
    /// Created before that.
    pub created_before: Option<Timestamp>,
    /// Changed then or later.
    pub updated_after: Option<Timestamp>,
    /// Changed before that.
    pub updated_before: Option<Timestamp>,
}

/// How many parameters a filter is.
const PARAMETERS: usize = 9;

/// A filter as a statement takes it.
#[derive(Debug)]
pub(super) struct Parameters {
    classes: Option<Vec<String>>,
    props: Option<Value>,
    metadata: Option<Value>,
    keys: Option<Vec<String>>,
    texts: Option<Vec<Option<String>>>,
    times: [Option<Timestamp>; 4],
}

impl Filter {
    /// Whether everything passes.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn parameters(&self) -> Parameters {
        let object = |object: &Map<String, Value>| Value::Object(object.clone());
        let (keys, texts): (Vec<_>, Vec<_>) = self.metadata_texts.iter().cloned().unzip();
        let any = !keys.is_empty();
        Parameters {
            classes: self.classes.clone(),
            props: self.props.as_ref().map(object),
            metadata: self.metadata.as_ref().map(object),
            keys: any.then_some(keys),
            texts: any.then_some(texts),
            times: [self.created_after, self.created_before, self.updated_after, self.updated_before],
        }
    }
}

impl Parameters {
    pub(super) fn all(&self) -> [&(dyn ToSql + Sync); PARAMETERS] {
        let [created_after, created_before, updated_after, updated_before] = &self.times;
        [
            &self.classes,
            &self.props,
            &self.metadata,
            &self.keys,
            &self.texts,
            created_after,
            created_before,
            updated_after,
            updated_before,
        ]
    }
}

/// The conditions on the node `n`, whose parameters begin with number `first`.
pub(super) fn conditions(first: usize) -> String {
    let p = |n: usize| format!("${}", first + n);
    let (classes, props, metadata, keys, texts) = (p(0), p(1), p(2), p(3), p(4));
    let time = |n: usize, column: &str, than: &str| {
        let p = p(n);
        format!(" and ({p}::timestamptz is null or n.{column} {than} {p})")
    };
    format!(
        " and ({classes}::text[] is null or n.classes && {classes}) and ({props}::jsonb is null or n.props @> {props})
          and ({metadata}::jsonb is null or n.metadata @> {metadata})
          and ({keys}::text[] is null or not exists (
            select from unnest({keys}, {texts}::text[]) m(key, value) where n.metadata ->> m.key is distinct from m.value)){}{}{}{}",
        time(5, "created_at", ">="),
        time(6, "created_at", "<"),
        time(7, "updated_at", ">="),
        time(8, "updated_at", "<"),
    )
}
