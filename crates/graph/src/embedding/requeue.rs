//! What was given up gets another chance, since somebody asked for it: a key is right now, or a filter lets the text pass.
//!
//! A job that was given up is nobody's: no worker claims, renews or finishes it. So it is enough that each is made due once, under its node's row, by
//! whoever comes first; the second finds a job that waits, or one that is worked, and lets it be.

use uuid::Uuid;
use wardgraph_kernel::{NodeId, Timestamp, Write};
use wardgraph_store::{Row, Statement, StoreError, ToSql, Tx, in_turns};

use super::REQUESTS;

/// Makes jobs that were given up due anew, `$which` of them, at most `$3` in the order of their nodes. The nodes are held before the jobs, as by
/// whoever changes a node, and waited for: one that is changed meanwhile was queued by that.
macro_rules! requeue {
    ($name:literal, $which:literal) => {
        Statement::writing(
            $name,
            REQUESTS,
            concat!(
                "with failed as materialized (
                   select j.subject_id as node_id from jobs j where j.tenant_id = $1 and j.kind = 'embed' and j.dead",
                $which,
                " order by j.subject_id limit $3::bigint
                 ), there as materialized (
                   -- Each by its key, however few rows the planner takes a tenant to have, and in the order of their ids.
                   select h.node_id from failed f cross join lateral (
                     select n.node_id from nodes n where n.tenant_id = $1 and n.node_id = f.node_id for no key update
                   ) h
                 ), queued as (
                   update jobs j set dead = false, due_at = $2, attempts = 0
                   where j.tenant_id = $1 and j.kind = 'embed' and j.subject_id = any(array(select t.node_id from there t)) and j.dead
                   returning j.subject_id as node_id
                 ), nobodys as (
                   -- Of nodes that were deleted while their jobs stayed behind, as they did in earlier versions.
                   delete from jobs j
                   where j.tenant_id = $1 and j.kind = 'embed' and j.dead
                     and j.subject_id = any(array(select f.node_id from failed f except select t.node_id from there t))
                 ), shown as (
                   update nodes n set embedding_status = 'queued' from queued q where n.tenant_id = $1 and n.node_id = q.node_id
                 )
                 select (select count(*) from failed), q.node_id from (select) one left join queued q on true order by q.node_id"
            ),
        )
    };
}

pub(super) const FAILED: Statement<Write> = requeue!("graph.embedding.requeue", "");
// A text of its own, since one for both would read all that was given up.
pub(super) const NAMED: Statement<Write> = requeue!("graph.embedding.requeue_named", " and j.subject_id = any($4)");

/// What was queued anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requeued {
    /// How many had been given up when this began: where somebody else was at them meanwhile, more than are queued.
    pub met: usize,
    /// Those that wait now, in the order of their ids.
    pub nodes: Vec<NodeId>,
}

/// Queues up to `most` nodes of the unit's owner that were given up, due `now`; of those that are `named` alone, if any are.
pub async fn requeue(
    tx: &mut Tx<'_, Write>,
    named: Option<&[NodeId]>,
    most: i64,
    now: Timestamp,
) -> Result<Requeued, StoreError> {
    let tenant = tx.tenant();
    let ids = named.map(|named| named.iter().map(|id| id.uuid()).collect::<Vec<Uuid>>());
    let mut params: Vec<&(dyn ToSql + Sync)> = vec![&tenant, &now, &most];
    params.extend(ids.as_ref().map(|ids| ids as &(dyn ToSql + Sync)));
    let statement = if named.is_some() { &NAMED } else { &FAILED };
    let rows = in_turns!(tx, tx.write(statement, &params).await)?;
    let met: i64 = rows.first().map_or(Ok(0), |row| row.try_get(0))?;
    let met = usize::try_from(met).unwrap_or(0);
    let node = |row: &Row| row.try_get::<Option<Uuid>>(1).map(|id| id.map(NodeId::from)).transpose();
    Ok(Requeued { met, nodes: rows.iter().filter_map(node).collect::<Result<_, _>>()? })
}
