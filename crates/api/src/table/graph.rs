//! Nodes, edges, their events, and search.

use wardgraph_kernel::{EdgeId, NodeId};

use crate::{
    IfMatch, Json, NoContent, Path, Placed, Query, Stored, Tagged, Within,
    wire::{
        deleted::{DeletedNodeFilter, DeletedNodePage},
        edge::{Edge, EdgeBatch, EdgeBatchResult, EdgeFilter, EdgePage, EdgeStoring, NewEdge},
        embedding::{EmbeddingFilter, NodeEmbeddings},
        event::{EventFilter, EventPage},
        node::{NewNode, Node, NodeBatch, NodeBatchResult, NodeFilter, NodePage, Storing},
        relation::{Cleared, EdgeClearing, Lineage, LineageQuery, NeighbourFilter, NeighbourPage},
        search::{SearchRequest, SearchResponse},
        version::{Deletion, NodePatch, NodeVersion, NodeVersionPage, Restoration, VersionFilter, VersionNumber},
    },
};

/// The body limit of searches and of what brings back.
const SMALL: usize = 1 << 20;
/// The body limit of what carries content, one thing or many. What each may weigh is [`crate::validate::MAX_WEIGHT_BYTES`]: the same text may be sent
/// in six times as many octets as it has (`\u0041`).
const CONTENT: usize = 10 << 20;

