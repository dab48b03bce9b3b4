//! Clients that register themselves, and see to it; and the tokens by which an organization lets them.

use wardgraph_kernel::InitialTokenId;

use crate::{
    Issued, Json, NoContent, Path, Registering, Registrant, RegistrationToken,
    wire::registration::{ClientMetadata, InitialTokenList, IssuedInitialToken, NewInitialToken, RegisteredClient},
};

/// The body limit: addresses, scopes, keys.
const SMALL: usize = 64 << 10;

crate::endpoints! {
    /// Register a client (RFC 7591), by an initial token or, where the server is open for it, by nothing. It sees to its registration by a token of its
    /// own, which is shown once.
    RegisterClient: POST "/oauth2/register" ((RegistrationToken, Registering<ClientMetadata>)) -> Issued<RegisteredClient> {
        credential: "a program registers before it is a client", by: Client, limit: Client, audit: ClientCreated, body: SMALL,
    }
    /// Read what is registered of a client, by its own token (RFC 7592).
    GetRegistration: GET "/oauth2/register/{id}" (Registrant) -> Json<RegisteredClient> {
        credential: "the client shows its registration token", by: Client, limit: Client, body: 0,
    }
    /// Register something else of a client, by its own token (RFC 7592), which is another one from then on.
    UpdateRegistration: PUT "/oauth2/register/{id}" ((Registrant, Registering<ClientMetadata>)) -> Json<RegisteredClient> {
        credential: "the client shows its registration token", by: Client, limit: Client, audit: ClientUpdated, body: SMALL,
    }
    /// Delete a client, by its own token (RFC 7592), with every grant that it had.
    DeleteRegistration: DELETE "/oauth2/register/{id}" (Registrant) -> NoContent {
        credential: "the client shows its registration token", by: Client, limit: Client, audit: ClientDeleted, body: 0,
    }
    /// Make a token by which programs register clients of the own organization. It is shown once.
    CreateInitialToken: POST "/api/v1/initial-tokens" (Json<NewInitialToken>) -> Issued<IssuedInitialToken> {
        permission: ClientsWrite, rows: Account, fresh: "a client outlives the sign-in", limit: Auth, audit: InitialTokenMade, body: SMALL,
    }
    /// List the own organization's tokens that are good.
    ListInitialTokens: GET "/api/v1/initial-tokens" (()) -> Json<InitialTokenList> {
        permission: ClientsRead, limit: Read, body: 0,
    }
    /// Withdraw such a token. Clients that were registered by it stay.
    DeleteInitialToken: DELETE "/api/v1/initial-tokens/{id}" (Path<InitialTokenId>) -> NoContent {
        permission: ClientsWrite, rows: Account, fresh: "it cannot be undone", limit: Auth, audit: InitialTokenWithdrawn, body: 0,
    }
}
