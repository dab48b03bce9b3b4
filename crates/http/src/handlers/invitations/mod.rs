//! Invitations: made and withdrawn by who looks after an organization, followed by who is invited; and the link of a server that is set up.

pub(crate) mod follow;
pub(crate) mod make;
pub(crate) mod setup;

use wardgraph_api::{FieldError, Problem, wire::account::Seat};
use wardgraph_identity::invitation::Place;

/// A link that is no good, whyever.
fn spent(why: &'static str) -> Problem {
    Problem::invalid("see `errors`").fields(vec![FieldError::new("/token", why)])
}

fn seat(place: Place) -> Seat {
    Seat { id: place.organization.to_string(), role: place.own_role().map(str::to_owned), name: place.name }
}
