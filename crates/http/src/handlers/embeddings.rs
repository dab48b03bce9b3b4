//! What became of nodes' embeddings.

use wardgraph_api::{
    Json, Path, Query,
    table::graph::ListNodeEmbeddings,
    wire::{
        embedding::{EmbeddingFilter, NodeEmbedding, NodeEmbeddings},
        node::EmbeddingStatus,
    },
};
use wardgraph_gate::Permit;
use wardgraph_graph::embedding;
use wardgraph_kernel::NodeId;

use super::nodes::embedding_status;
use crate::Failure;

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
