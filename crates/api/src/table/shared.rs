//! Shared nodes: every tenant reads them by the endpoints of its own nodes, and an administrator writes them by these.

use wardgraph_kernel::SharedNodeId;

use crate::{
    IfMatch, Json, NoContent, Path, Query, Stored, Tagged, Within,
    wire::{
        embedding::{EmbeddingState, Requeue, Requeued},
        node::{NewNode, Node, NodeBatch, NodeBatchResult, Storing},
        version::{NodePatch, NodeVersion, NodeVersionPage, SharedRestoration, VersionFilter, VersionNumber},
    },
};

/// The body limit of what brings back.
const SMALL: usize = 1 << 20;
/// The body limit of what carries content, one thing or many. What each may weigh is [`crate::validate::MAX_WEIGHT_BYTES`]: the same text may be sent
/// in six times as many octets as it has (`\u0041`).
const CONTENT: usize = 10 << 20;

crate::endpoints! {
    /// Create a node that every tenant reads (`tenant_id` null). External ids are unique among the shared nodes.
    /// 200, and not 201, for a node that was there already and was replaced or left as it is (`on_conflict`).
    /// `If-Match` goes with `on_conflict=update`, as for a tenant's nodes.
    CreateSharedNode: POST "/api/v1/shared/nodes" ((Query<Storing>, IfMatch, Json<NewNode>)) -> Stored<Node> {
        permission: SharedWrite, fields: [(CreatedAt, "created_at", AdminRefresh)], rows: Shared, limit: NodeWrite, audit: SharedNodeCreated, body: CONTENT,
    }
    /// Create up to 500 shared nodes. Each item has its own result.
    CreateSharedNodes: POST "/api/v1/shared/nodes/batch" ((Query<Storing>, Json<NodeBatch>)) -> Json<NodeBatchResult> {
        permission: SharedWrite, fields: [(CreatedAt, "nodes[].created_at", AdminRefresh)], rows: Shared, limit: NodeWrite, audit: SharedNodeCreated, body: CONTENT,
    }
    /// Change a shared node with a JSON Merge Patch (RFC 7396). What it was is kept as a version; what changes nothing makes none.
    PatchSharedNode: PATCH "/api/v1/shared/nodes/{id}" ((Path<SharedNodeId>, IfMatch, Json<NodePatch>)) -> Tagged<Node> {
        permission: SharedWrite, rows: Shared, limit: NodeWrite, audit: SharedNodeUpdated, body: CONTENT,
    }
    /// Replace all that a shared node is made of. What it was is kept as a version; what changes nothing makes none.
    ReplaceSharedNode: PUT "/api/v1/shared/nodes/{id}" ((Path<SharedNodeId>, IfMatch, Json<NewNode>)) -> Tagged<Node> {
        permission: SharedWrite, rows: Shared, limit: NodeWrite, audit: SharedNodeUpdated, body: CONTENT,
    }
    /// List what a shared node was, page by page: the version in force first. Tenants are shown that one alone.
    ListSharedNodeVersions: GET "/api/v1/shared/nodes/{id}/versions" ((Path<SharedNodeId>, Query<VersionFilter>)) -> Json<NodeVersionPage> {
        permission: SharedWrite, rows: Shared, limit: Read, body: 0,
    }
    /// Read what a shared node was in one version, or is. Tenants are shown the one in force alone.
    GetSharedNodeVersion: GET "/api/v1/shared/nodes/{id}/versions/{version}" ((Path<SharedNodeId>, Within<VersionNumber>)) -> Json<NodeVersion> {
        permission: SharedWrite, rows: Shared, limit: Read, body: 0,
    }
    /// Go back to an earlier version of a shared node, as a new one.
    RestoreSharedNode: POST "/api/v1/shared/nodes/{id}/restore" ((Path<SharedNodeId>, IfMatch, Json<SharedRestoration>)) -> Tagged<Node> {
        permission: SharedWrite, rows: Shared, limit: NodeWrite, audit: SharedNodeRestored, body: SMALL,
    }
    /// Delete a shared node for good, with its versions and embeddings. It cannot be brought back.
    DeleteSharedNode: DELETE "/api/v1/shared/nodes/{id}" ((Path<SharedNodeId>, IfMatch)) -> NoContent {
        permission: SharedWrite, rows: Shared, limit: NodeWrite, audit: SharedNodeDeleted, body: 0,
    }
    /// Tell how many of the shared nodes wait for a vector, have one, or were given up, and since when the queue waits.
    GetSharedEmbeddingState: GET "/api/v1/shared/embedding/status" (()) -> Json<EmbeddingState> {
        permission: SharedWrite, rows: Shared, limit: Read, body: 0,
    }
    /// Queue shared nodes again that the worker gave up on, all of them or those that are named, a bounded number at a time.
    RequeueSharedEmbeddings: POST "/api/v1/shared/embedding/requeue" (Json<Requeue>) -> Json<Requeued> {
        permission: SharedWrite, rows: Shared, limit: NodeWrite, audit: SharedNodeRequeued, body: SMALL,
    }
}
