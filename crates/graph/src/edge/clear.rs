//! Deleting a node's edges, many at once.

use uuid::Uuid;
use wardgraph_kernel::{EdgeId, NodeId, Write};
use wardgraph_store::{Role, Row, Statement, StatementInfo, StoreError, ToSql, Tx, in_turns};

use super::Direction;
use crate::GraphError;

/// Deletes edges at a node, `$which` of them, oldest first, and says whether the node is there and whether it has more.
macro_rules! clear {
    ($name:literal, $which:literal) => {
        Statement::writing(
            $name,
            &[Role::App],
            concat!(
                "with at as materialized (
                   select edge_id from (
                     (select edge_id from edges where tenant_id = $1 and src = $2 and $3::bool", $which, " order by edge_id limit $5::bigint + 1)
                     union
                     (select edge_id from edges where tenant_id = $1 and dst = $2 and $4::bool", $which, " order by edge_id limit $5::bigint + 1)
                   ) a order by edge_id limit $5::bigint + 1
                 ), held as materialized (
                   -- In one order for all: whoever changes several waits, and never in a circle.
                   select e.edge_id from edges e where e.tenant_id = $1 and e.edge_id in (select edge_id from at order by edge_id limit $5::bigint)
                   order by e.edge_id for update of e
                 ), gone as (
                   delete from edges where tenant_id = $1 and edge_id in (select edge_id from held) returning edge_id
                 )
                 select exists (select from nodes where tenant_id = $1 and node_id = $2), (select count(*) from at) > $5::bigint,
                        array(select edge_id from gone order by edge_id)"
            ),
        )
    };
}

const CLEAR: Statement<Write> = clear!("graph.edge.clear", "");
const CLEAR_BY: Statement<Write> = clear!("graph.edge.clear_by", " and rel = $6");

pub(crate) const STATEMENTS: &[&StatementInfo] = &[CLEAR.info(), CLEAR_BY.info()];

/// Which edges of a node to delete.
#[derive(Debug, Clone)]
pub struct Clearing {
    /// The node.
    pub node: NodeId,
    /// Those of this direction; of both if `None`.
    pub direction: Option<Direction>,
    /// Those that mean this.
    pub rel: Option<String>,
    /// How many at most, 1 to [`MOST_EDGES`](super::MOST_EDGES).
    pub most: i64,
}

/// Deletes edges of a node of the tenant, oldest first. Returns those that went, and whether there are more.
pub async fn clear(tx: &mut Tx<'_, Write>, clearing: &Clearing) -> Result<(Vec<EdgeId>, bool), GraphError> {
    let Clearing { node, direction, rel, most } = clearing;
    let (leaving, reaching) = (*direction != Some(Direction::In), *direction != Some(Direction::Out));
    let tenant = tx.tenant();
    let node_id = node.uuid();
    let mut params: Vec<&(dyn ToSql + Sync)> = vec![&tenant, &node_id, &leaving, &reaching, most];
    params.extend(rel.as_ref().map(|rel| rel as &(dyn ToSql + Sync)));
    let statement = if rel.is_some() { &CLEAR_BY } else { &CLEAR };
    let rows = in_turns!(tx, tx.write(statement, &params).await)?;
    let (there, more, gone) = rows.first().map(cleared).transpose()?.ok_or(GraphError::NoNode(*node))?;
    if there { Ok((gone, more)) } else { Err(GraphError::NoNode(*node)) }
}

fn cleared(row: &Row) -> Result<(bool, bool, Vec<EdgeId>), StoreError> {
    Ok((row.try_get(0)?, row.try_get(1)?, row.try_get::<Vec<Uuid>>(2)?.into_iter().map(EdgeId::from).collect()))
}
