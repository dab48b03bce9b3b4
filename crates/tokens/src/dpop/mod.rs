//! Proofs of possession (DPoP, RFC 9449): a request shows, by a signature over itself, that whoever sends it holds a private key.
//!
//! **Invariant:** a proof brings its own key and is believed for that reason alone, so it says nothing about who sent it: what counts is that its
//! [`Thumbprint`](crate::Thumbprint) is the one that a token, a code or a session was bound to.
//!
//! Pure: the time, the place and the nonce that are expected are given. That a proof comes but once is for [`Replays`], or for
//! [`spend`](crate::spend) where there is a transaction.

mod error;
mod nonce;
mod place;
mod proof;
mod replay;

pub use error::ProofError;
pub use nonce::Nonces;
pub use place::Place;
pub use proof::{Asked, MAX_PROOF_BYTES, Proof};
pub use replay::{Remembered, Replays};
