//! Where a token is good: one place, named by the client (RFC 8707).

use crate::{Client, ErrorCode, Refusal};

/// The audience of a token that a client asks for; `None` is this server.
///
/// # Errors
/// `invalid_target` for more than one, or for one that the client may not ask for.
pub fn of(client: &Client, asked: &[String], ours: &str) -> Result<Option<String>, Refusal> {
    one(&client.registered.resources, asked, ours).map_err(|why| Refusal::new(ErrorCode::InvalidTarget, why))
}

/// The same by what is registered of a client; what is wrong is told in words.
pub(crate) fn one(registered: &[String], asked: &[String], ours: &str) -> Result<Option<String>, &'static str> {
    match asked {
        [] => Ok(None),
        [one] if one == ours => Ok(None),
        [one] if registered.contains(one) => Ok(Some(one.clone())),
        [_] => Err("the client may not ask for a token for this resource"),
        _ => Err("a token is good for one resource: ask for one after another"),
    }
}
