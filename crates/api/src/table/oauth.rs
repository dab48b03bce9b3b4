//! The OAuth server: where clients get tokens, ask about them, and give them back.

use crate::{
    Accept, ClientForm, ClientQuery, Document, Json, Signable,
    carry::{IntrospectionJwt, JsonText},
    wire::oauth::{Done, Introspection, TokenAnswer, TokenQuestion, TokenRequest},
};

/// The body limit: a token, an assertion.
const SMALL: usize = 64 << 10;

crate::endpoints! {
    /// Get tokens (RFC 6749, section 3.2).
    Token: POST "/oauth2/token" (ClientForm<TokenRequest>) -> Json<TokenAnswer> {
        credential: "the client authenticates in the request itself", by: Client, limit: Client, audit: TokenIssued, body: SMALL,
    }
    /// Ask whether a token is good, and for what (RFC 7662). A client learns only about its own, and about those that are meant for it. Signed, where it
    /// wants that (RFC 9701).
    Introspect: POST "/oauth2/introspect" ((ClientForm<TokenQuestion>, Accept)) -> Signable<Introspection, IntrospectionJwt> {
        credential: "the client authenticates in the request itself", by: Client, limit: Client, body: SMALL,
    }
    /// The same by GET, for clients that cannot post.
    IntrospectByQuery: GET "/oauth2/introspect" ((ClientQuery<TokenQuestion>, Accept)) -> Signable<Introspection, IntrospectionJwt> {
        credential: "the client authenticates in the request itself", by: Client, limit: Client, body: 0,
    }
    /// What this server can do, for clients of OAuth (RFC 8414).
    ServerMetadata: GET "/.well-known/oauth-authorization-server" (()) -> Document<JsonText> {
        public: "whoever would be a client reads first what there is", limit: Probe, body: 0,
    }
    /// The same for clients of OpenID Connect.
    OpenIdConfiguration: GET "/.well-known/openid-configuration" (()) -> Document<JsonText> {
        public: "whoever would be a client reads first what there is", limit: Probe, body: 0,
    }
    /// Give a token back (RFC 7009). Within a second no server takes it any more; of a refresh token, nor any other of its grant.
    Revoke: POST "/oauth2/revoke" (ClientForm<TokenQuestion>) -> Json<Done> {
        credential: "the client authenticates in the request itself", by: Client, limit: Client, audit: TokenRevoked, body: SMALL,
    }
}
