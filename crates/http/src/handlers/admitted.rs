//! From where tokens are made for an organization, and sessions begin in it. Asked of the database in the transaction that makes them.

use std::net::IpAddr;

use wardgraph_api::Problem;
use wardgraph_gate::{Question, Tx};
use wardgraph_identity::{
    account::{self, Place, Seat},
    session::Proof,
};
use wardgraph_kernel::{Identity, Permission, TenantId, Timestamp, UserId};
use wardgraph_organizations::{
    OrganizationError, held,
    organization::{self, network, premises},
};

use crate::Failure;

/// Whether an organization lets anybody call from there.
pub(super) async fn admits(tx: &mut Tx<'_, Identity>, organization: &TenantId, from: IpAddr) -> Result<bool, Failure> {
    Ok(tx.ask(premises(organization)).await?.admits(from))
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

/// The place, with what is granted there, where a person's own session begins or goes on; none where they may not call from. Wherever they are,
/// whoever may delete the organization has it, who alone changes from outside from where one may call.
pub(super) fn let_in(user: UserId, seat: &Seat, from: IpAddr, now: Timestamp) -> Question<'_, Option<Seat>, OrganizationError> {
    let organization = &seat.organization;
    premises(organization).and(held::granted(organization, user, now)).map(move |(premises, granted)| {
        let seat = Seat { granted, ..seat.clone() };
        (premises.admits(from) || seat.permissions().allows(Permission::OrganizationsDelete)).then_some(seat)
    })
}

/// The answer to whoever is not let in.
pub(super) fn outside() -> Problem {
    Problem::forbidden(
        "the organization does not let anybody call from this address: come from elsewhere, or name another organization",
    )
}
