//! Lineage: what a node was derived from, and what was derived from it.
//!
//! One statement walks breadth first, one row a level, with the nodes of the level and all that were seen before: each node is reached once,
//! at its least depth, and no number of paths or cycles makes it more. One node more than are wanted is looked for: it says that there is more.
//! Until it is found, those that were seen, the start among them, and those still looked for are two more than are wanted. So many edges of each
//! node are looked at, and so many nodes of each level: no more of them can lead to what was seen already.

use serde_json::Value;
use uuid::Uuid;
use wardgraph_kernel::{EdgeId, Mode, NodeId, Read, Timestamp};
use wardgraph_store::{Role, Row, Statement, StatementInfo, StoreError, Tx};

use crate::{GraphError, bound::ANSWER_BYTES};

/// The relation of lineage: what leaves was derived from what it reaches.
pub const DERIVED_FROM: &str = "DERIVED_FROM";
/// How far one walk goes at most.
pub const MOST_DEPTH: i32 = 32;
/// How many nodes one walk brings at most.
pub const MOST_NODES: i64 = 1_000;

macro_rules! walk {
    ($name:literal, $near:literal, $far:literal) => {
        Statement::reading(
            $name,
            &[Role::App],
            concat!(
                "with recursive walk as (
                   select 0 as depth, array[$2::uuid] as level, null::uuid[] as via, array[$2::uuid] as seen
                   union all
                   select w.depth + 1, n.level, n.via, w.seen || n.level
                   from walk w cross join lateral (
                     select array_agg(d.node_id order by d.node_id) as level, array_agg(d.edge_id order by d.node_id) as via
                     from (
                       select d.node_id, d.edge_id
                       from (
                         select distinct on (e.node_id) e.node_id, e.edge_id
                         from unnest(w.level) as l(node_id) cross join lateral (
                           select edges.",
                $far,
                " as node_id, edges.edge_id from edges where edges.tenant_id = $1 and edges.",
                $near,
                " = l.node_id and edges.rel = $3 order by edges.edge_id limit $5::bigint + 2
                         ) e
                         order by e.node_id, e.edge_id limit $5::bigint + 2
                       ) d
                       where d.node_id <> all(w.seen)
                       order by d.node_id limit $5::bigint + 2 - cardinality(w.seen)
                     ) d
                   ) n
                   where w.depth < $4 and n.level is not null
                 ), reached as (
                   select w.depth, l.node_id, l.edge_id, n.size_bytes + e.size_bytes as size_bytes
                   from walk w cross join lateral unnest(w.level, w.via) as l(node_id, edge_id)
                     cross join lateral (select size_bytes from nodes where nodes.tenant_id = $1 and nodes.node_id = l.node_id limit 1) n
                     cross join lateral (select size_bytes from edges where edges.tenant_id = $1 and edges.edge_id = l.edge_id limit 1) e
                   where w.depth > 0
                 ), fits as (
                   select * from (select *, count(*) over () as there, sum(size_bytes) over (order by depth, node_id) - size_bytes as before from reached) r
                   where before <= $6 order by depth, node_id limit $5
                 )
                 select f.node_id, f.depth, f.edge_id, e.props, n.external_id, n.classes, n.props, n.created_at, f.there
                 from nodes start left join fits f on true
                   left join lateral (select external_id, classes, props, created_at from nodes where nodes.tenant_id = $1 and nodes.node_id = f.node_id limit 1) n on true
                   left join lateral (select props from edges where edges.tenant_id = $1 and edges.edge_id = f.edge_id limit 1) e on true
                 where start.tenant_id = any(array[$1, '*']) and start.node_id = $2
                 order by f.depth, f.node_id"
            ),
        )
    };
}

const OUT: Statement<Read> = walk!("graph.lineage.out", "src", "dst");
const IN: Statement<Read> = walk!("graph.lineage.in", "dst", "src");

pub(crate) const STATEMENTS: &[&StatementInfo] = &[OUT.info(), IN.info()];

/// A walk.
#[derive(Debug, Clone)]
pub struct Walk {
    /// Where it begins.
    pub start: NodeId,
    /// Along which relation.
    pub rel: String,
    /// Against the edges: to what was derived from the node.
    pub reversed: bool,
    /// How far, 1 to [`MOST_DEPTH`].
    pub depth: i32,
    /// How many nodes, 1 to [`MOST_NODES`].
    pub nodes: i64,
}

/// A node that a walk reached.
#[derive(Debug, Clone)]
pub struct Reached {
    /// Its id.
    pub id: NodeId,
    /// How many edges lie between it and the start, at the least.
    pub depth: i32,
    /// The oldest edge by which it is reached at that depth.
    pub edge: EdgeId,
    /// What describes that edge.
    pub edge_props: Value,
    /// The caller's own id of the node.
    pub external_id: Option<String>,
    /// The node's classes.
    pub classes: Vec<String>,
    /// What describes the node.
    pub props: Value,
    /// When the node was created.
    pub created_at: Timestamp,
}

/// What a walk brought.
#[derive(Debug, Clone)]
pub struct Lineage {
    /// The nodes, nearest first.
    pub reached: Vec<Reached>,
    /// Whether there are more within the depth than fit.
    pub truncated: bool,
}

/// Walks from a node of the tenant or a shared one, which has no edges.
pub async fn walk<M: Mode>(tx: &mut Tx<'_, M>, walk: &Walk) -> Result<Lineage, GraphError> {
    let tenant = tx.tenant();
    let statement = if walk.reversed { &IN } else { &OUT };
    let rows = tx.query(statement, &[&tenant, &walk.start.uuid(), &walk.rel, &walk.depth, &walk.nodes, &ANSWER_BYTES]).await?;
    let first = rows.first().ok_or(GraphError::NoNode(walk.start))?;
    let there = first.try_last::<Option<i64>>()?.unwrap_or_default();
    let reached = rows.iter().filter_map(|row| read(row).transpose()).collect::<Result<Vec<_>, _>>()?;
    let truncated = usize::try_from(there).unwrap_or(usize::MAX) > reached.len();
    Ok(Lineage { reached, truncated })
}

/// `None` in the one row of a start from which nothing is reached.
fn read(row: &Row) -> Result<Option<Reached>, StoreError> {
    let Some(id) = row.try_get::<Option<Uuid>>(0)? else { return Ok(None) };
    Ok(Some(Reached {
        id: id.into(),
        depth: row.try_get(1)?,
        edge: row.try_get::<Uuid>(2)?.into(),
        edge_props: row.try_get(3)?,
        external_id: row.try_get(4)?,
        classes: row.try_get(5)?,
        props: row.try_get(6)?,
        created_at: row.try_get(7)?,
    }))
}
