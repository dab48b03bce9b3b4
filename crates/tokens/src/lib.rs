//! Bearer tokens: JSON Web Tokens (RFC 7519, RFC 8725) of trusted issuers verified, this server's own signed (RFC 9068), test tokens minted.
//!
//! What a token says about itself decides nothing: the algorithm, the key, the audience and the ceiling are the configured
//! issuer's. The token's `iss` merely picks one issuer among the configured ones, whose rules then hold in full.
//!
//! An issuer's keys are configured, or published by it at an address and fetched from there through the one way out. Which tenants an issuer may
//! speak for is said here as far as configuration says it; who was first to speak for a tenant is looked up by whoever has a database.
//!
//! This server's own keys are rows, sealed by the vault ([`OwnIssuer`]); those of others come as [`Secret`](wardgraph_kernel::Secret) texts.
//!
//! Refuses to know: users and their sessions, files, HTTP.

mod algorithm;
pub mod assertion;
mod cache;
mod chain;
mod claims;
mod compact;
mod date;
pub mod dpop;
mod error;
mod header;
mod issuer;
mod json;
mod jwk;
mod key;
mod local;
mod mint;
mod own;
mod pem;
mod published;
mod purpose;
mod remote_keys;
mod revocation;
mod rsa;
mod scopes;
mod spent;
mod tenants;
mod thumbprint;
mod verifier;
mod words;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use cache::Fingerprint;
pub use chain::{Ancestor, Chain, MOST_ACTORS, MOST_ANCESTORS};
pub use claims::{Claims, ELEVATION, OWN_CLIENT, OwnClaims};
pub use error::{KeyError, MintError, OwnKeyError, TokenError};
pub use issuer::{DEFAULT_LEEWAY, Issuer, IssuerConfig, IssuerKeys};
pub use local::LocalKey;
pub use mint::{MintRequest, Minter};
pub use own::{AccessRequest, Hint, IdKind, Issued, KeyState, MAX_ACCESS_LIFE, OwnConfig, OwnIssuer, Rotated, Rotation};
pub use published::{KeyTimes, PublishedKeys};
pub use remote_keys::RemoteKeys;
pub use revocation::{Revocation, revoke};
pub use spent::{Once, forget_spent, spend};
pub use tenants::{Binding, Others, Tenants};
pub use thumbprint::Thumbprint;
pub use verifier::{Inspected, MAX_TOKEN_BYTES, Verified, Verifier};
pub use words::Words;

use wardgraph_store::StatementInfo;

/// Every statement of this room.
pub const STATEMENTS: &[&[&StatementInfo]] = &[own::STATEMENTS, spent::STATEMENTS];
