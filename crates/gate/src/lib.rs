//! The gate: admission, and the passes that only admission can make. Small enough to audit in one sitting.
//!
//! A handler is a plain async function from (pass, input) to output. What a pass may do is its type:
//!
//! | declared | pass | may |
//! |---|---|---|
//! | `permission: X`, `own: "why"` | [`Permit`] | begin a transaction bound to the caller's tenant |
//! | `credential: "why"` | [`Ceremony`] | begin a transaction that reaches identity tables and nothing else |
//! | `signed: Kind` | [`Signed`] | act on what an outside system signed; there is no session |
//! | `public: "why"` | [`Visitor`] | nothing but configuration |
//!
//! Refuses to know: the SQL of any domain.
#![doc = include_str!("../misuse.md")]

mod admit;
mod api_key;
mod arrival;
mod authenticate;
mod authority;
mod binding;
pub mod browser;
mod caller;
mod ceremony;
mod client;
mod committed;
mod compiled;
mod document;
mod entry;
mod folding;
mod handler;
pub mod idempotency;
mod leave;
mod ledger;
mod look;
mod others;
mod permit;
mod premises;
mod proof;
mod resource;
mod seen;
mod signed;
mod standing;
mod system;
mod uses;
mod visitor;
mod watch;
mod work;

pub use admit::{Admitted, Gate, GateParts, Refused};
pub use arrival::{Arrival, Proxies};
pub use authority::Authority;
pub use browser::Browser;
pub use ceremony::{Ceremony, CeremonyWork, Proven, UndoneCeremony};
pub use committed::{Committed, Finish};
pub use document::Described;
pub use entry::{Confirmed, Entry};
pub use handler::Handler;
pub use leave::Leave;
pub use look::Look;
pub use others::Others;
pub use permit::{Account, Permit, Person};
pub use signed::{Announced, Signed, WebhookKey, WebhookKeys};
pub use system::{SystemParts, SystemWork};
pub use visitor::Visitor;
pub use work::{Undone, Work};

use wardgraph_store::StatementInfo;

/// Every statement of this room: its own bookkeeping, and nothing of any domain.
pub const STATEMENTS: &[&[&StatementInfo]] = &[idempotency::STATEMENTS, binding::STATEMENTS];

// What handlers meet of the store without holding it.
pub use wardgraph_store::{Index, Indexes, Made, Plan, Question, Space, StoreError, Tx};
