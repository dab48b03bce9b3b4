//! The worker: does what is due, tenant by tenant: giving nodes their vectors, and new ones when the model changes, keeping the tiers of
//! search, the planner's statistics and in mind who lacks vectors, erasing deleted nodes, keeping the server's own keys, mailing, telling clients of sign-outs, deleting accounts that nobody came for, and forgetting answers that were kept long enough.
//!
//! Refuses to know: how this server is spoken to over HTTP.

mod accounts;
mod change;
mod coverage;
mod due;
mod duty;
mod embedding;
mod forget;
mod keys;
mod logout;
mod mail;
mod organizations;
mod purge;
mod reviews;
mod statistics;
mod tidy;
mod tiers;

pub use accounts::AccountKeeper;
pub use change::{ALIVE, ModelKeeper};
pub use coverage::CoverageKeeper;
pub use duty::Duty;
pub use embedding::{EmbeddingWorker, WorkerOptions};
pub use forget::ForgettingWorker;
pub use keys::{KeyKeeper, MasterChange};
pub use logout::LogoutWorker;
pub use mail::MailWorker;
pub use organizations::OrganizationKeeper;
pub use purge::PurgeWorker;
pub use reviews::ReviewKeeper;
pub use statistics::StatisticsKeeper;
pub use tiers::{TierKeeper, TierOptions};