crate::endpoints! {
    /// Create a node. It becomes searchable by its words at once and by meaning as soon as its embedding is ready.
    /// 200, and not 201, for a node that was there already and was replaced or left as it is (`on_conflict`). `If-Match` goes with
    /// `on_conflict=update`: nothing is created then, and 412 says that no node has the external id, or one of another version.
    CreateNode: POST "/nodes" ((Query<Storing>, IfMatch, Json<NewNode>)) -> Stored<Node> {
        permission: NodesWrite, fields: [(CreatedAt, "created_at", AdminRefresh)], limit: NodeWrite, audit: NodeCreated, body: CONTENT,
    }
    /// Create up to 500 nodes. Each item has its own result: one that is refused, or that cannot be read, does not stop the others.
    CreateNodes: POST "/nodes/batch" ((Query<Storing>, Json<NodeBatch>)) -> Json<NodeBatchResult> {
        permission: NodesWrite, fields: [(CreatedAt, "nodes[].created_at", AdminRefresh)], limit: NodeWrite, audit: NodeCreated, body: CONTENT,
    }
    /// List nodes, in the order in which they were written here, page by page.
    ListNodes: GET "/nodes" (Query<NodeFilter>) -> Json<NodePage> {
        permission: NodesRead, limit: Read, body: 0,
    }
    /// Read a node: the tenant's own, or a shared one (`tenant_id` null).
    GetNode: GET "/nodes/{id}" (Path<NodeId>) -> Tagged<Node> {
        permission: NodesRead, on: id, limit: Read, body: 0,
    }
    /// Tell what became of a node's embeddings, the newest first: with which model, when, how far the vector moved, and why one failed.
    ListNodeEmbeddings: GET "/nodes/{id}/embeddings" ((Path<NodeId>, Query<EmbeddingFilter>)) -> Json<NodeEmbeddings> {
        permission: NodesRead, on: id, limit: Read, body: 0,
    }
    /// Change a node with a JSON Merge Patch (RFC 7396). What it was is kept as a version; what changes nothing makes none.
    PatchNode: PATCH "/nodes/{id}" ((Path<NodeId>, IfMatch, Json<NodePatch>)) -> Tagged<Node> {
        permission: NodesWrite, on: id, limit: NodeWrite, audit: NodeUpdated, body: CONTENT,
    }
    /// Replace all that a node is made of. What it was is kept as a version; what changes nothing makes none.
    ReplaceNode: PUT "/nodes/{id}" ((Path<NodeId>, IfMatch, Json<NewNode>)) -> Tagged<Node> {
        permission: NodesWrite, on: id, limit: NodeWrite, audit: NodeUpdated, body: CONTENT,
    }
    /// Delete a node with its edges and embeddings. It can be brought back with them until its grace period is over.
    /// `hard` erases it at once, and with it the answers that are kept for an `Idempotency-Key` and tell of it.
    DeleteNode: DELETE "/nodes/{id}" ((Path<NodeId>, IfMatch, Query<Deletion>)) -> NoContent {
        permission: NodesWrite, on: id, limit: NodeWrite, audit: NodeDeleted, body: 0,
    }
    /// List what a node was, page by page: the version in force first.
    /// Of those before it the latest are kept, as many as the operator says, until the node is purged: `oldest_version` tells which is the first.
    ListNodeVersions: GET "/nodes/{id}/versions" ((Path<NodeId>, Query<VersionFilter>)) -> Json<NodeVersionPage> {
        permission: NodesRead, on: id, limit: Read, body: 0,
    }
    /// Read what a node was in one version, or is. 404 for a version that it never had, and for one that is not kept any more.
    GetNodeVersion: GET "/nodes/{id}/versions/{version}" ((Path<NodeId>, Within<VersionNumber>)) -> Json<NodeVersion> {
        permission: NodesRead, on: id, limit: Read, body: 0,
    }
    /// Go back to an earlier version, as a new one; or, without `version`, bring a deleted node back with its edges.
    RestoreNode: POST "/nodes/{id}/restore" ((Path<NodeId>, IfMatch, Json<Restoration>)) -> Tagged<Node> {
        permission: NodesWrite, on: id, limit: NodeWrite, audit: NodeRestored, body: SMALL,
    }
    /// List the deleted nodes that can still be brought back, page by page.
    /// It tells what they are called, when they were deleted and until when they are kept, and nothing of what they hold.
    ListDeletedNodes: GET "/nodes/deleted" (Query<DeletedNodeFilter>) -> Json<DeletedNodePage> {
        permission: NodesWrite, limit: Read, body: 0,
    }
    /// Create an edge between two nodes of the tenant.
    /// 200, and not 201, for an edge that was there already and got these props or was left as it is (`on_conflict`).
    CreateEdge: POST "/edges" ((Query<EdgeStoring>, Json<NewEdge>)) -> Placed<Edge> {
        permission: EdgesWrite, fields: [(CreatedAt, "created_at", AdminRefresh)], limit: NodeWrite, audit: EdgeCreated, body: CONTENT,
    }
    /// Create up to 2,000 edges. Each item has its own result.
    CreateEdges: POST "/edges/batch" ((Query<EdgeStoring>, Json<EdgeBatch>)) -> Json<EdgeBatchResult> {
        permission: EdgesWrite, fields: [(CreatedAt, "edges[].created_at", AdminRefresh)], limit: NodeWrite, audit: EdgeCreated, body: CONTENT,
    }
    /// List edges, of the tenant or at one node (those that leave it, unless `direction` says otherwise), page by page.
    ListEdges: GET "/edges" (Query<EdgeFilter>) -> Json<EdgePage> {
        permission: EdgesRead, limit: Read, body: 0,
    }
    /// Read an edge.
    GetEdge: GET "/edges/{id}" (Path<EdgeId>) -> Json<Edge> {
        permission: EdgesRead, on: id, limit: Read, body: 0,
    }
    /// Delete an edge.
    DeleteEdge: DELETE "/edges/{id}" (Path<EdgeId>) -> NoContent {
        permission: EdgesWrite, on: id, limit: NodeWrite, audit: EdgeDeleted, body: 0,
    }
    /// Delete edges of a node, the first written ones first, a bounded number at a time: for nodes that have more than are deleted with them.
    ClearEdges: DELETE "/nodes/{id}/edges" ((Path<NodeId>, Query<EdgeClearing>)) -> Json<Cleared> {
        permission: EdgesWrite, limit: NodeWrite, audit: EdgeDeleted, body: 0,
    }
    /// List the nodes at the other ends of a node's edges, each with its edge, page by page. What describes the edges is shown with
    /// `edges:read`, and is null without.
    ListNeighbours: GET "/nodes/{id}/neighbors" ((Path<NodeId>, Query<NeighbourFilter>)) -> Json<NeighbourPage> {
        permission: NodesRead, fields: [(EdgeProps, "neighbors[].edge.props", EdgesRead)], limit: Read, body: 0,
    }
    /// Where a node comes from: what it was derived from, what that was derived from, and so on, each node once.
    /// What describes the edges is shown with `edges:read`, and is null without.
    GetLineage: GET "/lineage/{id}" ((Path<NodeId>, Query<LineageQuery>)) -> Json<Lineage> {
        permission: NodesRead, fields: [(EdgeProps, "ancestors[].edge_props", EdgesRead)], limit: Read, body: 0,
    }
    /// List the tenant's events, newest first.
    ListEvents: GET "/events" (Query<EventFilter>) -> Json<EventPage> {
        permission: EventsRead, limit: Read, body: 0,
    }
    /// Search nodes by meaning, by words, or by both.
    Search: POST "/search" (Json<SearchRequest>) -> Json<SearchResponse> {
        permission: SearchRead, limit: Search, body: SMALL,
    }
}
