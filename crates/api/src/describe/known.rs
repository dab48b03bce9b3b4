//! Parts of what is known: each is made by another part of the test kit.

use wardgraph_kernel::{ElevationId, FactorId, InvitationId, ReviewId, ReviewItemId};

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
