//! What is done in a member's name, at the word of whoever runs the server: no more than that member could do.

use wardgraph_gate::SystemWork;
use wardgraph_kernel::{Holder, Permission, TenantId, UserId, Write};
use wardgraph_organizations::{Desk, Giver, OrganizationError, held};

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
    let standing = held::standing(&mut work.tx(), organization, &Holder::User(user), now).await.map_err(explained)?;
    let standing = standing.ok_or("--by: is no member of the organization, or an account that may do nothing")?;
    let book = held::rulebook(&mut work.tx(), organization).await.map_err(explained)?;
    let by = Giver::person(user, book.compile(&standing.held).map_err(OrganizationError::from)?, Vec::new());
    if by.may(permission) { Ok((desk, by)) } else { Err(format!("--by: has no role that allows `{permission}`").into()) }
}
