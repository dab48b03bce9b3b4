//! Passkeys (WebAuthn Level 3): what an authenticator is asked to sign, whether it did, and what is kept of it. As a second factor after the
//! password, or alone, where the authenticator itself knows its owner by finger, face or number.

mod ceremony;
mod options;
mod own;
mod party;
mod refusal;
mod rows;

pub use ceremony::{NewPasskey, Proof, begin_alone, begin_second, claims, enrol, prove, register};
pub use options::{Asked, Descriptor, Offer};
pub use own::{Passkey, list, offer, remove, rename};
pub use party::{BadParty, RelyingParty};
pub use refusal::Refusal;
pub use rows::{Stored, add, allowed, note_back, note_use, stored};

use std::time::Duration;

use wardgraph_store::StatementInfo;

/// How long an authenticator's owner may take.
pub const WITHIN: Duration = Duration::from_mins(10);
/// How many passkeys an account may have.
const MOST: i64 = 20;

pub(crate) const STATEMENTS: &[&StatementInfo] = &[
    own::LIST.info(),
    own::NOTICE.info(),
    own::OFFER.info(),
    own::REMOVE.info(),
    own::RENAME.info(),
    rows::ADD.info(),
    rows::ALLOWED.info(),
    rows::BACK.info(),
    rows::STORED.info(),
    rows::TELL.info(),
    rows::USE.info(),
];
