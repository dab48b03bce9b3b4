//! Neighbours: the nodes at the other ends of a node's edges, with the edge, page by page in the order of the edges' ids.

use serde_json::Value;
use uuid::Uuid;
use wardgraph_kernel::{Cursor, EdgeId, Mode, NodeId, Page, PageSize, Read, Timestamp};
use wardgraph_store::{Role, Row, Statement, StatementInfo, StoreError, Tx};

use crate::{
    GraphError,
    bound::{ANSWER_BYTES, cut},
    edge::Direction,
    node::{COLUMNS, Node, columns},
};

/// The edges of one direction, with what they and their other ends weigh.
macro_rules! arm {
    ($direction:literal, $near:literal, $far:literal, $more:expr) => {
        concat!(
            "(select e.edge_id as by_edge, e.rel as by_rel, e.props as by_props, e.created_at as by_time, '",
            $direction,
            "' as direction, e.",
            $far,
            " as far, e.size_bytes + n.size_bytes as weight
              from edges e join nodes n on n.tenant_id = $1 and n.node_id = e.",
            $far,
            " where e.tenant_id = $1 and e.",
            $near,
            " = $2 and e.edge_id > $3 and ($4::text is null or n.classes @> array[$4])",
            $more,
            " order by e.edge_id limit $5)"
        )
    };
}

macro_rules! neighbours {
    ($name:literal, $arms:expr) => {
        Statement::reading(
            $name,
            &[Role::App],
            concat!(
                "select s.* from (select from nodes start where start.tenant_id = any(array[$1, '*']) and start.node_id = $2) r
                 left join (
                   select ",
                columns!(),
                ", by_edge, by_rel, by_props, by_time, direction, there
                   from (select *, count(*) over () as there, sum(weight) over (order by by_edge) - weight as before
                         from (select * from (",
                $arms,
                ") a order by by_edge limit $5) f) b join nodes m on m.tenant_id = $1 and m.node_id = b.far
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
const OUT_BY: Statement<Read> = neighbours!("graph.neighbours.out_by", out!(" and e.rel = $7"));
const IN: Statement<Read> = neighbours!("graph.neighbours.in", reaching!(""));
const IN_BY: Statement<Read> = neighbours!("graph.neighbours.in_by", reaching!(" and e.rel = $7"));
const BOTH: Statement<Read> =
    neighbours!("graph.neighbours.both", concat!(out!(""), " union all ", reaching!(" and e.src <> e.dst")));
const BOTH_BY: Statement<Read> = neighbours!(
    "graph.neighbours.both_by",
    concat!(out!(" and e.rel = $7"), " union all ", reaching!(" and e.rel = $7 and e.src <> e.dst"))
);

pub(crate) const STATEMENTS: &[&StatementInfo] =
    &[OUT.info(), OUT_BY.info(), IN.info(), IN_BY.info(), BOTH.info(), BOTH_BY.info()];

/// Which neighbours to list.
#[derive(Debug, Clone, Default)]
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

/// A page of the neighbours of a node of the tenant, or of a shared one, which has none.
pub async fn list<M: Mode>(
    tx: &mut Tx<'_, M>,
    id: NodeId,
    filter: &Filter,
    after: Option<Cursor>,
    size: PageSize,
) -> Result<Page<Neighbour>, GraphError> {
    let (tenant, start, after) = (tx.tenant(), id.uuid(), after.map_or_else(Uuid::nil, Cursor::id));
    let probe = size.probe();
    let (all, by) = match filter.direction {
        Some(Direction::Out) => (&OUT, &OUT_BY),
        Some(Direction::In) => (&IN, &IN_BY),
        None => (&BOTH, &BOTH_BY),
    };
    let rows = match &filter.rel {
        Some(rel) => tx.query(by, &[&tenant, &start, &after, &filter.class, &probe, &ANSWER_BYTES, rel]).await?,
        None => tx.query(all, &[&tenant, &start, &after, &filter.class, &probe, &ANSWER_BYTES]).await?,
    };
    let first = rows.first().ok_or(GraphError::NoNode(id))?;
    // The one row of a node without neighbours.
    if first.try_get::<Option<Uuid>>(COLUMNS)?.is_none() {
        return Ok(Page { items: Vec::new(), next: None });
    }
    Ok(cut(&rows, size, read, |neighbour| neighbour.edge.uuid())?)
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
