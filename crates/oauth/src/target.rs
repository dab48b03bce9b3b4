//! Where a token is good: one place, named by the client (RFC 8707).

use crate::{Client, ErrorCode, Refusal};

/// The audience of a token that a client asks for; `None` is this server.
///
/// # Errors
/// `invalid_target` for more than one, or for one that the client may not ask for.
pub fn of(client: &Client, resources: &[String], ours: &str) -> Result<Option<String>, Refusal> {
    match resources {
        [] => Ok(None),
        [one] if one == ours => Ok(None),
        [one] if client.may_ask_for(one) => Ok(Some(one.clone())),
        [_] => Err(Refusal::new(ErrorCode::InvalidTarget, "the client may not ask for a token for this resource")),
        _ => Err(Refusal::new(ErrorCode::InvalidTarget, "a token is good for one resource: ask for one after another")),
    }
}
