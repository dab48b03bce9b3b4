//! Clients of the OAuth server, for whoever sees to the organization's.

use wardgraph_kernel::ClientId;

use crate::{
    Issued, Json, NoContent, Path, Query,
    wire::client::{ClientFilter, ClientList, IssuedClient, IssuedSecret, NewClient, OAuthClient, SecretRotation},
};

/// The body limit: addresses, scopes, keys.
const SMALL: usize = 64 << 10;

crate::endpoints! {
    /// Register a client of the own organization. Its secret is shown once.
    CreateClient: POST "/api/v1/clients" (Json<NewClient>) -> Issued<IssuedClient> {
        permission: ClientsWrite, rows: Account, fresh: "a client outlives the sign-in", limit: Auth, audit: ClientCreated, body: SMALL,
    }
    /// List the own organization's clients, the newest first.
    ListClients: GET "/api/v1/clients" (Query<ClientFilter>) -> Json<ClientList> {
        permission: ClientsRead, limit: Read, body: 0,
    }
    /// Read one of the own organization's clients.
    GetClient: GET "/api/v1/clients/{id}" (Path<ClientId>) -> Json<OAuthClient> {
        permission: ClientsRead, on: id, limit: Read, body: 0,
    }
    /// Register something else of a client. Where it may do less than before, or a key of its own is gone, its tokens are taken back; where it proves
    /// itself by no secret any more, its secrets end.
    ReplaceClient: PUT "/api/v1/clients/{id}" ((Path<ClientId>, Json<NewClient>)) -> Json<OAuthClient> {
        permission: ClientsWrite, on: id, rows: Account, fresh: "a client outlives the sign-in", limit: Auth, audit: ClientUpdated, body: SMALL,
    }
    /// Delete a client, with every grant that it had. Within a second no server takes its tokens any more.
    DeleteClient: DELETE "/api/v1/clients/{id}" (Path<ClientId>) -> NoContent {
        permission: ClientsWrite, on: id, rows: Account, fresh: "it cannot be undone", limit: Auth, audit: ClientDeleted, body: 0,
    }
    /// Give a client another secret, which is shown once. Those from before live on for a while; where they end at once, the client's tokens do, too.
    RotateClientSecret: POST "/api/v1/clients/{id}/secrets" ((Path<ClientId>, Json<SecretRotation>)) -> Issued<IssuedSecret> {
        permission: ClientsWrite, on: id, rows: Account, fresh: "a secret outlives the sign-in", limit: Auth, audit: ClientSecretMade, body: 1 << 10,
    }
}
