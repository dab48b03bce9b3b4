//! Edges.

use serde_json::json;
use wardgraph_api::{
    FieldError, Json, NoContent, Path, Placed, Problem, Query,
    table::graph::{CreateEdge, CreateEdges, DeleteEdge, GetEdge, ListEdges},
    wire::{
        Name,
        edge::{Edge, EdgeBatch, EdgeBatchResult, EdgeFilter, EdgeItemResult, EdgePage, EdgeStoring, NewEdge},
        node::OnConflict,
        relation::Directions,
    },
};
use wardgraph_audit::Subject;
use wardgraph_gate::{Committed, Leave, Permit, Work};
use wardgraph_graph::{
    GraphError, There,
    edge::{self, End, Replaced, Stored},
    upsert, upsert_all,
};
use wardgraph_kernel::{EdgeId, Endpoint, EventType, List, NodeId, Write, field::CreatedAt};

use super::{
    cleaning::{cleaned, items_cleaned},
    items::{given, sorted},
    nodes::there,
    note_named_tenant, page,
    relations::direction,
    times,
};
use crate::Failure;

pub(crate) async fn create(
    permit: Permit<CreateEdge>,
    (Query(storing), Json(new)): (Query<EdgeStoring>, Json<NewEdge>),
) -> Result<Committed<CreateEdge>, Failure> {
    let (now, chance, tenant) = (permit.now(), permit.chance(), permit.tenant().clone());
    let (named, given) = (new.tenant_id.clone(), new.created_at);
    if let Some(problem) = times::forbidden(&permit, given.is_some()) {
        return Ok(permit.begin()?.refuse(problem).await?);
    }
    times::invalid(given, now)?;
    let (new, cleaned) = cleaned(&tenant, domain(new, permit.leave())).await?;
    let mut work = permit.begin()?;
    note_named_tenant(&mut work, &named, &tenant);
    let there = there(storing.on_conflict, There::Held, ());
    let (is_new, edge) = match upsert(&mut work.tx(), &new, there, now, &*chance).await? {
        Stored::Created(created) => (true, edge::Edge::created(tenant.to_string(), created, new)),
        Stored::Held(edge) => (false, *edge),
        Stored::Replaced(replaced) => {
            note_changed(&mut work, &replaced);
            (false, replaced.edge)
        }
        Stored::Exists { id, .. } => return Err(GraphError::EdgeExists(id).into()),
        Stored::NoEnd(field) => return Err(GraphError::NoEnd { field }.into()),
        Stored::Superseded => return Err(Problem::internal("one edge cannot be superseded by itself").into()),
    };
    if given.is_some() {
        work.explain(json!({ "created_at": edge.created_at }));
    }
    let subject = is_new.then(|| Subject::from(edge.id));
    let edge = Edge { cleaned, ..wire(edge) };
    Ok(work.commit_all(subject, if is_new { Placed::Created(edge) } else { Placed::Found(edge) }).await?)
}

pub(crate) async fn create_all(
    permit: Permit<CreateEdges>,
    (Query(storing), Json(batch)): (Query<EdgeStoring>, Json<EdgeBatch>),
) -> Result<Committed<CreateEdges>, Failure> {
    permit.charge_items(batch.edges.len())?;
    let (now, chance, tenant) = (permit.now(), permit.chance(), permit.tenant().clone());
    if let Some(problem) = times::forbidden(&permit, batch.edges.iter().any(|item| given(item).is_some())) {
        return Ok(permit.begin()?.refuse(problem).await?);
    }
    let dated: Vec<_> = batch.edges.iter().map(|item| given(item).is_some()).collect();
    let leave = permit.leave();
    let (mut faults, valid, named) = sorted("edges", batch.edges, now, move |new| domain(new, leave)).await?;
    let (valid, pointers) = items_cleaned(&tenant, valid, &mut faults, "edges").await?;
    let mut work = permit.begin()?;
    for named in std::iter::once(&batch.tenant_id).chain(&named) {
        note_named_tenant(&mut work, named, &tenant);
    }
    // The answer tells no content of what is kept: it need not be held.
    let there = there(storing.on_conflict, There::Named, ());
    let mut stored = upsert_all(&mut work.tx(), &valid, there, now, &*chance).await?.into_iter().zip(pointers);
    let (mut subjects, mut answer) = (Vec::<Subject>::new(), EdgeBatchResult::default());
    for ((index, errors), is_dated) in faults.into_iter().enumerate().zip(dated) {
        let result = match if errors.is_empty() { stored.next() } else { None } {
            Some((stored, cleaned)) => {
                note(&mut work, &stored, is_dated, &mut subjects);
                told(stored, index, cleaned)
            }
            None => EdgeItemResult::Refused { errors },
        };
        match &result {
            EdgeItemResult::Created { .. } => answer.created += 1,
            EdgeItemResult::Updated { .. } => answer.updated += 1,
            EdgeItemResult::Unchanged { .. } => {}
            EdgeItemResult::Exists { .. } => answer.failed += usize::from(storing.on_conflict != OnConflict::Ignore),
            EdgeItemResult::Refused { .. } => answer.failed += 1,
        }
        answer.results.push(result);
    }
    Ok(work.commit_all(subjects, Json(answer)).await?)
}

