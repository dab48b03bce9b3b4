//! People, for those who look after them: an organization's owner and admins read who its members are, and administrators of the server
//! disable, enable and delete accounts, and take second factors away. Who reads is on record.

use wardgraph_kernel::UserId;

use crate::{
    Json, NoContent, Path, Query,
    wire::user::{User, UserFilter, UserPage},
};

crate::endpoints! {
    /// List the members of the caller's organization; for an administrator of the server, everybody.
    ListUsers: GET "/api/v1/users" (Query<UserFilter>) -> Json<UserPage> {
        permission: UsersRead, rows: Members, limit: Read, audit_on_read: UsersListed, body: 0,
    }
    /// Read a member of the caller's organization; for an administrator of the server, anybody.
    GetUser: GET "/api/v1/users/{id}" (Path<UserId>) -> Json<User> {
        permission: UsersRead, rows: Members, limit: Read, audit_on_read: UserRead, body: 0,
    }
    /// Have an account do nothing. Within a second no server takes its tokens and keys any more.
    DisableUser: POST "/api/v1/users/{id}/disable" (Path<UserId>) -> Json<User> {
        permission: UsersWrite, rows: Accounts, fresh: "it keeps a person out", limit: Auth, audit: UserDisabled, body: 0,
    }
    /// Let the owner of a disabled account sign in again. Sessions and keys that ended do not come back.
    EnableUser: POST "/api/v1/users/{id}/enable" (Path<UserId>) -> Json<User> {
        permission: UsersWrite, rows: Accounts, fresh: "it lets a person in", limit: Auth, audit: UserEnabled, body: 0,
    }
    /// Take away the second factors of somebody who lost them, or on whose account somebody else put one. Password, recovery codes, sessions and
    /// API keys end with them: the person sets a new password by a mailed link. Not one's own.
    TakeFactors: DELETE "/api/v1/users/{id}/mfa" (Path<UserId>) -> NoContent {
        permission: UsersWrite, rows: Accounts, fresh: "what guards the account is less then", limit: Auth, audit: FactorsTaken, body: 0,
    }
    /// End every session of an account. Its owner signs in again; API keys live on. Within a second no server takes its tokens any more.
    EndUserSessions: DELETE "/api/v1/users/{id}/sessions" (Path<UserId>) -> NoContent {
        permission: UsersWrite, rows: Accounts, fresh: "it signs a person out everywhere", limit: Auth, audit: SessionEnded, body: 0,
    }
    /// Delete an account for good, with the organizations in which nobody and nothing else is.
    DeleteUser: DELETE "/api/v1/users/{id}" (Path<UserId>) -> NoContent {
        permission: UsersWrite, rows: Accounts, fresh: "it cannot be undone", limit: Auth, audit: UserDeleted, body: 0,
    }
}
