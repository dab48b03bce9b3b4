//! Batches of nodes: each item has its own result.

use std::collections::HashMap;

use serde_json::{Value, json};
use wardgraph_api::{
    FieldError, Json, Query,
    wire::node::{NodeBatch, NodeBatchResult, NodeItemResult, OnConflict, Storing},
};
use wardgraph_audit::Subject;
use wardgraph_gate::{Committed, Permit};
use wardgraph_graph::{
    There,
    node::{self, Stored},
    upsert_all,
};
use wardgraph_kernel::{Guards, NodeId, Write, field::CreatedAt};

use super::{
    cleaning::items_cleaned,
    items::{given, sorted},
    nodes::{domain, there},
    note_named_tenant, times, update_event,
};
use crate::{Failure, Services};

/// Of the tenant's nodes and of the shared ones.
pub(crate) async fn create_all<E: Guards<CreatedAt, Mode = Write, Output = Json<NodeBatchResult>>>(
    permit: Permit<E>,
    (Query(storing), Json(batch)): (Query<Storing>, Json<NodeBatch>),
    services: Services,
) -> Result<Committed<E>, Failure> {
    permit.charge_items(batch.nodes.len())?;
    let (now, chance, tenant) = (permit.now(), permit.chance(), permit.tenant().clone());
    if let Some(problem) = times::forbidden(&permit, batch.nodes.iter().any(|item| given(item).is_some())) {
        return Ok(permit.begin()?.refuse(problem).await?);
    }
    let is_upsert = storing.on_conflict == OnConflict::Update;
    let given: Vec<_> = batch.nodes.iter().map(given).collect();
    let leave = permit.leave();
    let (mut faults, valid, named) = sorted("nodes", batch.nodes, now, move |new| domain(new, leave)).await?;
    let (valid, pointers) = items_cleaned(&tenant, valid, &mut faults, "nodes").await?;
    let (valid, pointers) = if is_upsert { last_of_each(valid, pointers, &mut faults) } else { (valid, pointers) };
    let owner = permit.owner();
    let mut work = permit.begin()?;
    for named in std::iter::once(&batch.tenant_id).chain(&named) {
        note_named_tenant(&mut work, named, &tenant);
    }
    // The answer tells no content of what is kept: it need not be held.
    let there = there(storing.on_conflict, There::Named, services.most_versions);
    let stored = upsert_all(&mut work.tx(), &valid, there, now, &*chance).await?;
    services.backlog.admit_if(stored.iter().zip(&valid).any(|(stored, new)| stored.is_queued(new)), &owner)?;
    let mut stored = stored.into_iter().zip(pointers);
    // Results of valid items stand in their order; an item with faults has none.
    let result = |errors: Vec<FieldError>| match if errors.is_empty() { stored.next() } else { None } {
        Some((stored, cleaned)) => (change(&stored), told(stored, cleaned)),
        None => (None, NodeItemResult::Refused { errors }),
    };
    let (changes, results): (Vec<_>, Vec<_>) = faults.into_iter().map(result).unzip();
    let (mut subjects, mut created, mut updated, mut failed) = (Vec::<Subject>::new(), 0, 0, 0);
    for ((result, given), change) in results.iter().zip(given).zip(changes) {
        if let Some((id, change)) = change {
            work.changed_telling(update_event::<E>(), id, change);
        }
        match result {
            NodeItemResult::Created { id, .. } => {
                created += 1;
                match (given, E::SPEC.event) {
                    (Some(time), Some(event)) => work.changed_telling(event, *id, json!({ "created_at": time })),
                    _ => subjects.push((*id).into()),
                }
            }
            NodeItemResult::Updated { .. } => updated += 1,
            NodeItemResult::Unchanged { .. } => {}
            NodeItemResult::Exists { .. } => failed += usize::from(storing.on_conflict != OnConflict::Ignore),
            NodeItemResult::Refused { .. } => failed += 1,
        }
    }
    Ok(work.commit_all(subjects, Json(NodeBatchResult { created, updated, failed, results })).await?)
}

/// Where items replace what is there, of those of an external id that have no faults the last one counts, and the others are refused. `faults` are
/// those of all items.
fn last_of_each(
    valid: Vec<node::NewNode>,
    pointers: Vec<Vec<String>>,
    faults: &mut [Vec<FieldError>],
) -> (Vec<node::NewNode>, Vec<Vec<String>>) {
    let named = valid.iter().enumerate().filter_map(|(place, new)| Some((new.external_id.as_deref()?, place)));
    let last: HashMap<&str, usize> = named.collect();
    let counts = |(place, new): (usize, &node::NewNode)| {
        new.external_id.as_deref().and_then(|id| last.get(id)).is_none_or(|last| *last == place)
    };
    let count: Vec<bool> = valid.iter().enumerate().map(counts).collect();
    let without_faults = faults.iter_mut().enumerate().filter(|(_, faults)| faults.is_empty());
    for ((index, faults), _) in without_faults.zip(&count).filter(|(_, counts)| !**counts) {
        faults.push(FieldError::new(format!("/nodes/{index}/external_id"), "a later item of the batch has this external id"));
    }
    valid.into_iter().zip(pointers).zip(count).filter_map(|(item, counts)| counts.then_some(item)).unzip()
}

/// What the log is told of an item that changed a node.
fn change(stored: &Stored) -> Option<(NodeId, Value)> {
    match stored {
        Stored::Replaced(replaced) => replaced.changed.then(|| (replaced.node.id, replaced.told())),
        Stored::Created(_) | Stored::Exists(_) | Stored::Held(_) => None,
    }
}

/// What became of an item that is valid.
fn told(stored: Stored, cleaned: Vec<String>) -> NodeItemResult {
    match stored {
        Stored::Created(id) => NodeItemResult::Created { id, cleaned },
        Stored::Exists(id) => NodeItemResult::Exists { id },
        Stored::Held(node) => NodeItemResult::Exists { id: node.id },
        Stored::Replaced(replaced) => {
            let (id, version) = (replaced.node.id, replaced.node.version);
            if replaced.changed {
                NodeItemResult::Updated { id, version, cleaned }
            } else {
                NodeItemResult::Unchanged { id, version, cleaned }
            }
        }
    }
}
