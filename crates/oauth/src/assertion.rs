//! Clients that prove who they are by a key of their own (`private_key_jwt`: RFC 7523, OpenID Connect Core section 9).

use std::sync::Arc;

use wardgraph_kernel::{TenantId, Timestamp};
use wardgraph_tokens::{
    Once, RemoteKeys,
    assertion::{Assertion, AssertionError, Audience, ClientKeys},
};

use crate::{AuthMethod, Authenticated, Client, Refusal, authenticate};

/// `client_assertion_type` of the assertions that are taken (RFC 7523, section 2.2).
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What assertions are judged with.
#[derive(Debug, Clone, Copy)]
pub struct Measure<'a> {
    /// This server's issuer: whom assertions must be for.
    pub issuer: &'a str,
    /// Where the keys of clients are that publish them.
    pub published: &'a RemoteKeys,
    /// The time of the request.
    pub now: Timestamp,
}

/// Whether an assertion is the client's, and what is to be used up by it. `client` is what was found under the name that it gave.
///
/// # Errors
/// `invalid_client`, in the same words whatever is wrong.
pub async fn judge(client: Option<Arc<Client>>, assertion: &str, means: &Measure<'_>) -> Result<(Authenticated, Once), Refusal> {
    let wrong = || authenticate::wrong(false);
    let method = AuthMethod::PrivateKeyJwt;
    let registered = |client: &Arc<Client>| client.registered.auth_method == method && client.disabled_at.is_none();
    let client = client.filter(registered).ok_or_else(wrong)?;
    let keys = keys(&client, means.published).ok_or_else(wrong)?;
    let expected = Audience { client_id: client.id.as_str(), issuer: means.issuer, algorithm: None, now: means.now };
    match Assertion::verify(assertion, &expected, &keys).await {
        Ok(assertion) => Ok((Authenticated { client, method, key: None }, Once::from(&assertion))),
        Err(error) => {
            told(&client, error);
            Err(wrong())
        }
    }
}

/// The keys of a client: those that are registered, or those that it publishes.
fn keys(client: &Client, published: &RemoteKeys) -> Option<ClientKeys> {
    match (&client.registered.jwks, &client.registered.jwks_uri) {
        (Some(set), _) => ClientKeys::read(set).ok(),
        (None, Some(address)) => {
            let whose = client.organization.as_ref().map(TenantId::as_str);
            published.named(whose, address).map(ClientKeys::Published)
        }
        (None, None) => None,
    }
}

/// What is wrong is for whoever runs the server, who can tell whoever runs the client.
fn told(client: &Client, error: AssertionError) {
    tracing::debug!(client = client.id.as_str(), %error, "a client did not prove who it is");
}
