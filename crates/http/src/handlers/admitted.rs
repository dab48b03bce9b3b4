//! From where tokens are made for an organization, and sessions begin in it. Asked of the database in the transaction that makes them.

use std::net::IpAddr;

use wardgraph_api::Problem;
use wardgraph_gate::Tx;
use wardgraph_identity::{
    account::{self, Place, Seat},
    session::Proof,
};
use wardgraph_kernel::{Identity, Permission, TenantId, Timestamp, UserId};
use wardgraph_organizations::organization::{self, network, premises};

use super::granted::with_grants;
use crate::Failure;

/// Whether an organization lets anybody call from there.
pub(super) async fn admits(tx: &mut Tx<'_, Identity>, organization: &TenantId, from: IpAddr) -> Result<bool, Failure> {
    Ok(premises(tx, organization).await?.admits(from))
}

/// Where somebody may let a program work: where they showed enough of who they are, and where one may call from where they are.
pub(super) async fn places(
    tx: &mut Tx<'_, Identity>,
    (user, proof): (UserId, &Proof),
    from: IpAddr,
) -> Result<Vec<Place>, Failure> {
    let mut places = account::places(tx, user).await?;
    places.retain(|place| {
        // What cannot be read lets nobody in.
        let networks: Option<Vec<_>> = place.networks.iter().map(|text| network(text)).collect();
        let admits = networks.is_some_and(|networks| organization::admits(&networks, from));
        admits && (!place.requires_mfa || proof.is_multiple())
    });
    Ok(places)
}

/// Whether a person's own session begins or goes on there: besides, wherever they are, for whoever may delete the organization, who alone changes
/// from outside from where one may call.
pub(super) async fn lets_in(
    tx: &mut Tx<'_, Identity>,
    (user, seat): (UserId, &Seat),
    from: IpAddr,
    now: Timestamp,
) -> Result<bool, Failure> {
    if admits(tx, &seat.organization, from).await? {
        return Ok(true);
    }
    Ok(with_grants(tx, user, seat, now).await?.permissions().allows(Permission::OrganizationsDelete))
}

/// The answer to whoever is not let in.
pub(super) fn outside() -> Problem {
    Problem::forbidden(
        "the organization does not let anybody call from this address: come from elsewhere, or name another organization",
    )
}
