//! Pages of invitations and of the first administrator; and those by which a second factor is renamed and an API key replaced.

use wardgraph_kernel::{ApiKeyId, FactorId, InvitationId};

use crate::{
    Form, Page, Path, Query, Redirect,
    wire::{
        auth::Followed,
        form::{InvitationsView, InviteForm, RotationForm},
        invitation::{Acceptance, Joining, Setup},
        mfa::FactorChange,
        page::Press,
    },
};

/// The body limit: addresses, names, passwords, tokens, as forms spell them.
const SMALL: usize = 16 << 10;

crate::endpoints! {
    /// The page that a mailed invitation leads to. It changes nothing: mail programs open links, too.
    InvitationPage: GET "/invitation" (Query<Followed>) -> Page {
        public: "the mailed link is the credential, and is looked at when the form is sent", by: Browser, limit: Read, body: 0,
    }
    /// Follow an invitation as somebody without an account.
    AcceptByPage: POST "/invitation" (Form<Acceptance>) -> Redirect {
        credential: "the mailed link is the credential", by: Browser, limit: Auth, audit: MemberJoined, body: SMALL,
    }
    /// The page of an invitation to the own address.
    JoinPage: GET "/account/invitation" (Query<Followed>) -> Page {
        own: "an invitation is its addressee's to follow", rows: Account, by: Browser, fresh: "a membership outlives the sign-in", limit: Read, body: 0,
    }
    /// Follow an invitation to the own address.
    JoinByPage: POST "/account/invitation" (Form<Joining>) -> Redirect {
        own: "an invitation is its addressee's to follow", rows: Accounts, by: Browser, fresh: "a membership outlives the sign-in", limit: Auth, audit: MemberJoined, body: SMALL,
    }
    /// The page that the printed link leads to. It changes nothing.
    SetupPage: GET "/setup" (Query<Followed>) -> Page {
        public: "the printed link is the credential, and is looked at when the form is sent", by: Browser, limit: Read, body: 0,
    }
    /// Make the first administrator of the server.
    SetUpByPage: POST "/setup" (Form<Setup>) -> Redirect {
        credential: "the link that was printed is the credential", by: Browser, limit: Auth, audit: ServerSetUp, body: SMALL,
    }
    /// The invitations of the organization of the session.
    InvitationsPage: GET "/account/invitations" (Query<InvitationsView>) -> Page {
        permission: MembersWrite, rows: Account, by: Browser, limit: Read, body: 0,
    }
    /// The page to invite somebody.
    NewInvitationPage: GET "/account/invitations/new" (()) -> Page {
        permission: MembersWrite, rows: Account, by: Browser, fresh: "a membership outlives the sign-in", limit: Read, body: 0,
    }
    /// Invite somebody to the organization of the session.
    InviteByPage: POST "/account/invitations/new" (Form<InviteForm>) -> Redirect {
        permission: MembersWrite, rows: Account, by: Browser, fresh: "a membership outlives the sign-in", limit: Auth, audit: InvitationMade, body: SMALL,
    }
    /// Withdraw an invitation.
    WithdrawByPage: POST "/account/invitations/{id}/withdraw" ((Path<InvitationId>, Form<Press>)) -> Redirect {
        permission: MembersWrite, rows: Account, by: Browser, limit: Auth, audit: InvitationWithdrawn, body: SMALL,
    }
    /// The page to call a second factor something else.
    RenameFactorPage: GET "/account/security/factors/{id}/rename" (Path<FactorId>) -> Page {
        own: "second factors are their owner's to name", rows: Account, by: Browser, limit: Read, body: 0,
    }
    /// Call a second factor something else.
    RenameFactorByPage: POST "/account/security/factors/{id}/rename" ((Path<FactorId>, Form<FactorChange>)) -> Redirect {
        own: "second factors are their owner's to name", rows: Account, by: Browser, limit: Auth, audit: FactorRenamed, body: SMALL,
    }
    /// The page to replace an API key.
    RotateKeyPage: GET "/account/api-keys/{id}/rotate" (Path<ApiKeyId>) -> Page {
        own: "a key does no more than its owner", rows: Account, by: Browser, fresh: "a key outlives the sign-in", limit: Read, body: 0,
    }
    /// Replace an API key by a new one that can do the same, which is shown once. The old one lives on for a while.
    RotateKeyByPage: POST "/account/api-keys/{id}/rotate" ((Path<ApiKeyId>, Form<RotationForm>)) -> Page {
        own: "a key does no more than its owner", rows: Account, by: Browser, fresh: "a key outlives the sign-in", limit: Auth, audit: ApiKeyRotated, body: SMALL,
    }
}
