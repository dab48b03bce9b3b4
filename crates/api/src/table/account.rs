//! The caller's own account: for people who signed in here, and not for their API keys.

use wardgraph_kernel::{ApiKeyId, SessionId};

use crate::{
    Issued, Json, NoContent, Path,
    wire::{
        account::{Me, MeChange, PasswordChange, SessionList},
        api_key::{ApiKeyList, IssuedApiKey, NewApiKey, Rotation},
    },
};

/// The body limit: names, passwords, scopes, networks.
const SMALL: usize = 16 << 10;

crate::endpoints! {
    /// Read the own account.
    GetMe: GET "/api/v1/users/me" (()) -> Json<Me> {
        own: "an account is its owner's to see", rows: Account, limit: Read, body: 0,
    }
    /// Change what the own account says of oneself.
    UpdateMe: PUT "/api/v1/users/me" (Json<MeChange>) -> Json<Me> {
        own: "an account is its owner's to change", rows: Account, limit: Auth, audit: UserUpdated, body: SMALL,
    }
    /// List the own API keys in the organization of the session.
    ListApiKeys: GET "/api/v1/users/me/api-keys" (()) -> Json<ApiKeyList> {
        own: "keys are their owner's to see", rows: Account, limit: Read, body: 0,
    }
    /// Make an API key, which can do no more than its owner. It is shown once.
    CreateApiKey: POST "/api/v1/users/me/api-keys" (Json<NewApiKey>) -> Issued<IssuedApiKey> {
        own: "a key does no more than its owner", rows: Account, fresh: "a key outlives the sign-in", limit: Auth, audit: ApiKeyCreated, body: SMALL,
    }
    /// Replace an API key by a new one that can do the same. The old one lives on for a while.
    RotateApiKey: POST "/api/v1/users/me/api-keys/{id}/rotate" ((Path<ApiKeyId>, Json<Rotation>)) -> Issued<IssuedApiKey> {
        own: "a key does no more than its owner", rows: Account, fresh: "a key outlives the sign-in", limit: Auth, audit: ApiKeyRotated, body: SMALL,
    }
    /// Revoke an API key. Within a second no server takes it any more.
    RevokeApiKey: DELETE "/api/v1/users/me/api-keys/{id}" (Path<ApiKeyId>) -> NoContent {
        own: "keys are their owner's to revoke", rows: Account, limit: Auth, audit: ApiKeyRevoked, body: 0,
    }
    /// List the own sessions.
    ListSessions: GET "/api/v1/users/me/sessions" (()) -> Json<SessionList> {
        own: "sessions are their owner's to see", rows: Account, limit: Read, body: 0,
    }
    /// End one of the own sessions. Within a second no server takes its tokens any more.
    EndSession: DELETE "/api/v1/users/me/sessions/{id}" (Path<SessionId>) -> NoContent {
        own: "sessions are their owner's to end", rows: Account, fresh: "whoever stole a session would put its owner out", limit: Auth, audit: SessionEnded, body: 0,
    }
    /// Change the own password. Every other session of the account ends.
    ChangePassword: POST "/api/v1/users/me/change-password" (Json<PasswordChange>) -> NoContent {
        own: "a password is its owner's to change, who says the old one", rows: Account, limit: Auth, audit: PasswordChanged, body: SMALL,
    }
    /// Sign out: end the caller's session.
    Logout: POST "/api/v1/auth/logout" (()) -> NoContent {
        own: "a session is its owner's to end", rows: Account, limit: Auth, audit: SessionEnded, body: 0,
    }
    /// End every session of the own account, the caller's included.
    EndSessions: DELETE "/api/v1/users/me/sessions" (()) -> NoContent {
        own: "sessions are their owner's to end", rows: Account, fresh: "whoever stole a session would put its owner out", limit: Auth, audit: SessionEnded, body: 0,
    }
    /// Delete the own account for good, with the organizations in which nobody and nothing else is.
    DeleteMe: DELETE "/api/v1/users/me" (()) -> NoContent {
        own: "an account is its owner's to end", rows: Accounts, fresh: "it cannot be undone", limit: Auth, audit: UserDeleted, body: 0,
    }
}
