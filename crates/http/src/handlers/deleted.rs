//! Which deleted nodes can be brought back.

use wardgraph_api::{
    Json, Query,
    table::graph::ListDeletedNodes,
    wire::{
        Name,
        deleted::{DeletedNode, DeletedNodeFilter, DeletedNodePage},
    },
};
use wardgraph_gate::Permit;
use wardgraph_graph::node;
use wardgraph_kernel::List;

use super::page;
use crate::Failure;

pub(crate) async fn list(
    permit: Permit<ListDeletedNodes>,
    Query(query): Query<DeletedNodeFilter>,
) -> Result<Json<DeletedNodePage>, Failure> {
    let (now, external_id) = (permit.now(), query.external_id.map(Name::into_text));
    let list = List { name: "deleted nodes", tenant: permit.tenant().clone(), of: None }.asking(&external_id);
    let (size, after) = page(&list, query.limit, query.cursor.as_deref())?;
    let mut work = permit.begin()?;
    let found = node::deleted(&mut work.once(), external_id.as_deref(), after, size, now).await?;
    let nodes: Vec<_> = found.items.into_iter().map(wire).collect();
    Ok(Json(DeletedNodePage { count: nodes.len(), nodes, next_cursor: found.next.map(|cursor| cursor.encode(&list)) }))
}

fn wire(node: node::DeletedNode) -> DeletedNode {
    DeletedNode {
        id: node.id,
        external_id: node.external_id,
        classes: node.classes,
        version: node.version,
        created_at: node.created_at,
        deleted_at: node.deleted_at,
        purge_at: node.purge_at,
    }
}
