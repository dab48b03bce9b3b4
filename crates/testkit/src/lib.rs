//! For tests: a test app over real HTTP and a real Postgres, callers as values, a clock that stands still, and one database a test.
//!
//! One Postgres runs for the whole test binary; each test clones a migrated template (0.1 s), so that tests run in any order, in parallel.
#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test helper fails by panicking"
)]

mod agreement;
mod app;
mod caller;
mod client;
mod cluster;
mod content;
mod first_keys;
mod forge;
mod invited;
mod issuers;
mod known;
mod looked_at;
mod newcomers;
mod person;
mod roles;
mod security_key;
mod signer;
mod supply;
mod window;

pub use app::{App, AppOptions, GRACE, MASTER_KEY, OWN_ISS, START};
pub use caller::{Caller, Reply};
pub use client::{OAuthClient, registration};
pub use cluster::{Cluster, Database};
pub use content::Content;
pub use forge::{Forgery, forgeries, with_claims};
pub use newcomers::{ClientOptions, presenting};
pub use person::{Authenticator, Mailbox, PASSWORD, Person, code, octets};
pub use security_key::{KeyKind, SecurityKey};
pub use signer::{Signer, token_hash};
pub use supply::Supply;
pub use window::Window;
