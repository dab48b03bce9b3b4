//! Organizations, who is in them, and where one works. What a path names is the caller's own organization; any other is not there.

use wardgraph_kernel::UserId;

use crate::{
    Created, Json, NoContent, Path, Query, Within,
    wire::{
        auth::Tokens,
        organization::{
            Confirmation, GlobalRoleChange, ListedPage, Member, MemberPage, NewOrganization, Organization, OrganizationChange,
            OrganizationId, Paging, RoleChange, Switching, TierChange, Transfer,
        },
        user::User,
    },
};

/// The body limit: names, ids, networks.
const SMALL: usize = 16 << 10;

crate::endpoints! {
    /// Make an organization, which the caller owns. `/api/v1/auth/switch` leads there.
    CreateOrganization: POST "/api/v1/organizations" (Json<NewOrganization>) -> Created<Organization> {
        own: "an organization belongs to who makes it", rows: Accounts, fresh: "it outlives the sign-in", limit: Auth, audit: OrganizationCreated, body: SMALL,
    }
    /// List the organizations of the server, and nothing of what is in them.
    ListEveryOrganization: GET "/api/v1/organizations" (Query<Paging>) -> Json<ListedPage> {
        permission: DirectoryRead, rows: Directory, limit: Read, audit_on_read: OrganizationsListed, body: 0,
    }
    /// Read the organization that the session works in.
    GetOwnOrganization: GET "/api/v1/organization" (()) -> Json<Organization> {
        own: "members see where they work", rows: Account, limit: Read, body: 0,
    }
    /// Read the organization that the session works in, by its id.
    GetOrganization: GET "/api/v1/organizations/{id}" (Path<OrganizationId>) -> Json<Organization> {
        own: "members see where they work", rows: Account, limit: Read, body: 0,
    }
    /// Rename the own organization, or change its settings. What is absent stays. Within a second it holds on every server.
    ChangeOrganization: PATCH "/api/v1/organizations/{id}" ((Path<OrganizationId>, Json<OrganizationChange>)) -> Json<Organization> {
        permission: OrganizationsWrite, rows: Organization, fresh: "it holds for everyone who works there", limit: Auth, audit: OrganizationUpdated, body: SMALL,
    }
    /// Put an organization into another tier.
    SetTier: PUT "/api/v1/organizations/{id}/tier" ((Path<OrganizationId>, Json<TierChange>)) -> Json<Organization> {
        permission: UsersWrite, rows: Accounts, fresh: "it changes what an organization may use", limit: Auth, audit: OrganizationTierSet, body: 1 << 10,
    }
    /// Hand the own organization over to another member, who is its owner from then on. The caller stays an admin.
    TransferOrganization: POST "/api/v1/organizations/{id}/transfer" ((Path<OrganizationId>, Json<Transfer>)) -> Json<Organization> {
        permission: OrganizationsDelete, rows: Organization, fresh: "it cannot be undone", limit: Auth, audit: OrganizationOwnerChanged, body: 1 << 10,
    }
    /// Delete the own organization. Within a second nothing works there any more. For a while an owner can restore it; then nothing of it is left but its log.
    DeleteOrganization: DELETE "/api/v1/organizations/{id}" ((Path<OrganizationId>, Json<Confirmation>)) -> Json<Organization> {
        permission: OrganizationsDelete, rows: Organization, fresh: "it ends all that is there", limit: Auth, audit: OrganizationDeleted, body: 1 << 10,
    }
    /// Restore the own organization, which was deleted. For its owners. One that was not deleted stays as it is.
    RestoreOrganization: POST "/api/v1/organizations/{id}/restore" (Path<OrganizationId>) -> Json<Organization> {
        own: "an organization that was deleted is its owners' to restore", rows: Organization, fresh: "it has all that is there work again", limit: Auth, audit: OrganizationRestored, body: 0,
    }
    /// List the members of the own organization.
    ListMembers: GET "/api/v1/organizations/{id}/members" ((Path<OrganizationId>, Query<Paging>)) -> Json<MemberPage> {
        permission: UsersRead, rows: Members, limit: Read, audit_on_read: MembersListed, body: 0,
    }
    /// Give a member another role, or none. Nobody gives or takes more than they have, and an owner stays. Within a second it holds on every server.
    ChangeMember: PATCH "/api/v1/organizations/{id}/members/{user_id}" ((Path<OrganizationId>, Within<UserId>, Json<RoleChange>)) -> Json<Member> {
        permission: MembersWrite, rows: Organization, fresh: "a role outlives the sign-in", limit: Auth, audit: MemberRoleChanged, body: 1 << 10,
    }
    /// Put a member out of the own organization. Their sessions, keys and consents there end.
    RemoveMember: DELETE "/api/v1/organizations/{id}/members/{user_id}" ((Path<OrganizationId>, Within<UserId>)) -> NoContent {
        permission: MembersWrite, rows: Organization, fresh: "it keeps a person out", limit: Auth, audit: MemberRemoved, body: 0,
    }
    /// Leave the organization that the session works in. The caller's sessions, keys and consents there end. Its last owner stays.
    LeaveOrganization: POST "/api/v1/organizations/{id}/leave" (Path<OrganizationId>) -> NoContent {
        own: "a membership is its owner's to end", rows: Organization, fresh: "it cannot be undone", limit: Auth, audit: MemberLeft, body: 0,
    }
    /// Work in another organization: a new session begins there, with what was shown at the sign-in. The one that is shown stays.
    Switch: POST "/api/v1/auth/switch" (Json<Switching>) -> Json<Tokens> {
        credential: "the refresh token of a session is the credential", limit: Auth, audit: SessionCreated, body: SMALL,
    }
    /// Give somebody another role on the whole server, or none. Somebody administers it still. Within a second it holds on every server.
    SetGlobalRole: PUT "/api/v1/users/{id}/global-role" ((Path<UserId>, Json<GlobalRoleChange>)) -> Json<User> {
        permission: UsersWrite, rows: Accounts, fresh: "a role outlives the sign-in", limit: Auth, audit: GlobalRoleSet, body: 1 << 10,
    }
}
