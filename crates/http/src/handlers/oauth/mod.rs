//! The OAuth server: where clients get tokens, ask about them, and give them back.

mod authentication;
pub(crate) mod authorization_code;
pub(crate) mod client_credentials;
mod code_holder;
pub(crate) mod device_code;
pub(crate) mod introspect;
pub(crate) mod metadata;
pub(crate) mod refresh_token;
pub(crate) mod revoke;
pub(crate) mod token;
pub(crate) mod token_exchange;

pub(in crate::handlers) use authentication::{authenticate, turned_away};

use serde_json::json;
use wardgraph_audit::{Entry, Subject};
use wardgraph_gate::Proven;
use wardgraph_kernel::{Actor, ActorType, EventType};
use wardgraph_oauth::{Client, ErrorCode, Refusal};
use wardgraph_tokens::{Issued, Thumbprint};

/// A client, with the log that tells of what it did: the system's, if it is of no organization.
pub(in crate::handlers) fn client_of(client: &Client) -> Proven {
    let actor = Actor { kind: ActorType::Client, id: client.id.as_str().into() };
    Proven { actor, tenant: client.organization.clone() }
}

/// How an access token is to be sent (RFC 9449, section 5).
pub(in crate::handlers) fn token_type(key: Option<Thumbprint>) -> String {
    if key.is_some() { "DPoP".to_owned() } else { "Bearer".to_owned() }
}

/// That a client got a token: what is on record of it, and nothing that opens anything.
pub(in crate::handlers) fn issued(client: &Client, grant_type: &str, token: &Issued, scopes: &[String]) -> Entry {
    let payload = json!({ "grant_type": grant_type, "scope": scopes.join(" "), "jti": token.id, "expires_at": token.expires_at });
    Entry::done(EventType::TokenIssued, Subject::from(&client.id)).with(payload)
}

/// Why nobody gets a token from where their organization lets nobody call.
pub(in crate::handlers) fn outside() -> Refusal {
    Refusal::new(ErrorCode::InvalidGrant, "the organization does not let anybody call from this address")
}
