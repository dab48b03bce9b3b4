//! Nodes.

use wardgraph_api::{
    Json, Path, Query, Stored, Tagged,
    table::graph::{CreateNode, CreateNodes, GetNode, ListNodes},
    validate::Faults,
    wire::node::{EmbeddingStatus, NewNode, Node, NodeBatch, NodeBatchResult, NodeFilter, NodeItemResult, NodePage},
};
use wardgraph_audit::Subject;
use wardgraph_gate::{Committed, Permit};
use wardgraph_graph::{
    listing,
    node::{self, Creation},
};
use wardgraph_kernel::NodeId;

use super::{note_named_tenant, page};
use crate::Failure;

pub(crate) async fn create(permit: Permit<CreateNode>, Json(new): Json<NewNode>) -> Result<Committed<CreateNode>, Failure> {
    let (now, chance, tenant) = (permit.now(), permit.chance(), permit.tenant().clone());
    let mut work = permit.begin()?;
    note_named_tenant(&mut work, &new.tenant_id, &tenant);
    let node = node::create(&mut work.tx(), domain(new), now, &*chance).await?;
    Ok(work.commit(node.id, Stored::Created(wire(node))).await?)
}

pub(crate) async fn create_all(
    permit: Permit<CreateNodes>,
    Json(batch): Json<NodeBatch>,
) -> Result<Committed<CreateNodes>, Failure> {
    permit.charge_items(batch.nodes.len())?;
    let (now, chance, tenant) = (permit.now(), permit.chance(), permit.tenant().clone());
    let mut work = permit.begin()?;
    let mut valid = Vec::new();
    let mut faults = Vec::new();
    for (index, new) in batch.nodes.into_iter().enumerate() {
        note_named_tenant(&mut work, &new.tenant_id, &tenant);
        let found = Faults::below(format!("/nodes/{index}"), &new);
        if found.is_empty() {
            valid.push(domain(new));
        }
        faults.push(found);
    }
    let mut created = node::create_all(&mut work.tx(), &valid, now, &*chance).await?.into_iter();
    // Results of valid items stand in their order; an item with faults has none.
    let result = |errors: Vec<_>| {
        let creation = if errors.is_empty() { created.next() } else { None };
        match creation {
            Some(Creation::Created(id)) => NodeItemResult::Created { id },
            Some(Creation::Exists(id)) => NodeItemResult::Exists { id },
            None => NodeItemResult::Refused { errors },
        }
    };
    let results: Vec<_> = faults.into_iter().map(result).collect();
    let subjects: Vec<Subject> = results.iter().filter_map(created_id).map(Subject::from).collect();
    let (created, failed) = (subjects.len(), results.len() - subjects.len());
    Ok(work.commit_all(subjects, Json(NodeBatchResult { created, failed, results })).await?)
}

pub(crate) async fn list(permit: Permit<ListNodes>, Query(query): Query<NodeFilter>) -> Result<Json<NodePage>, Failure> {
    let (size, after) = page("nodes", query.limit, query.cursor.as_deref())?;
    let filter = listing::Filter { class: query.class, external_id: query.external_id };
    let mut work = permit.begin()?;
    let found = listing::list(&mut work.once(), &filter, after, size).await?;
    let nodes: Vec<_> = found.items.into_iter().map(wire).collect();
    Ok(Json(NodePage { count: nodes.len(), nodes, next_cursor: found.next.map(|cursor| cursor.encode("nodes")) }))
}

pub(crate) async fn get(permit: Permit<GetNode>, Path(id): Path<NodeId>) -> Result<Tagged<Node>, Failure> {
    let mut work = permit.begin()?;
    Ok(Tagged(wire(node::get(&mut work.once(), id).await?)))
}

fn created_id(result: &NodeItemResult) -> Option<NodeId> {
    match result {
        NodeItemResult::Created { id } => Some(*id),
        NodeItemResult::Exists { .. } | NodeItemResult::Refused { .. } => None,
    }
}

pub(super) fn domain(new: NewNode) -> node::NewNode {
    let external_id = new.external_id().map(str::to_owned);
    node::NewNode {
        classes: new.classes,
        props: new.props,
        payload_ref: new.payload_ref,
        metadata: new.metadata,
        refresh_policy: new.refresh_policy,
        triggers: new.triggers,
        external_id,
    }
}

pub(super) fn wire(node: node::Node) -> Node {
    Node {
        id: node.id,
        tenant_id: node.tenant,
        external_id: node.external_id,
        classes: node.classes,
        props: node.props,
        payload_ref: node.payload_ref,
        metadata: node.metadata,
        refresh_policy: node.refresh_policy,
        triggers: node.triggers,
        version: node.version,
        embedding_status: match node.embedding_status.as_str() {
            "ready" => EmbeddingStatus::Ready,
            "failed" => EmbeddingStatus::Failed,
            "none" => EmbeddingStatus::None,
            _ => EmbeddingStatus::Queued,
        },
        created_at: node.created_at,
        updated_at: node.updated_at,
    }
}
