//! Nodes, edges, their events, and search.

use wardgraph_kernel::NodeId;

use crate::{
    Created, Json, NoContent, Path, Query,
    wire::{
        edge::{Edge, EdgeBatch, EdgeBatchResult, EdgeFilter, EdgePage, NewEdge},
        embedding::NodeEmbeddings,
        event::{EventFilter, EventPage},
        node::{NewNode, Node, NodeBatch, NodeBatchResult, NodeFilter, NodePage},
        search::{SearchRequest, SearchResponse},
    },
};

/// The body limit of single things and searches.
const SMALL: usize = 1 << 20;
/// The body limit of batches.
const LARGE: usize = 10 << 20;

crate::endpoints! {
    /// Create a node. It becomes searchable by its words at once and by meaning as soon as its embedding is ready.
    CreateNode: POST "/nodes" (Json<NewNode>) -> Created<Node> {
        permission: NodesWrite, limit: NodeWrite, audit: NodeCreated, body: SMALL,
    }
    /// Create up to 500 nodes. Each item has its own result: one whose values are refused does not stop the others; one of a wrong JSON
    /// type makes the whole body unreadable.
    CreateNodes: POST "/nodes/batch" (Json<NodeBatch>) -> Json<NodeBatchResult> {
        permission: NodesWrite, limit: NodeWrite, audit: NodeCreated, body: LARGE,
    }
    /// List nodes, oldest first, page by page.
    ListNodes: GET "/nodes" (Query<NodeFilter>) -> Json<NodePage> {
        permission: NodesRead, limit: Read, body: 0,
    }
    /// Read a node: the tenant's own, or a shared one (`tenant_id` null).
    GetNode: GET "/nodes/{id}" (Path<NodeId>) -> Json<Node> {
        permission: NodesRead, limit: Read, body: 0,
    }
    /// Tell what became of a node's embeddings, the newest first: with which model, when, how far the vector moved, and why one failed.
    ListNodeEmbeddings: GET "/nodes/{id}/embeddings" (Path<NodeId>) -> Json<NodeEmbeddings> {
        permission: NodesRead, limit: Read, body: 0,
    }
    /// Delete a node with its edges and embeddings.
    DeleteNode: DELETE "/nodes/{id}" (Path<NodeId>) -> NoContent {
        permission: NodesWrite, limit: NodeWrite, audit: NodeDeleted, body: 0,
    }
    /// Create an edge between two nodes of the tenant.
    CreateEdge: POST "/edges" (Json<NewEdge>) -> Created<Edge> {
        permission: EdgesWrite, limit: NodeWrite, audit: EdgeCreated, body: SMALL,
    }
    /// Create up to 2,000 edges. Each item has its own result.
    CreateEdges: POST "/edges/batch" (Json<EdgeBatch>) -> Json<EdgeBatchResult> {
        permission: EdgesWrite, limit: NodeWrite, audit: EdgeCreated, body: LARGE,
    }
    /// List edges, of the tenant or at one node, page by page.
    ListEdges: GET "/edges" (Query<EdgeFilter>) -> Json<EdgePage> {
        permission: EdgesRead, limit: Read, body: 0,
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