/// Has on record what became of an item: what is new with its age, where that was given.
fn note<E: Endpoint<Mode = Write>>(work: &mut Work<E>, stored: &Stored, is_dated: bool, subjects: &mut Vec<Subject>) {
    match stored {
        Stored::Created(created) if is_dated => {
            work.changed_telling(EventType::EdgeCreated, created.id, json!({ "created_at": created.created_at }));
        }
        Stored::Created(created) => subjects.push(created.id.into()),
        Stored::Replaced(replaced) => note_changed(work, replaced),
        Stored::Exists { .. } | Stored::Held(_) | Stored::NoEnd(_) | Stored::Superseded => {}
    }
}

/// What became of an item that is valid.
fn told(stored: Stored, index: usize, cleaned: Vec<String>) -> EdgeItemResult {
    match stored {
        Stored::Created(created) => EdgeItemResult::Created { id: created.id, cleaned },
        Stored::Exists { id, differs } => EdgeItemResult::Exists { id, differs },
        Stored::Held(edge) => EdgeItemResult::Exists { id: edge.id, differs: false },
        Stored::Replaced(replaced) if replaced.changed => EdgeItemResult::Updated { id: replaced.edge.id, cleaned },
        Stored::Replaced(replaced) => EdgeItemResult::Unchanged { id: replaced.edge.id, cleaned },
        Stored::NoEnd(end) => refused(format!("/edges/{index}/{end}"), "is no node of this tenant"),
        Stored::Superseded => refused(format!("/edges/{index}"), "a later item of the batch is the same edge"),
    }
}

fn refused(field: String, detail: &str) -> EdgeItemResult {
    EdgeItemResult::Refused { errors: vec![FieldError::new(field, detail)] }
}

/// Has on record that an edge has other props, and nothing that they could be guessed by: the log outlives what it speaks of, and is read by
/// those who may not read edges.
fn note_changed<E: Endpoint<Mode = Write>>(work: &mut Work<E>, replaced: &Replaced) {
    if replaced.changed {
        work.changed_telling(EventType::EdgeUpdated, replaced.edge.id, json!({ "changed": ["props"] }));
    }
}

pub(crate) async fn list(permit: Permit<ListEdges>, Query(query): Query<EdgeFilter>) -> Result<Json<EdgePage>, Failure> {
    let direction = direction(query.direction.unwrap_or(Directions::Out));
    let filter = edge::Filter { at: query.node_id.map(|node| (node, direction)), rel: query.rel.map(Name::into_text) };
    let list = List { name: "edges", tenant: permit.tenant().clone(), of: None }.asking(&filter);
    let (size, after) = page(&list, query.limit, query.cursor.as_deref())?;
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

fn domain(new: NewEdge, leave: Option<Leave<CreatedAt>>) -> edge::NewEdge {
    edge::NewEdge {
        src: end(new.src, new.src_external_id),
        rel: new.rel.into_text(),
        dst: end(new.dst, new.dst_external_id),
        props: new.props,
        created_at: times::stored(new.created_at, leave),
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
