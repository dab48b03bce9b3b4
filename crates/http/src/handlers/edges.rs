//! Edges.

use wardgraph_api::{
    Created, FieldError, Json, NoContent, Path, Problem, Query,
    table::graph::{CreateEdge, CreateEdges, DeleteEdge, GetEdge, ListEdges},
    validate::Faults,
    wire::{
        Name, NamedTenant,
        edge::{Direction, Edge, EdgeBatch, EdgeBatchResult, EdgeFilter, EdgeItemResult, EdgePage, NewEdge},
    },
};
use wardgraph_audit::Subject;
use wardgraph_gate::{Committed, Permit};
use wardgraph_graph::edge::{self, Creation, End};
use wardgraph_kernel::{EdgeId, List, NodeId};

use super::{
    cleaning::{cleaned, items_cleaned},
    note_named_tenant, page,
};
use crate::Failure;

pub(crate) async fn create(permit: Permit<CreateEdge>, Json(new): Json<NewEdge>) -> Result<Committed<CreateEdge>, Failure> {
    let (now, chance, tenant) = (permit.now(), permit.chance(), permit.tenant().clone());
    let named = new.tenant_id.clone();
    let (new, cleaned) = cleaned(domain(new)).await?;
    let mut work = permit.begin()?;
    note_named_tenant(&mut work, &named, &tenant);
    let edge = edge::create(&mut work.tx(), new, now, &*chance).await?;
    Ok(work.commit(edge.id, Created(Edge { cleaned, ..wire(edge) })).await?)
}

pub(crate) async fn create_all(
    permit: Permit<CreateEdges>,
    Json(batch): Json<EdgeBatch>,
) -> Result<Committed<CreateEdges>, Failure> {
    permit.charge_items(batch.edges.len())?;
    let (now, chance, tenant) = (permit.now(), permit.chance(), permit.tenant().clone());
    let sorted = tokio::task::spawn_blocking(move || sorted(batch)).await;
    let (mut faults, valid, named) = sorted.map_err(|_| Problem::internal("the items could not be looked at"))?;
    let (valid, pointers) = items_cleaned(valid, &mut faults, "edges").await?;
    let mut work = permit.begin()?;
    for named in &named {
        note_named_tenant(&mut work, named, &tenant);
    }
    let mut created = edge::create_all(&mut work.tx(), &valid, now, &*chance).await?.into_iter().zip(pointers);
    let result = |(index, errors): (usize, Vec<FieldError>)| {
        let creation = if errors.is_empty() { created.next() } else { None };
        match creation {
            Some((Creation::Created { id, .. }, cleaned)) => EdgeItemResult::Created { id, cleaned },
            Some((Creation::Exists(id), _)) => EdgeItemResult::Exists { id },
            Some((Creation::NoEnd(end), _)) => EdgeItemResult::Refused {
                errors: vec![FieldError { field: format!("/edges/{index}/{end}"), detail: "is no node of this tenant".into() }],
            },
            None => EdgeItemResult::Refused { errors },
        }
    };
    let results: Vec<_> = faults.into_iter().enumerate().map(result).collect();
    let subject = |result: &EdgeItemResult| match result {
        EdgeItemResult::Created { id, .. } => Some(Subject::from(*id)),
        EdgeItemResult::Exists { .. } | EdgeItemResult::Refused { .. } => None,
    };
    let subjects: Vec<_> = results.iter().filter_map(subject).collect();
    let (created, failed) = (subjects.len(), results.len() - subjects.len());
    Ok(work.commit_all(subjects, Json(EdgeBatchResult { created, failed, results })).await?)
}

/// What is wrong with each item, those with nothing wrong, and the tenants that were named. It takes as long as the batch is large.
fn sorted(batch: EdgeBatch) -> (Vec<Vec<FieldError>>, Vec<edge::NewEdge>, Vec<NamedTenant>) {
    let (mut faults, mut valid, mut named) = (Vec::new(), Vec::new(), vec![batch.tenant_id]);
    for (index, new) in batch.edges.into_iter().enumerate() {
        named.push(new.tenant_id.clone());
        let found = Faults::below(format!("/edges/{index}"), &new);
        if found.is_empty() {
            valid.push(domain(new));
        }
        faults.push(found);
    }
    (faults, valid, named)
}

pub(crate) async fn list(permit: Permit<ListEdges>, Query(query): Query<EdgeFilter>) -> Result<Json<EdgePage>, Failure> {
    let list = List { name: "edges", tenant: permit.tenant().clone(), of: None };
    let (size, after) = page(&list, query.limit, query.cursor.as_deref())?;
    let direction = match query.direction {
        Some(Direction::In) => edge::Direction::In,
        Some(Direction::Out) | None => edge::Direction::Out,
    };
    let filter = edge::Filter { at: query.node_id.map(|node| (node, direction)), rel: query.rel.map(Name::into_text) };
    let mut work = permit.begin()?;
    let found = edge::list(&mut work.once(), &filter, after, size).await?;
    let edges: Vec<_> = found.items.into_iter().map(wire).collect();
    Ok(Json(EdgePage { count: edges.len(), edges, next_cursor: found.next.map(|cursor| cursor.encode(&list)) }))
}

pub(crate) async fn get(permit: Permit<GetEdge>, Path(id): Path<EdgeId>) -> Result<Json<Edge>, Failure> {
    let mut work = permit.begin()?;
    Ok(Json(wire(edge::get(&mut work.once(), id).await?)))
}

pub(crate) async fn delete(permit: Permit<DeleteEdge>, Path(id): Path<EdgeId>) -> Result<Committed<DeleteEdge>, Failure> {
    let mut work = permit.begin()?;
    edge::delete(&mut work.tx(), id).await?;
    Ok(work.commit(id, NoContent).await?)
}

fn domain(new: NewEdge) -> edge::NewEdge {
    edge::NewEdge {
        src: end(new.src, new.src_external_id),
        rel: new.rel.into_text(),
        dst: end(new.dst, new.dst_external_id),
        props: new.props,
    }
}

/// One of the two is there, as was checked; a name that is empty would be no node's.
fn end(id: Option<NodeId>, external_id: Option<Name>) -> End {
    id.map_or_else(|| End::ExternalId(external_id.unwrap_or_default().into_text()), End::Id)
}

fn wire(edge: edge::Edge) -> Edge {
    Edge {
        id: edge.id,
        tenant_id: edge.tenant,
        src: edge.src,
        rel: edge.rel,
        dst: edge.dst,
        props: edge.props,
        created_at: edge.created_at,
        cleaned: Vec::new(),
    }
}
