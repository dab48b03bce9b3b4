//! Bringing shared nodes back to what they were, and deleting them; the other writes of them are those of tenants' nodes.

use wardgraph_api::{
    IfMatch, Json, NoContent, Path,
    table::shared::{DeleteSharedNode, RestoreSharedNode},
    wire::version::SharedRestoration,
};
use wardgraph_gate::{Committed, Permit};
use wardgraph_graph::node;
use wardgraph_kernel::{NodeId, SharedNodeId};

use super::{
    note_named_tenant,
    versions::{gone_back, meant},
};
use crate::{Failure, Services};

pub(crate) async fn restore(
    permit: Permit<RestoreSharedNode>,
    (Path(id), if_match, Json(restoration)): (Path<SharedNodeId>, IfMatch, Json<SharedRestoration>),
    services: Services,
) -> Result<Committed<RestoreSharedNode>, Failure> {
    let (now, tenant, owner) = (permit.now(), permit.tenant().clone(), permit.owner());
    let mut work = permit.begin()?;
    note_named_tenant(&mut work, &restoration.tenant_id, &tenant);
    gone_back(work, (&tenant, &owner, id.into()), restoration.version, &if_match, now, &services).await
}

pub(crate) async fn delete(
    permit: Permit<DeleteSharedNode>,
    (Path(id), if_match): (Path<SharedNodeId>, IfMatch),
) -> Result<Committed<DeleteSharedNode>, Failure> {
    let id = NodeId::from(id);
    let mut work = permit.begin()?;
    node::erase_shared(&mut work.tx(), id, meant(&if_match)).await?;
    Ok(work.commit(id, NoContent).await?)
}
