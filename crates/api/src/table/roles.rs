//! Who may do what in an organization: the roles that it makes, who holds which, and what that comes to.

use wardgraph_kernel::{ClientId, GrantId, UserId};

use crate::{
    Created, IfMatch, Json, NoContent, Path, Query, Tagged,
    wire::{
        grant::{Effective, Grant, GrantFilter, GrantPage, NewGrant},
        role::{ChangedRole, NewRole, Role, RoleFilter, RoleId, RolePage},
    },
};

/// The body limit: 512 rules of 256 bytes.
const LARGE: usize = 256 << 10;
/// The body limit of what names a role and somebody.
const SMALL: usize = 4 << 10;

crate::endpoints! {
    /// List the roles that the organization has: the built-in ones, and those that it made.
    ListRoles: GET "/api/v1/roles" (Query<RoleFilter>) -> Json<RolePage> {
        permission: RolesRead, rows: Organization, limit: Read, body: 0,
    }
    /// Read a role. Its `ETag` is the version of all roles of the organization.
    GetRole: GET "/api/v1/roles/{id}" (Path<RoleId>) -> Tagged<Role> {
        permission: RolesRead, rows: Organization, limit: Read, body: 0,
    }
    /// Make a role. It gives nothing that the caller does not hold.
    CreateRole: POST "/api/v1/roles" (Json<NewRole>) -> Created<Role> {
        permission: RolesWrite, rows: Organization, fresh: "a role outlives the sign-in", limit: Auth, audit: RoleCreated, body: LARGE,
    }
    /// Replace all that a role says. Whoever holds it, or one that inherits from it, has within a second what it says then: nothing that the caller does
    /// not hold. Taking a deny away is giving.
    ReplaceRole: PUT "/api/v1/roles/{id}" ((Path<RoleId>, IfMatch, Json<ChangedRole>)) -> Tagged<Role> {
        permission: RolesWrite, rows: Organization, fresh: "a role outlives the sign-in", limit: Auth, audit: RoleUpdated, body: LARGE,
    }
    /// Delete a role that nobody holds and none inherits from.
    DeleteRole: DELETE "/api/v1/roles/{id}" ((Path<RoleId>, IfMatch)) -> NoContent {
        permission: RolesWrite, rows: Organization, fresh: "it cannot be undone", limit: Auth, audit: RoleDeleted, body: 0,
    }
    /// List who was granted which role, the newest grant first. The roles of memberships and of clients' registrations are no grants.
    ListGrants: GET "/api/v1/grants" (Query<GrantFilter>) -> Json<GrantPage> {
        permission: RolesRead, rows: Organization, limit: Read, body: 0,
    }
    /// Have a member or a client hold a role, for good or for a while. Nobody gives what they do not hold.
    MakeGrant: POST "/api/v1/grants" (Json<NewGrant>) -> Created<Grant> {
        permission: RolesWrite, rows: Organization, fresh: "a grant outlives the sign-in", limit: Auth, audit: GrantMade, body: SMALL,
    }
    /// Take a role back that was granted. Within a second no server counts it any more. Nobody takes what they do not hold.
    RevokeGrant: DELETE "/api/v1/grants/{id}" (Path<GrantId>) -> NoContent {
        permission: RolesWrite, rows: Organization, fresh: "it keeps somebody out", limit: Auth, audit: GrantRevoked, body: 0,
    }
    /// Tell what a member may do in the organization, by which roles, and until when.
    GetUserPermissions: GET "/api/v1/users/{id}/permissions" (Path<UserId>) -> Json<Effective> {
        permission: RolesRead, rows: Organization, limit: Read, body: 0,
    }
    /// Tell what the caller may do in the organization of the session, by which roles, and until when.
    GetOwnPermissions: GET "/api/v1/users/me/permissions" (()) -> Json<Effective> {
        own: "what one may do is one's own to know", rows: Account, limit: Read, body: 0,
    }
    /// Tell what a client may do on its own behalf, by which roles, and until when.
    GetClientPermissions: GET "/api/v1/clients/{id}/permissions" (Path<ClientId>) -> Json<Effective> {
        permission: RolesRead, rows: Organization, limit: Read, body: 0,
    }
}
