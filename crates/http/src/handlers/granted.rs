//! What is granted to somebody besides their role, where tokens are signed that say what they may.

use wardgraph_gate::Tx;
use wardgraph_identity::account::Seat;
use wardgraph_kernel::{Identity, Timestamp, UserId};
use wardgraph_organizations::{OrganizationError, held};

/// A place with what is granted there.
pub(super) async fn with_grants(
    tx: &mut Tx<'_, Identity>,
    user: UserId,
    seat: &Seat,
    now: Timestamp,
) -> Result<Seat, OrganizationError> {
    let granted = tx.ask(held::granted(&seat.organization, user, now)).await?;
    Ok(Seat { granted, ..seat.clone() })
}
