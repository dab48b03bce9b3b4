//! Decisions for others, and why they are what they are. Made of what the database says in the call's own transaction.

mod deciding;
pub(crate) mod evaluate;
pub(crate) mod explain;
pub(crate) mod metadata;
pub(crate) mod search;

pub(in crate::handlers) use explain::told;
