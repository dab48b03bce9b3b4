//! Nodes as the parameters of a statement that takes many: `$1` the tenant, `$2` ids, `$11` now, the rest what [`input`] reads.

use serde_json::{Map, Value};
use uuid::Uuid;
use wardgraph_kernel::Timestamp;
use wardgraph_store::ToSql;

use super::NewNode;
use crate::content;

/// The nodes that a statement was given, one row each in their order `n`.
macro_rules! input {
    () => {
        "input as materialized (
           select i.n, i.node_id, i.external_id, array(select jsonb_array_elements_text(i.classes)) as classes, i.props, i.payload_ref, i.metadata,
                  i.refresh_policy, i.triggers, i.content, i.size_bytes
           from unnest($2::uuid[], $3::text[], $4::jsonb[], $5::jsonb[], $6::text[], $7::jsonb[], $8::jsonb[], $9::jsonb[], $10::text[], $12::int[])
             with ordinality as i(node_id, external_id, classes, props, payload_ref, metadata, refresh_policy, triggers, content, size_bytes, n)
         )"
    };
}
pub(super) use input;

/// Nodes, column by column.
pub(super) struct Values<'a> {
    tenant: String,
    ids: Vec<Uuid>,
    now: Timestamp,
    external_ids: Vec<Option<&'a str>>,
    classes: Vec<Value>,
    props: Vec<Value>,
    payload_refs: Vec<Option<&'a str>>,
    metadata: Vec<Value>,
    refresh_policies: Vec<Value>,
    triggers: Vec<Value>,
    contents: Vec<Option<String>>,
    sizes: Vec<i32>,
}

impl<'a> Values<'a> {
    /// The values of `new`, each under its id.
    pub(super) fn of(tenant: String, ids: Vec<Uuid>, new: impl IntoIterator<Item = &'a NewNode>, now: Timestamp) -> Self {
        let mut values = Self {
            tenant,
            ids,
            now,
            external_ids: Vec::new(),
            classes: Vec::new(),
            props: Vec::new(),
            payload_refs: Vec::new(),
            metadata: Vec::new(),
            refresh_policies: Vec::new(),
            triggers: Vec::new(),
            contents: Vec::new(),
            sizes: Vec::new(),
        };
        let object = |object: &Map<String, Value>| Value::Object(object.clone());
        for node in new {
            values.external_ids.push(node.external_id.as_deref());
            values.classes.push(node.classes.clone().into());
            values.props.push(object(&node.props));
            values.payload_refs.push(node.payload_ref.as_deref());
            values.metadata.push(object(&node.metadata));
            values.refresh_policies.push(object(&node.refresh_policy));
            values.triggers.push(node.triggers.iter().map(object).collect());
            values.contents.push(content(&node.props));
            values.sizes.push(node.size_bytes());
        }
        values
    }

    /// The first twelve parameters.
    pub(super) fn params(&self) -> [&(dyn ToSql + Sync); 12] {
        [
            &self.tenant,
            &self.ids,
            &self.external_ids,
            &self.classes,
            &self.props,
            &self.payload_refs,
            &self.metadata,
            &self.refresh_policies,
            &self.triggers,
            &self.contents,
            &self.now,
            &self.sizes,
        ]
    }
}
