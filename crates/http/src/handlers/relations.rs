//! What lies around a node.

use wardgraph_api::{
    Json, Path, Query,
    table::graph::{ClearEdges, GetLineage, ListNeighbours},
    wire::{
        Name,
        edge::Direction,
        relation::{
            Ancestor, Cleared, Directions, EdgeClearing, Lineage, LineageQuery, Neighbour, NeighbourEdge, NeighbourFilter,
            NeighbourPage,
        },
    },
};
use wardgraph_audit::Subject;
use wardgraph_gate::{Committed, Leave, Permit};
use wardgraph_graph::{
    edge,
    lineage::{self, DERIVED_FROM, MOST_NODES, Reached, Walk},
    neighbours,
};
use wardgraph_kernel::{List, NodeId, field::EdgeProps};

use super::{nodes, page};
use crate::Failure;

/// How many edges are deleted unless another number is asked.
const CLEARED: i64 = 1_000;
/// How far lineage goes unless it is asked to go elsewhere.
const DEPTH: i32 = 5;

pub(crate) async fn neighbours(
    permit: Permit<ListNeighbours>,
    (Path(id), Query(query)): (Path<NodeId>, Query<NeighbourFilter>),
) -> Result<Json<NeighbourPage>, Failure> {
    let filter = neighbours::Filter {
        direction: direction(query.direction),
        rel: query.rel.map(Name::into_text),
        class: query.class.map(Name::into_text),
    };
    let list = List { name: "neighbors", tenant: permit.tenant().clone(), of: Some(id.uuid()) }.asking(&filter);
    let (size, after) = page(&list, query.limit, query.cursor.as_deref())?;
    let leave = permit.leave();
    let mut work = permit.begin()?;
    let found = neighbours::list(&mut work.once(), id, &filter, after, size).await?;
    let neighbors: Vec<_> = found.items.into_iter().map(|found| neighbour(found, leave)).collect();
    let next_cursor = found.next.map(|cursor| cursor.encode(&list));
    Ok(Json(NeighbourPage { count: neighbors.len(), neighbors, next_cursor }))
}

pub(crate) async fn lineage(
    permit: Permit<GetLineage>,
    (Path(id), Query(query)): (Path<NodeId>, Query<LineageQuery>),
) -> Result<Json<Lineage>, Failure> {
    let walk = Walk {
        start: id,
        rel: query.rel.map_or_else(|| DERIVED_FROM.to_owned(), Name::into_text),
        reversed: query.direction == Some(Direction::In),
        depth: query.max_depth.unwrap_or(DEPTH),
        nodes: query.limit.unwrap_or(MOST_NODES),
    };
    let leave = permit.leave();
    let mut work = permit.begin()?;
    let found = lineage::walk(&mut work.once(), &walk).await?;
    let ancestors: Vec<_> = found.reached.into_iter().map(|reached| ancestor(reached, leave)).collect();
    Ok(Json(Lineage { node_id: id, depth: ancestors.len(), ancestors, truncated: found.truncated }))
}

pub(crate) async fn clear(
    permit: Permit<ClearEdges>,
    (Path(id), Query(query)): (Path<NodeId>, Query<EdgeClearing>),
) -> Result<Committed<ClearEdges>, Failure> {
    let most = query.limit.unwrap_or(CLEARED);
    let clearing = edge::Clearing { node: id, direction: direction(query.direction), rel: query.rel.map(Name::into_text), most };
    let mut work = permit.begin()?;
    let (gone, more) = edge::clear(&mut work.tx(), &clearing).await?;
    let deleted = gone.len();
    Ok(work.commit_all(gone.into_iter().map(Subject::from), Json(Cleared { deleted, more })).await?)
}

pub(super) fn direction(asked: Directions) -> Option<edge::Direction> {
    match asked {
        Directions::Out => Some(edge::Direction::Out),
        Directions::In => Some(edge::Direction::In),
        Directions::Both => None,
    }
}

/// What describes an edge is for those who have leave. That there is one, and what it means, goes with the nodes that it joins.
fn neighbour(found: neighbours::Neighbour, leave: Option<Leave<EdgeProps>>) -> Neighbour {
    let direction = match found.direction {
        edge::Direction::Out => Direction::Out,
        edge::Direction::In => Direction::In,
    };
    let edge = NeighbourEdge {
        id: found.edge,
        rel: found.rel,
        direction,
        props: leave.map(|_| found.props),
        created_at: found.created_at,
    };
    Neighbour { edge, node: nodes::wire(found.node) }
}

fn ancestor(reached: Reached, leave: Option<Leave<EdgeProps>>) -> Ancestor {
    Ancestor {
        id: reached.id,
        depth: reached.depth,
        edge_id: reached.edge,
        edge_props: leave.map(|_| reached.edge_props),
        external_id: reached.external_id,
        classes: reached.classes,
        props: reached.props,
        created_at: reached.created_at,
    }
}
