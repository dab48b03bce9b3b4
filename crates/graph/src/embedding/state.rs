//! How far the vectors of one owner's nodes have come, counted within bounds.

use wardgraph_kernel::{Mode, Read, Timestamp};
use wardgraph_store::{Statement, StoreError, Tx};

use super::{MOST_COUNTED, REQUESTS};

/// What waits and what was given up are ranges of the queue's indexes, each counted up to `$3`. No index knows the status of nodes, so they are read, and
/// told where there are no more than `$4`.
pub(super) const STATE: Statement<Read> = Statement::reading(
    "graph.embedding.state",
    REQUESTS,
    "with met as materialized (
       select n.embedding_status from nodes n where n.tenant_id = $1 order by n.node_id limit $4::bigint + 1
     ), told as materialized (
       select count(*) filter (where m.embedding_status = 'none') as without_text, count(*) filter (where m.embedding_status = 'ready') as ready
       from met m having count(*) <= $4::bigint
     )
     select (select count(*) from (
               select from jobs j where j.kind = 'embed' and not j.dead and j.tenant_id = $1 and j.due_at <= $2 order by j.due_at limit $3::bigint) d),
            (select count(*) from (
               select from jobs j where j.kind = 'embed' and not j.dead and j.tenant_id = $1 and j.due_at > $2 order by j.due_at limit $3::bigint) l),
            (select count(*) from (
               select from jobs j where j.kind = 'embed' and j.dead and j.tenant_id = $1 order by j.subject_id limit $3::bigint) g),
            (select j.due_at from jobs j
             where j.kind = 'embed' and not j.dead and j.tenant_id = $1 and j.due_at <= $2 order by j.due_at limit 1),
            (select t.without_text from told t), (select t.ready from told t)",
);

/// How many nodes are read for their status: of an owner of more it is not told how many are ready.
pub const MOST_NODES_COUNTED: i64 = 10_000;

/// How far the vectors of one owner's nodes have come. Each number of jobs is counted up to [`MOST_COUNTED`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// How many jobs are due.
    pub due: i64,
    /// How many are due later: a worker is at them, or they were put off.
    pub later: i64,
    /// How many were given up.
    pub given_up: i64,
    /// Since when that is due which is due for longest.
    pub oldest_due: Option<Timestamp>,
    /// How many nodes have no text; `None` where there are more than [`MOST_NODES_COUNTED`] nodes.
    pub without_text: Option<i64>,
    /// How many have the vector of their text; `None` where there are more than [`MOST_NODES_COUNTED`] nodes.
    pub ready: Option<i64>,
}

/// How far the vectors of the nodes of the unit's owner have come. To be planned with [`Plan::Indexed`](wardgraph_store::Plan::Indexed): else all nodes
/// may be read and sorted for the first of them.
pub async fn state<M: Mode>(tx: &mut Tx<'_, M>, now: Timestamp) -> Result<State, StoreError> {
    let owner = tx.tenant();
    let row = tx.find(&STATE, &[&owner, &now, &MOST_COUNTED, &MOST_NODES_COUNTED]).await?.ok_or(StoreError::Ended)?;
    Ok(State {
        due: row.try_get(0)?,
        later: row.try_get(1)?,
        given_up: row.try_get(2)?,
        oldest_due: row.try_get(3)?,
        without_text: row.try_get(4)?,
        ready: row.try_get(5)?,
    })
}
