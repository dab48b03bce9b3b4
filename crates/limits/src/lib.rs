//! How often whom: token buckets in memory, one per tenant and class, and one per network and class for callers without a credential.
//!
//! Pure integer arithmetic ([`Policy`]) under a sharded table that cannot outgrow its bound. Time is an argument: the
//! [`Clock`](wardgraph_kernel::Clock)'s `elapsed`, which never goes back.
//!
//! Refuses to know: HTTP, credentials, storage.

mod bucket;
mod decision;
mod keyed;
mod limiter;
mod network;
mod policy;
mod table;

pub use decision::{BatchTooLarge, Decision};
pub use limiter::{Limiter, Occupancy};
pub use network::Network;
pub use policy::{InvalidPolicy, Policy};
pub use table::LimitTable;
