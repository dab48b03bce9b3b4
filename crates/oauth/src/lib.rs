//! The OAuth 2.0 server: clients and how they prove who they are, scopes, targets, grants, and what is published of it all.
//!
//! A grant is a session that a client got from a person: whatever ends sessions ends it. What a client may do at most is what is registered of it
//! and what its role, or the person's, allows.
//!
//! Refuses to know: HTTP.

pub mod assertion;
pub mod authenticate;
pub mod client;
pub mod code;
pub mod consent;
pub mod device;
mod either;
mod error;
pub mod exchange;
pub mod follow;
pub mod grant;
pub mod id_token;
pub mod left;
pub mod logout;
pub mod metadata;
pub mod par;
pub mod pkce;
pub mod redirect;
pub mod request;
pub mod scope;
pub mod step;
pub mod sweep;
pub mod target;
pub mod told;

pub use authenticate::{AuthMethod, Authenticated};
pub use client::Client;
pub use either::Either;
pub use error::{ErrorCode, OAuthError, Refusal};

use wardgraph_identity::reference;
use wardgraph_store::StatementInfo;

/// Every statement of this room.
pub const STATEMENTS: &[&[&StatementInfo]] = &[
    client::STATEMENTS,
    code::STATEMENTS,
    consent::STATEMENTS,
    device::STATEMENTS,
    exchange::STATEMENTS,
    follow::STATEMENTS,
    grant::STATEMENTS,
    left::STATEMENTS,
    logout::STATEMENTS,
    par::STATEMENTS,
    sweep::STATEMENTS,
    told::STATEMENTS,
];
