//! Deleting shared nodes; the other writes of them are those of tenants' nodes.

use wardgraph_api::{IfMatch, NoContent, Path, table::shared::DeleteSharedNode};
use wardgraph_gate::{Committed, Permit};
use wardgraph_graph::node;
use wardgraph_kernel::{NodeId, SharedNodeId};

use super::versions::meant;
use crate::Failure;

pub(crate) async fn delete(
    permit: Permit<DeleteSharedNode>,
    (Path(id), if_match): (Path<SharedNodeId>, IfMatch),
) -> Result<Committed<DeleteSharedNode>, Failure> {
    let id = NodeId::from(id);
    let mut work = permit.begin()?;
    node::erase_shared(&mut work.tx(), id, meant(&if_match)).await?;
    Ok(work.commit(id, NoContent).await?)
}
