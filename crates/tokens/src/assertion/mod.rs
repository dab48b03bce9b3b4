//! Client assertions (`private_key_jwt`: RFC 7523, OpenID Connect Core section 9): a client proves who it is by a signature of its own key.
//!
//! **Invariant:** what an assertion says of itself picks the client whose keys it is tried with, and nothing else: the keys are those that were
//! registered for that client, or that the client publishes at its registered address.

mod error;
mod keys;
mod verify;

pub use error::{AssertionError, KeySetError};
pub use keys::ClientKeys;
pub use verify::{Assertion, Audience, MAX_ASSERTION_BYTES, MAX_ASSERTION_LIFE, named_client};
