//! Neighbours: the nodes at the other ends of a node's edges, with the edge, page by page in the order of the edges' ids.

use serde_json::Value;
use uuid::Uuid;
use wardgraph_kernel::{Cursor, EdgeId, Mode, NodeId, Page, PageSize, Read, Timestamp};
use wardgraph_store::{Role, Row, Statement, StatementInfo, StoreError, Tx};

use crate::{
    GraphError,
    bound::{ANSWER_BYTES, LOOKED_AT, cut_looked},
    edge::Direction,
    node::{COLUMNS, Node, columns},
};

/// The next edges of one direction.
macro_rules! arm {
    ($direction:literal, $near:literal, $far:literal, $more:expr) => {
        concat!(
            "(select e.edge_id, '",
            $direction,
            "' as direction, e.",
            $far,
            " as far, e.size_bytes from edges e where e.tenant_id = $1 and e.",
            $near,
            " = $2 and e.edge_id > $3",
            $more,
            " order by e.edge_id limit $7::bigint)"
        )
    };
}

/// Of the next `$7` edges, those that lead to a node of the class `$4`. Every row tells the last edge that was looked at, if others may follow;
/// and there is a row where none leads there. Nodes and edges are looked up by their keys: `offset 0` keeps the planner from reading them all.
macro_rules! neighbours {
    ($name:literal, $arms:expr) => {
        Statement::reading(
            $name,
            &[Role::App],
            concat!(
                "with looked as materialized (
                   select edge_id, direction, far, size_bytes from (",
                $arms,
                ") a order by edge_id limit $7::bigint
                 ), found as materialized (
                   select l.edge_id, l.direction, l.far, l.size_bytes + n.size_bytes as weight
                   from looked l cross join lateral (
                     select nodes.classes, nodes.size_bytes from nodes where nodes.tenant_id = $1 and nodes.node_id = l.far offset 0) n
                   where $4::text is null or n.classes @> array[$4::text]
                   order by l.edge_id limit $5::bigint
                 )
                 select s.*, (select l.edge_id from looked l order by l.edge_id offset $7::bigint - 1 limit 1) as looked_to,
                   (select count(*) from found) as there
                 from (select from nodes start where start.tenant_id = any(array[$1, '*']) and start.node_id = $2) r
                 left join (
                   select ",
                columns!(),
                ", by_edge, by_rel, by_props, by_time, direction
                   from (select f.edge_id as by_edge, f.direction, f.far, sum(f.weight) over (order by f.edge_id) - f.weight as before from found f) f
                   cross join lateral (select ",
                columns!(),
                " from nodes where nodes.tenant_id = $1 and nodes.node_id = f.far offset 0) m
                   cross join lateral (
                     select edges.rel as by_rel, edges.props as by_props, edges.created_at as by_time
                     from edges where edges.tenant_id = $1 and edges.edge_id = f.by_edge offset 0) e
                   where before <= $6
                 ) s on true order by s.by_edge"
            ),
        )
    };
}

macro_rules! out {
    ($more:expr) => {
        arm!("out", "src", "dst", $more)
    };
}

macro_rules! reaching {
    ($more:expr) => {
        arm!("in", "dst", "src", $more)
    };
}

// A loop is one edge: of both directions it is shown as one that leaves.
const OUT: Statement<Read> = neighbours!("graph.neighbours.out", out!(""));
const OUT_BY: Statement<Read> = neighbours!("graph.neighbours.out_by", out!(" and e.rel = $8"));
const IN: Statement<Read> = neighbours!("graph.neighbours.in", reaching!(""));
const IN_BY: Statement<Read> = neighbours!("graph.neighbours.in_by", reaching!(" and e.rel = $8"));
const BOTH: Statement<Read> =
    neighbours!("graph.neighbours.both", concat!(out!(""), " union all ", reaching!(" and e.src <> e.dst")));
const BOTH_BY: Statement<Read> = neighbours!(
    "graph.neighbours.both_by",
    concat!(out!(" and e.rel = $8"), " union all ", reaching!(" and e.rel = $8 and e.src <> e.dst"))
);

pub(crate) const STATEMENTS: &[&StatementInfo] =
    &[OUT.info(), OUT_BY.info(), IN.info(), IN_BY.info(), BOTH.info(), BOTH_BY.info()];

/// Where a row tells how far edges were looked at: behind the node's columns and the edge's.
const LOOKED_TO: usize = COLUMNS + 5;

/// Which neighbours to list.
#[derive(Debug, Clone, Default, Hash)]
pub struct Filter {
    /// By edges of this direction; of both if `None`.
    pub direction: Option<Direction>,
    /// By edges that mean this.
    pub rel: Option<String>,
    /// Those of this class.
    pub class: Option<String>,
}

/// A node at the other end of an edge.
#[derive(Debug, Clone)]
pub struct Neighbour {
    /// The node.
    pub node: Node,
    /// The edge.
    pub edge: EdgeId,
    /// What the edge means.
    pub rel: String,
    /// Which way the edge runs, seen from the node whose neighbours are listed.
    pub direction: Direction,
    /// What describes the edge.
    pub props: Value,
    /// When the edge was created.
    pub created_at: Timestamp,
}

/// A page of the neighbours of a node of the tenant, or of a shared one, which has none. Of a class, so many edges are looked at and no more,
/// so that a page may hold few or none of its neighbours and lead on all the same.
pub async fn list<M: Mode>(
    tx: &mut Tx<'_, M>,
    id: NodeId,
    filter: &Filter,
    after: Option<Cursor>,
    size: PageSize,
) -> Result<Page<Neighbour>, GraphError> {
    let (tenant, start, after) = (tx.tenant(), id.uuid(), after.map_or_else(Uuid::nil, Cursor::id));
    let probe = size.probe();
    // Without a class every edge leads to a neighbour.
    let looked_at = if filter.class.is_some() { LOOKED_AT } else { probe };
    let (all, by) = match filter.direction {
        Some(Direction::Out) => (&OUT, &OUT_BY),
        Some(Direction::In) => (&IN, &IN_BY),
        None => (&BOTH, &BOTH_BY),
    };
    let rows = match &filter.rel {
        Some(rel) => tx.query(by, &[&tenant, &start, &after, &filter.class, &probe, &ANSWER_BYTES, &looked_at, rel]).await?,
        None => tx.query(all, &[&tenant, &start, &after, &filter.class, &probe, &ANSWER_BYTES, &looked_at]).await?,
    };
    if rows.is_empty() {
        return Err(GraphError::NoNode(id));
    }
    Ok(cut_looked(&rows, LOOKED_TO, size, read, |neighbour| neighbour.edge.uuid())?)
}

fn read(row: &Row) -> Result<Neighbour, StoreError> {
    Ok(Neighbour {
        node: Node::read(row)?,
        edge: row.try_get::<Uuid>(COLUMNS)?.into(),
        rel: row.try_get(COLUMNS + 1)?,
        direction: if row.try_get::<&str>(COLUMNS + 4)? == "in" { Direction::In } else { Direction::Out },
        props: row.try_get(COLUMNS + 2)?,
        created_at: row.try_get(COLUMNS + 3)?,
    })
}
