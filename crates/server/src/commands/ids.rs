//! Ids, as the command line spells them.

use serde::de::DeserializeOwned;
use serde_json::json;
use wardgraph_kernel::{ClientId, Holder, TenantId, UserId};

use crate::wire::StartError;

/// The organization that an id names.
pub(super) fn organization(text: &str) -> Result<TenantId, StartError> {
    TenantId::parse(text).map_err(|_| "there is no such organization".into())
}

/// The account that an id names.
pub(super) fn user(text: &str) -> Result<UserId, StartError> {
    uuid(text, "an account's id is a UUID: `wardgraph user list` shows them")
}

/// The client that an id names.
pub(super) fn client(text: &str) -> Result<ClientId, StartError> {
    ClientId::parse(text).ok_or_else(|| "the client's id has 1 to 512 visible characters".into())
}

/// A member or a client, whichever the id is of.
pub(super) fn holder(text: &str) -> Result<Holder, StartError> {
    match user(text) {
        Ok(user) => Ok(Holder::User(user)),
        Err(_) => client(text).map(Holder::Client),
    }
}

/// What a UUID names; `told` is said of a text that is none.
pub(super) fn uuid<T: DeserializeOwned>(text: &str, told: &'static str) -> Result<T, StartError> {
    serde_json::from_value(json!(text)).map_err(|_| told.into())
}
