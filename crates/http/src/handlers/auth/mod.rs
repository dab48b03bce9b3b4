//! Ceremonies: registering, signing in, refreshing, mailed links.

pub(crate) mod beginning;
pub(crate) mod disown;
pub(crate) mod links;
pub(crate) mod login;
pub(crate) mod opening;
pub(crate) mod refresh;
pub(crate) mod register;
pub(super) mod settling;
pub(super) mod tokens;

use wardgraph_api::{FieldError, Problem};
use wardgraph_gate::Proven;
use wardgraph_identity::Address;
use wardgraph_kernel::{Actor, ActorType, TenantId, UserId};

use crate::Failure;

/// The address in a body.
pub(super) fn address(text: &str) -> Result<Address, Failure> {
    let fault = || Problem::invalid("see `errors`").fields(vec![FieldError::new("/email", "must be an e-mail address")]);
    Address::parse(text).ok_or_else(|| fault().into())
}

/// Refuses what is told by mail while the outbox is full, whoever asks for whatever address.
fn room_to_mail(is_full: bool) -> Result<(), Failure> {
    if is_full { Err(Problem::unavailable("too many messages wait to be mailed").retry_after(60).into()) } else { Ok(()) }
}

/// A person, with the log that tells of what they did.
pub(super) fn person(user: UserId, tenant: Option<TenantId>) -> Proven {
    Proven { actor: Actor { kind: ActorType::User, id: user.to_string().into() }, tenant }
}
