//! What is done in a member's name, at the word of whoever runs the server: no more than that member could do.

use wardgraph_gate::SystemWork;
use wardgraph_kernel::{Permission, TenantId, UserId, Write};
use wardgraph_organizations::{Desk, Giver, OrganizationError};

use super::sound::explained;
use crate::wire::StartError;

/// The organization, held until the work ends, and a member as they stand in it now, who may do this.
pub(super) async fn of(
    work: &mut SystemWork<Write>,
    organization: &TenantId,
    user: UserId,
    permission: Permission,
) -> Result<(Desk, Giver), StartError> {
    let now = work.now();
    let desk = Desk::open(&mut work.tx(), organization, now).await.map_err(explained)?;
    let by = desk.member(&mut work.tx(), user, Vec::new()).await.map_err(|error| match error {
        OrganizationError::Beyond(_) => "--by: is no member of the organization, or an account that may do nothing".into(),
        other => explained(other),
    })?;
    if by.may(permission) { Ok((desk, by)) } else { Err(format!("--by: has no role that allows `{permission}`").into()) }
}
