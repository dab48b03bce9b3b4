//! Clients that nobody registered.

use wardgraph_api::{
    describe::{IdKind, Known},
    table::Row,
};
use wardgraph_gate::Described;
use wardgraph_http::{Joining, Newcomers};

/// How clients come that nobody registered: anybody may, unless a test is about it, and no documents are fetched.
#[derive(Debug)]
pub struct ClientOptions {
    /// Whether they may, and what they may ask for.
    pub rules: Newcomers,
    /// How they are known by their documents.
    pub described: Option<Described>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        let scopes = ["openid", "profile", "email", "offline_access", "nodes:read", "nodes:write", "search:read"];
        let rules =
            Newcomers { joining: Joining::Open, documents: false, scopes: scopes.map(str::to_owned).into(), most: 100_000 };
        Self { rules, described: None }
    }
}

/// The request of an endpoint with what the known client shows that registered itself, where it is asked.
pub fn presenting(request: reqwest::RequestBuilder, row: &Row, known: &Known) -> reqwest::RequestBuilder {
    if (row.shape)().path == Some(IdKind::Registered) { request.bearer_auth(&known.client.registration_token) } else { request }
}
