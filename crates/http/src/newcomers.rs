//! Clients that nobody registered: whether they may come, and what they may ask for.

use std::sync::Arc;

/// How programs come to be clients by themselves (RFC 7591).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joining {
    /// Not at all.
    Closed,
    /// By an initial token of an organization.
    ByToken,
    /// By such a token, or by nothing: then they are nobody's.
    Open,
}

/// How clients come that nobody registered.
#[derive(Debug, Clone)]
pub struct Newcomers {
    /// How they register themselves.
    pub joining: Joining,
    /// Whether they are known by the documents at their ids.
    pub documents: bool,
    /// The scopes that they may ask for, if nobody says otherwise.
    pub scopes: Arc<[String]>,
    /// How many of those that are nobody's there may be.
    pub most: i64,
}
