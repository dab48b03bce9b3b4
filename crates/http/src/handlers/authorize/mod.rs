//! Somebody's agreement to what a client asks for: what browsers are led through, and what clients are told of people.

pub(crate) mod agree;
pub(crate) mod ask;
pub(crate) mod consents;
mod owner;
mod progress;
pub(crate) mod push;
pub(crate) mod resource;
pub(crate) mod sign_out;
pub(crate) mod userinfo;

pub(in crate::handlers) use owner::owner;
use wardgraph_oauth::{Client, client::GrantType, request::Registered};

use crate::Services;

/// What of a client its requests are judged by.
fn registered<'a>(client: &'a Client, services: &'a Services) -> Registered<'a> {
    Registered {
        id: client.id.as_str(),
        redirect_uris: &client.registered.redirect_uris,
        scopes: &client.registered.scopes,
        resources: &client.registered.resources,
        ours: services.issuer.audience(),
        takes_codes: client.grants(GrantType::AuthorizationCode),
        refreshes: client.grants(GrantType::RefreshToken),
        requires_par: client.registered.require_par,
    }
}
