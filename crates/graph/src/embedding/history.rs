//! What became of a node's vectors.

use wardgraph_kernel::{Mode, NodeId, Read, Timestamp};
use wardgraph_store::{Role, Row, Statement, StoreError, Tx};

use super::keep::MOST_ENTRIES;
use crate::GraphError;

/// The node's status beside each entry, and once without an entry for a node that has none. Of a shared node only the newest entry is told, and not how far
/// its vector moved: what it was before is no tenant's to know.
pub(super) const OF_NODE: Statement<Read> = Statement::reading(
    "graph.embedding.history",
    &[Role::App],
    "select n.embedding_status, h.model, h.embedded_at, case when n.tenant_id = $1 then h.drift_score end, h.error
     from nodes n left join lateral (
       select * from embedding_history h where h.tenant_id = n.tenant_id and h.node_id = n.node_id
       order by h.entry_id desc limit case when n.tenant_id = $1 then $3::bigint else 1 end
     ) h on true
     where n.tenant_id = any(array[$1, '*']) and n.node_id = $2 order by h.entry_id desc",
);

/// One time that a node got a vector, or failed to.
#[derive(Debug, Clone)]
pub struct Embedding {
    /// The model.
    pub model: String,
    /// When.
    pub at: Timestamp,
    /// 1 - cosine to the vector of the same model before it.
    pub drift: Option<f64>,
    /// Why there was no vector; `None` if there was one.
    pub error: Option<String>,
}

/// A node's vectors over time.
#[derive(Debug, Clone)]
pub struct Told {
    /// The node's status: `none`, `queued`, `ready` or `failed`.
    pub status: String,
    /// The newest first.
    pub entries: Vec<Embedding>,
}

/// What became of the vectors of a node of the tenant, or of a shared one: the newest `limit` entries, all that are kept if absent.
pub async fn history<M: Mode>(tx: &mut Tx<'_, M>, node: NodeId, limit: Option<i64>) -> Result<Told, GraphError> {
    let tenant = tx.tenant();
    let rows = tx.query(&OF_NODE, &[&tenant, &node.uuid(), &limit.unwrap_or(MOST_ENTRIES)]).await?;
    let Some(first) = rows.first() else { return Err(GraphError::NoNode(node)) };
    let status = first.try_get(0)?;
    let entries = rows.iter().filter_map(|row| entry(row).transpose()).collect::<Result<_, _>>()?;
    Ok(Told { status, entries })
}

fn entry(row: &Row) -> Result<Option<Embedding>, StoreError> {
    let Some(model) = row.try_get(1)? else { return Ok(None) };
    Ok(Some(Embedding { model, at: row.try_get(2)?, drift: row.try_get(3)?, error: row.try_get(4)? }))
}
