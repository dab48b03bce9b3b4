//! Invitations to organizations, the memberships that come of them, and the link by which a server gets its first administrator.

use wardgraph_kernel::InvitationId;

use crate::{
    Created, Json, NoContent, Path, Query,
    wire::{
        account::Seat,
        invitation::{Acceptance, Invitation, InvitationFilter, InvitationPage, Joining, NewInvitation, OrganizationList, Setup},
    },
};

/// The body limit: addresses, names, passwords, tokens.
const SMALL: usize = 16 << 10;

crate::endpoints! {
    /// Invite somebody to the organization of the session, by e-mail. The answer is the same whether anybody has the address or not. An open invitation to the same address ends.
    Invite: POST "/api/v1/invitations" (Json<NewInvitation>) -> Created<Invitation> {
        permission: MembersWrite, rows: Account, fresh: "a membership outlives the sign-in", limit: Auth, audit: InvitationMade, body: SMALL,
    }
    /// List the organization's invitations, the newest first.
    ListInvitations: GET "/api/v1/invitations" (Query<InvitationFilter>) -> Json<InvitationPage> {
        permission: MembersWrite, limit: Read, body: 0,
    }
    /// Withdraw an invitation: its link is good for nothing any more.
    WithdrawInvitation: DELETE "/api/v1/invitations/{id}" (Path<InvitationId>) -> NoContent {
        permission: MembersWrite, rows: Account, limit: Auth, audit: InvitationWithdrawn, body: 0,
    }
    /// Follow an invitation as somebody without an account: it is made, with the membership. Who has one signs in and sends the token to `/api/v1/users/me/organizations`.
    AcceptInvitation: POST "/api/v1/auth/accept-invitation" (Json<Acceptance>) -> Created<Seat> {
        credential: "the mailed link is the credential", limit: Auth, audit: MemberJoined, body: SMALL,
    }
    /// List the organizations that the caller is a member of. `organization` of a sign-in chooses one of them.
    ListOrganizations: GET "/api/v1/users/me/organizations" (()) -> Json<OrganizationList> {
        own: "memberships are their owner's to see", rows: Account, limit: Read, body: 0,
    }
    /// Follow an invitation to the own address: join its organization.
    JoinOrganization: POST "/api/v1/users/me/organizations" (Json<Joining>) -> Created<Seat> {
        own: "an invitation is its addressee's to follow", rows: Accounts, fresh: "a membership outlives the sign-in", limit: Auth, audit: MemberJoined, body: SMALL,
    }
    /// Make the first administrator of the server, by the token of a link that `wardgraph user setup-link` printed. It works once.
    SetUp: POST "/api/v1/auth/setup" (Json<Setup>) -> NoContent {
        credential: "the link that was printed is the credential", limit: Auth, audit: ServerSetUp, body: SMALL,
    }
}
