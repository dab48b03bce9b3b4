//! Bearer tokens: JSON Web Tokens (RFC 7519, RFC 8725) of trusted issuers verified, test tokens minted.
//!
//! What a token says about itself decides nothing: the algorithm, the key, the audience and the ceiling are the configured
//! issuer's. The token's `iss` merely picks one issuer among the configured ones, whose rules then hold in full.
//!
//! Refuses to know: users, HTTP, SQL, files. Keys come and go as [`Secret`](wardgraph_kernel::Secret) texts.

mod algorithm;
mod cache;
mod claims;
mod date;
mod error;
mod header;
mod issuer;
mod json;
mod key;
mod local;
mod mint;
mod pem;
mod scopes;
mod verifier;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use cache::Fingerprint;
pub use claims::Claims;
pub use error::{KeyError, MintError, TokenError};
pub use issuer::{DEFAULT_LEEWAY, Issuer, IssuerConfig};
pub use local::LocalKey;
pub use mint::{MintRequest, Minter};
pub use verifier::{MAX_TOKEN_BYTES, Verified, Verifier};
