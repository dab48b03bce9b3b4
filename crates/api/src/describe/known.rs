//! Parts of what is known: each is made by another part of the test kit.

use wardgraph_kernel::{ClientId, ConsentId, ElevationId, FactorId, InitialTokenId, InvitationId, ReviewId, ReviewItemId};

/// Invitations, and the link of a server that is set up.
#[derive(Debug, Clone)]
pub struct KnownInvitations {
    /// An open invitation of the account's organization.
    pub id: InvitationId,
    /// The token of one to somebody without an account.
    pub to_somebody_new: String,
    /// The token of one to the account's address, of another organization.
    pub to_the_account: String,
    /// The token of a link by which the server gets another administrator.
    pub setup: String,
    /// An address that nobody has.
    pub new_address: String,
}

/// Second factors, and what opens them.
#[derive(Debug, Clone)]
pub struct KnownMfa {
    /// A second factor of the account.
    pub factor: FactorId,
    /// The token of a sign-in that asks for it.
    pub mfa_token: String,
    /// A code of it that was not used.
    pub code: String,
    /// The token of a sign-in that asks for a second factor which is to be added first.
    pub enrolment_token: String,
}

/// A review of an organization, and an administrator's way into it.
#[derive(Debug, Clone)]
pub struct KnownReview {
    /// A review that goes on.
    pub review: ReviewId,
    /// Something in it that somebody else than the account's owner holds.
    pub item: ReviewItemId,
    /// A way into the organization's content.
    pub elevation: ElevationId,
}

/// A client, and what a person agreed to.
#[derive(Debug, Clone)]
pub struct KnownAgreement {
    /// The client, which the person agreed to have `openid`.
    pub client_id: String,
    /// Where its answers go.
    pub redirect_uri: String,
    /// The person's organization.
    pub organization: String,
    /// What the person agreed to.
    pub consent: ConsentId,
    /// An ID token of the person, for the client.
    pub id_token: String,
    /// The code of a device that waits for somebody to decide.
    pub user_code: String,
}

/// A client of the OAuth server, and what opens it.
#[derive(Debug, Clone)]
pub struct KnownClient {
    /// Its id.
    pub id: ClientId,
    /// A secret of it, by which it authenticates in the form.
    pub secret: String,
    /// An access token of it.
    pub access_token: String,
    /// A client that registered itself.
    pub registered: ClientId,
    /// The token by which that one sees to its registration.
    pub registration_token: String,
    /// A token by which programs register clients of the same organization.
    pub initial_token: InitialTokenId,
}
