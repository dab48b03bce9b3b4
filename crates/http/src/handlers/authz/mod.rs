//! Decisions for others, and why they are what they are. Who holds what is what the database says in the call's own
//! transaction; what that comes to is remembered by the gate, by the version of the organization's roles.

mod deciding;
pub(crate) mod evaluate;
pub(crate) mod explain;
pub(crate) mod metadata;
pub(crate) mod search;

pub(in crate::handlers) use explain::told;
