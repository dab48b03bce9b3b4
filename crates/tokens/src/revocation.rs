//! Taking back what was given out, before it expires by itself.

use jiff::Timestamp;
use wardgraph_kernel::{Change, ChangeKind};
use wardgraph_store::{
    StoreError,
    changes::{self, Announcing},
};

use crate::own::MAX_ACCESS_LIFE;

/// What is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revocation<'a> {
    /// Every token of a session (`sid`).
    Session(&'a str),
    /// Every token of a user (`sub`) whose `gen` is below this one.
    User {
        /// The user's id.
        id: &'a str,
        /// The user's generation from now on.
        generation: i64,
    },
    /// One token (`jti`).
    Token(&'a str),
    /// An API key.
    ApiKey(&'a str),
    /// Every token that an OAuth client got while it was of an earlier generation than this one.
    ClientTokens {
        /// The client's id.
        id: &'a str,
        /// The client's generation from now on.
        generation: i64,
    },
    /// What is remembered of an OAuth client of an earlier generation than this one.
    Client {
        /// The client's id.
        id: &'a str,
        /// The client's generation from now on.
        generation: i64,
    },
    /// Every token of an organization that is no more, and what is remembered of its clients.
    Organization(&'a str),
}

/// Takes something back in the transaction that has the reason. Within a second of its commit no server takes it any more, although none asks the
/// database about a token. It is remembered for twice as long as a token lives.
pub async fn revoke(tx: &mut impl Announcing, revocation: Revocation<'_>, now: Timestamp) -> Result<(), StoreError> {
    let (kind, subject, number) = match revocation {
        Revocation::Session(id) => (ChangeKind::SessionEnded, id, 0),
        Revocation::User { id, generation } => (ChangeKind::UserGeneration, id, generation),
        Revocation::Token(id) => (ChangeKind::TokenRevoked, id, 0),
        Revocation::ApiKey(id) => (ChangeKind::ApiKeyRevoked, id, 0),
        Revocation::ClientTokens { id, generation } => (ChangeKind::ClientTokens, id, generation),
        Revocation::Client { id, generation } => (ChangeKind::ClientChanged, id, generation),
        Revocation::Organization(id) => (ChangeKind::OrganizationEnded, id, 0),
    };
    let until = now.saturating_add(MAX_ACCESS_LIFE * 2).unwrap_or(Timestamp::MAX);
    changes::announce(tx, &Change { kind, subject: subject.to_owned(), number, until }).await
}
