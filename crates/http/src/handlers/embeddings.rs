//! What became of nodes' embeddings, how far they have come, and another try for those that were given up.

use serde_json::json;
use wardgraph_api::{
    Json, Path, Query,
    table::graph::ListNodeEmbeddings,
    wire::{
        embedding::{
            EmbeddingFilter, EmbeddingState, MOST_REQUEUED, NodeEmbedding, NodeEmbeddings, QueueCounts, Requeue, Requeued,
            StatusCounts,
        },
        node::EmbeddingStatus,
    },
};
use wardgraph_audit::Subject;
use wardgraph_gate::{Committed, Permit, Plan};
use wardgraph_graph::embedding;
use wardgraph_kernel::{Endpoint, NodeId, Owner, Read, Write};

use super::{nodes::embedding_status, note_named_tenant};
use crate::{Failure, Services};

pub(crate) async fn list(
    permit: Permit<ListNodeEmbeddings>,
    (Path(id), Query(filter)): (Path<NodeId>, Query<EmbeddingFilter>),
) -> Result<Json<NodeEmbeddings>, Failure> {
    let mut work = permit.begin()?;
    let told = embedding::history(&mut work.once(), id, filter.limit).await?;
    let embeddings: Vec<_> = told.entries.into_iter().map(wire).collect();
    Ok(Json(NodeEmbeddings {
        node_id: id,
        status: embedding_status(&told.status),
        last_error: embeddings.first().and_then(|newest| newest.error.clone()),
        count: embeddings.len(),
        embeddings,
    }))
}

fn wire(entry: embedding::Embedding) -> NodeEmbedding {
    NodeEmbedding {
        model: entry.model,
        status: if entry.error.is_none() { EmbeddingStatus::Ready } else { EmbeddingStatus::Failed },
        embedded_at: entry.at,
        drift_score: entry.drift,
        error: entry.error,
    }
}

/// Of the tenant's nodes and of the shared ones.
pub(crate) async fn state<E: Endpoint<Mode = Read, Output = Json<EmbeddingState>>>(
    permit: Permit<E>,
    (): (),
) -> Result<Json<EmbeddingState>, Failure> {
    let (now, owner) = (permit.now(), permit.owner());
    let mut work = permit.begin_planned(Plan::Indexed)?;
    let state = embedding::state(&mut work.once(), now).await?;
    Ok(Json(EmbeddingState {
        tenant_id: match owner {
            Owner::Tenant(tenant) => Some(tenant.to_string()),
            Owner::Shared => None,
        },
        status_counts: StatusCounts {
            none: state.without_text,
            queued: state.due + state.later,
            ready: state.ready,
            failed: state.given_up,
        },
        queue: QueueCounts { queue: state.due, retry: state.later, dlq: state.given_up },
        oldest_waiting: state.oldest_due,
    }))
}

/// Of the tenant's nodes and of the shared ones.
pub(crate) async fn requeue<E: Endpoint<Mode = Write, Output = Json<Requeued>>>(
    permit: Permit<E>,
    Json(asked): Json<Requeue>,
    services: Services,
) -> Result<Committed<E>, Failure> {
    let (now, tenant, owner) = (permit.now(), permit.tenant().clone(), permit.owner());
    let most = asked.limit.unwrap_or(MOST_REQUEUED);
    let at_most = usize::try_from(most).unwrap_or(usize::MAX);
    let named = asked.node_ids;
    let mut work = permit.begin()?;
    note_named_tenant(&mut work, &asked.tenant_id, &tenant);
    let requeued = embedding::requeue(&mut work.tx(), named.as_deref(), most, now).await?;
    services.backlog.admit_if(!requeued.nodes.is_empty(), &owner)?;
    let was = json!({ "embedding_status": EmbeddingStatus::Failed });
    work.explain(json!({ "before": was, "after": { "embedding_status": EmbeddingStatus::Queued } }));
    let answer =
        Requeued { requested: named.map_or(requeued.met, |named| named.len().min(at_most)), enqueued: requeued.nodes.len() };
    Ok(work.commit_all(requeued.nodes.into_iter().map(Subject::from), Json(answer)).await?)
}
