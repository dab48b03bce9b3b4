//! People and machines: accounts, passwords, second factors, sessions, API keys, and the links that are mailed.
//!
//! What a person chose is kept as an Argon2id verifier, what we made as SHA-256; nothing in these tables opens anything.
//!
//! Refuses to know: OAuth, HTTP.

pub mod account;
pub mod address;
pub mod api_key;
pub mod challenge;
mod error;
pub mod factor;
pub mod invitation;
pub mod keys;
pub mod link;
pub mod lockout;
pub mod mail;
pub mod passkey;
pub mod password;
pub mod people;
pub mod recovery;
pub mod reference;
pub mod refresh;
pub mod session;
pub mod setup;
mod sha256;
mod stored;
pub mod totp;

pub use address::Address;
pub use error::IdentityError;
pub use keys::Keys;

use wardgraph_store::StatementInfo;

/// Every statement of this room.
pub const STATEMENTS: &[&[&StatementInfo]] = &[
    account::STATEMENTS,
    api_key::STATEMENTS,
    challenge::STATEMENTS,
    factor::STATEMENTS,
    invitation::STATEMENTS,
    keys::STATEMENTS,
    link::STATEMENTS,
    mail::STATEMENTS,
    passkey::STATEMENTS,
    people::STATEMENTS,
    recovery::STATEMENTS,
    session::STATEMENTS,
    setup::STATEMENTS,
];
