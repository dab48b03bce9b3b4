//! Passkeys (WebAuthn Level 3): what an authenticator is asked to sign, whether it did, and what is kept of it. As a second factor after the
//! password, or alone, where the authenticator itself knows its owner by finger, face or number.

mod ceremony;
mod offer;
mod options;
mod party;
mod refusal;
mod rows;

pub use ceremony::{Kept, NewPasskey, Proof, begin_alone, begin_second, claims, enrol, prove, register};
pub use offer::{offer, offer_own};
pub use options::{Asked, Descriptor, Offer};
pub use party::{BadParty, RelyingParty};
pub use refusal::Refusal;
pub use rows::{Stored, add, allowed, note_back, note_use, stored};

use std::time::Duration;

use wardgraph_store::StatementInfo;

/// How long an authenticator's owner may take: as long as the challenge waits.
pub const WITHIN: Duration = crate::challenge::LIFE;

pub(crate) const STATEMENTS: &[&StatementInfo] = &[
    offer::OFFER.info(),
    offer::OFFER_OWN.info(),
    rows::ADD.info(),
    rows::ALLOWED.info(),
    rows::BACK.info(),
    rows::STORED.info(),
    rows::USE.info(),
];
