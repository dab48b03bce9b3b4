//! The OAuth 2.0 server: clients and how they prove who they are, scopes, targets, grants, and what is published of it all.
//!
//! A grant is a session that a client got from a person: whatever ends sessions ends it. What a client may do at most is what is registered of it
//! and what its role, or the person's, allows.
//!
//! Refuses to know: HTTP.

pub mod assertion;
pub mod authenticate;
pub mod client;
mod error;
pub mod grant;
pub mod metadata;
pub mod redirect;
pub mod scope;
pub mod target;

pub use authenticate::{AuthMethod, Authenticated};
pub use client::Client;
pub use error::{ErrorCode, OAuthError, Refusal};

use wardgraph_store::StatementInfo;

/// Every statement of this room.
pub const STATEMENTS: &[&[&StatementInfo]] = &[client::STATEMENTS, grant::STATEMENTS];
