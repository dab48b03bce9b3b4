//! How far the tenant's nodes have come on their way to a vector, and another try for those that were given up. Those of shared nodes are in [`super::shared`].

use crate::{
    Json,
    wire::embedding::{EmbeddingState, Requeue, Requeued},
};

/// The body limit.
const SMALL: usize = 1 << 20;

crate::endpoints! {
    /// Tell how many of the tenant's nodes wait for a vector, have one, or were given up, and since when the queue waits.
    GetEmbeddingState: GET "/admin/embedding/status" (()) -> Json<EmbeddingState> {
        permission: AdminRefresh, limit: Read, body: 0,
    }
    /// Queue nodes again that the worker gave up on (`embedding_status` `failed`), all of them or those that are named, a bounded number at a time.
    RequeueEmbeddings: POST "/admin/embedding/requeue" (Json<Requeue>) -> Json<Requeued> {
        permission: AdminRefresh, limit: NodeWrite, audit: NodeRequeued, body: SMALL,
    }
}
