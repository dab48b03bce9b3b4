//! Shared nodes: made and changed by the statements of tenants' nodes, in units that are bound to `*`, and deleted for good.

use wardgraph_kernel::{NodeId, Write};
use wardgraph_store::{Role, Statement, StatementInfo, Tx};

use super::{
    delete::{LOCK, version},
    replace::Meant,
};
use crate::GraphError;

/// Erases a node and everything that it was; its vectors go with its row. A job that a worker holds is that worker's to drop.
const ERASE: Statement<Write> = Statement::writing(
    "graph.shared_node.erase",
    &[Role::Admin],
    "with gone as (
       delete from nodes where tenant_id = $1 and node_id = $2 returning node_id
     ), versions as (
       delete from node_versions v using gone g where v.tenant_id = $1 and v.node_id = g.node_id
     ), history as (
       delete from embedding_history h using gone g where h.tenant_id = $1 and h.node_id = g.node_id
     ), free as materialized (
       select j.subject_id from jobs j where j.tenant_id = $1 and j.kind = 'embed' and j.subject_id = $2 for update skip locked
     ), dropped as (
       delete from jobs j using gone g join free f on f.subject_id = g.node_id
       where j.tenant_id = $1 and j.kind = 'embed' and j.subject_id = g.node_id
     )
     select node_id from gone",
);

pub(crate) const STATEMENTS: &[&StatementInfo] = &[ERASE.info()];

/// Erases a shared node at once. Nobody's edges lead to it: an edge joins nodes of one tenant.
pub async fn erase(tx: &mut Tx<'_, Write>, id: NodeId, meant: Meant<'_>) -> Result<(), GraphError> {
    let tenant = tx.tenant();
    let held = tx.write(&LOCK, &[&tenant, &id.uuid()]).await?;
    meant.check(version(&held)?.ok_or(GraphError::NoNode(id))?)?;
    tx.write(&ERASE, &[&tenant, &id.uuid()]).await?.first().map(drop).ok_or(GraphError::NoNode(id))
}
