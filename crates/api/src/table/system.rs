//! Health, documents, and who one is.

use crate::{
    Document, Json,
    carry::{Exposition, Html, JsonText, JwkSet},
    wire::system::{Health, Ready, Whoami},
};

crate::endpoints! {
    /// The process answers.
    Live: GET "/health/live" (()) -> Json<Ready> {
        public: "load balancers and supervisors hold no credential", limit: Probe, body: 0,
    }
    /// The server can serve: 503 while its database cannot be reached.
    ReadyNow: GET "/health/ready" (()) -> Json<Ready> {
        public: "load balancers and supervisors hold no credential", limit: Probe, body: 0,
    }
    /// The state of the parts, in words that tell an outsider nothing of the inside.
    HealthNow: GET "/health" (()) -> Json<Health> {
        public: "operators look here first, and nothing private is told", limit: Probe, body: 0,
    }
    /// The process's metrics, in the Prometheus text format. No tenant's name is a label.
    Metrics: GET "/metrics" (()) -> Document<Exposition> {
        permission: SystemRead, limit: Read, body: 0,
    }
    /// This API as OpenAPI 3.1, made from the endpoint table.
    OpenApi: GET "/openapi.json" (()) -> Document<JsonText> {
        public: "the contract is no secret", limit: Probe, body: 0,
    }
    /// This API for people.
    Docs: GET "/docs" (()) -> Document<Html> {
        public: "the contract is no secret", limit: Probe, body: 0,
    }
    /// The public keys of this server's own tokens (RFC 7517): those that verify, and those that will sign soon.
    Jwks: GET "/.well-known/jwks.json" (()) -> Document<JwkSet> {
        public: "whoever verifies this server's tokens holds no credential", limit: Probe, body: 0,
    }
    /// Who the caller is: tenant, subject, permissions.
    WhoAmI: GET "/api/v1/whoami" (()) -> Json<Whoami> {
        own: "everyone may see who they are", limit: Read, body: 0,
    }
}
