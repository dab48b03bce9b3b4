//! Shared nodes: made and changed by the statements of tenants' nodes, in units that are bound to `*`, and deleted for good.

use wardgraph_kernel::{NodeId, Write};
use wardgraph_store::{Role, Statement, StatementInfo, Tx, in_turns};

use super::{
    delete::{LOCK, version},
    replace::Meant,
};
use crate::{
    GraphError,
    purge::{and_what_it_was, forget},
};

/// Erases a node that has no versions any more, and everything else that it was; its vectors go with its row. A job that a worker holds is that worker's to drop.
const ERASE: Statement<Write> = Statement::writing(
    "graph.shared_node.erase",
    &[Role::Admin],
    concat!(
        "with gone as (
       delete from nodes where tenant_id = $1 and node_id = $2 returning node_id
     ), ",
        and_what_it_was!()
    ),
);

pub(crate) const STATEMENTS: &[&StatementInfo] = &[ERASE.info()];

/// Erases a shared node at once. Nobody's edges lead to it: an edge joins nodes of one tenant.
pub async fn erase(tx: &mut Tx<'_, Write>, id: NodeId, meant: Meant<'_>) -> Result<(), GraphError> {
    let tenant = tx.tenant();
    in_turns!(tx, {
        let held = tx.write(&LOCK, &[&tenant, &id.uuid()]).await?;
        meant.check(version(&held)?.ok_or(GraphError::NoNode(id))?)?;
        // Shared nodes have no purge: all of them go here, a bounded number in each statement.
        while forget(tx, id).await? {}
        tx.write(&ERASE, &[&tenant, &id.uuid()]).await?.first().map(drop).ok_or(GraphError::NoNode(id))
    })
}
