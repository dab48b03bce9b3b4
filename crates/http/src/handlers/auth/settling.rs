//! Whoever signs in and is in no organization any more has one of their own from then on, as with a registration.

use serde_json::json;
use wardgraph_gate::CeremonyWork;
use wardgraph_identity::account::{self, Seat};
use wardgraph_kernel::{Chance, Endpoint, EventType, Outcome, Timestamp, UserId};

use crate::Failure;

/// The place of somebody who proved who they are and had none a moment ago.
pub(in crate::handlers) async fn settled<E: Endpoint>(
    work: &mut CeremonyWork<E>,
    user: UserId,
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<Option<Seat>, Failure> {
    let Some((seat, name)) = account::settle(&mut work.tx(), user, now, chance).await? else {
        // By now they are a member somewhere.
        return Ok(account::places(&mut work.tx(), user).await?.into_iter().next().map(|place| place.seat));
    };
    let payload = json!({ "before": null, "after": { "name": name, "owner_id": user } });
    work.note(EventType::OrganizationCreated, Some((&seat.organization).into()), Outcome::Success, payload);
    Ok(Some(seat))
}
