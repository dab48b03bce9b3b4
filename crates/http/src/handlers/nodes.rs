//! Nodes.

use serde_json::json;
use wardgraph_api::{
    FieldError, IfMatch, Json, Path, Problem, Query, Stored, Tagged,
    table::graph::{GetNode, ListNodes},
    wire::node::{EmbeddingStatus, NewNode, Node, NodeFilter, NodePage, OnConflict, Order, Storing},
    wire::{Name, ObjectText},
};
use wardgraph_audit::Subject;
use wardgraph_gate::{Committed, Leave, Permit, Plan};
use wardgraph_graph::{
    GraphError, There,
    filter::Filter,
    listing::{self, Listing},
    node, upsert,
};
use wardgraph_kernel::{Guards, List, NodeId, Write, field::CreatedAt};

use super::{cleaning::cleaned, note_named_tenant, page, times, update_event, versions::meant};
use crate::{Failure, Services};

/// Of the tenant's nodes and of the shared ones.
pub(crate) async fn create<E: Guards<CreatedAt, Mode = Write, Output = Stored<Node>>>(
    permit: Permit<E>,
    (Query(storing), if_match, Json(new)): (Query<Storing>, IfMatch, Json<NewNode>),
    services: Services,
) -> Result<Committed<E>, Failure> {
    if if_match != IfMatch::Absent && storing.on_conflict != OnConflict::Update {
        let detail =
            "`If-Match` goes with `on_conflict=update`: what is created has no version before, and what is kept is not changed";
        return Err(Problem::malformed(detail).into());
    }
    if if_match == IfMatch::Absent && storing.on_conflict == OnConflict::Update && new.external_id().is_none() {
        let fault = FieldError::new("/external_id", "is needed with `on_conflict=update`, since it says which node is meant");
        return Err(Problem::invalid("see `errors`").fields(vec![fault]).into());
    }
    let owner = permit.owner();
    let (now, chance, tenant) = (permit.now(), permit.chance(), permit.tenant().clone());
    let (named, given) = (new.tenant_id.clone(), new.created_at);
    if let Some(problem) = times::forbidden(&permit, given.is_some()) {
        return Ok(permit.begin()?.refuse(problem).await?);
    }
    times::invalid(given, now)?;
    let (new, cleaned) = cleaned(&tenant, domain(new, permit.leave())).await?;
    let mut work = permit.begin()?;
    note_named_tenant(&mut work, &named, &tenant);
    if let Some(created_at) = given {
        work.explain(json!({ "created_at": created_at }));
    }
    let there = there(storing.on_conflict, There::Held, services.most_versions);
    let stored = if if_match == IfMatch::Absent {
        upsert(&mut work.tx(), &new, there, now, &*chance).await?
    } else {
        let replaced = node::replace_by_external_id(&mut work.tx(), &new, meant(&if_match), services.most_versions, now).await?;
        node::Stored::Replaced(Box::new(replaced))
    };
    services.backlog.admit_if(stored.is_queued(&new), &owner)?;
    let (subject, stored) = match stored {
        node::Stored::Created(id) => {
            let node = node::Node::created(owner.to_string(), id, new, now);
            (Some(Subject::from(id)), Stored::Created(wire(node)))
        }
        node::Stored::Exists(id) => return Err(GraphError::ExternalIdTaken(id).into()),
        node::Stored::Held(node) => (None, Stored::Found(wire(*node))),
        node::Stored::Replaced(replaced) => {
            if replaced.changed {
                work.changed_telling(update_event::<E>(), replaced.node.id, replaced.told());
            }
            (None, Stored::Found(wire(replaced.node)))
        }
    };
    Ok(work.commit_all(subject, with_cleaned(stored, cleaned)).await?)
}

/// What becomes of what is there already: what stays may be `there`, and of what is changed so much `keeps`.
pub(super) fn there<K>(on_conflict: OnConflict, there: There<K>, keeps: K) -> There<K> {
    match on_conflict {
        OnConflict::Error => There::Named,
        OnConflict::Ignore => there,
        OnConflict::Update => There::Changed(keeps),
    }
}

fn with_cleaned(stored: Stored<Node>, cleaned: Vec<String>) -> Stored<Node> {
    match stored {
        Stored::Created(node) => Stored::Created(Node { cleaned, ..node }),
        Stored::Found(node) => Stored::Found(Node { cleaned, ..node }),
    }
}

pub(crate) async fn list(permit: Permit<ListNodes>, Query(query): Query<NodeFilter>) -> Result<Json<NodePage>, Failure> {
    let (limit, cursor) = (query.limit, query.cursor.clone());
    let listing = Listing { shared: query.shared, down: query.order == Order::Desc, filter: filter(query) };
    let list = List { name: "nodes", tenant: permit.tenant().clone(), of: None }.asking(&listing);
    let (size, after) = page(&list, limit, cursor.as_deref())?;
    let mut work = permit.begin_planned(if listing.is_filtered() { Plan::Custom } else { Plan::Generic })?;
    let found = listing::list(&mut work.once(), &listing, after, size).await?;
    let nodes: Vec<_> = found.items.into_iter().map(wire).collect();
    Ok(Json(NodePage { count: nodes.len(), nodes, next_cursor: found.next.map(|cursor| cursor.encode(&list)) }))
}

pub(crate) async fn get(permit: Permit<GetNode>, Path(id): Path<NodeId>) -> Result<Tagged<Node>, Failure> {
    let mut work = permit.begin()?;
    Ok(Tagged(wire(node::get(&mut work.once(), id).await?)))
}

fn filter(query: NodeFilter) -> Filter {
    Filter {
        classes: query.class.into_iter().map(Name::into_text).collect(),
        external_id: query.external_id.map(Name::into_text),
        props: query.props.map(|ObjectText(object)| object),
        metadata: query.metadata.map(|ObjectText(object)| object),
        metadata_texts: serde_json::Map::new(),
        embedding_status: query.embedding_status.map(EmbeddingStatus::word),
        has_embedding: query.has_embedding,
        created_after: query.created_after,
        created_before: query.created_before,
        updated_after: query.updated_after,
        updated_before: query.updated_before,
    }
}

pub(super) fn domain(new: NewNode, leave: Option<Leave<CreatedAt>>) -> node::NewNode {
    let external_id = new.external_id().map(Name::into_text);
    node::NewNode {
        classes: new.classes.into_iter().map(Name::into_text).collect(),
        props: new.props,
        payload_ref: new.payload_ref,
        metadata: new.metadata,
        refresh_policy: new.refresh_policy,
        triggers: new.triggers,
        external_id,
        created_at: times::stored(new.created_at, leave),
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
        embedding_status: embedding_status(&node.embedding_status),
        created_at: node.created_at,
        updated_at: node.updated_at,
        cleaned: Vec::new(),
    }
}

pub(super) fn embedding_status(stored: &str) -> EmbeddingStatus {
    match stored {
        "ready" => EmbeddingStatus::Ready,
        "failed" => EmbeddingStatus::Failed,
        "none" => EmbeddingStatus::None,
        _ => EmbeddingStatus::Queued,
    }
}
