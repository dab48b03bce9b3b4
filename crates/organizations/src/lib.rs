//! Organizations as Postgres keeps them: what they are, who is in them, the roles they make, and who holds which.
//!
//! What rules mean is the room `access`'s; this one reads and writes them, and says what a change would hand out.
//!
//! Refuses to know: HTTP, tokens, who asks.

mod announce;
mod desk;
pub mod effective;
mod effort;
pub mod elevation;
mod error;
pub mod follow;
mod giver;
pub mod grants;
pub mod hand_over;
pub mod held;
pub mod members;
pub mod organization;
mod refusal;
pub mod review;
pub mod roles;
pub mod scopes;
mod sets;
pub mod subjects;
pub mod used;

pub use desk::{Desk, Session};
pub use error::{Flaw, OrganizationError};
pub use giver::Giver;
pub use held::Standing;
pub use refusal::KeepingError;
pub use sets::Holding;

use wardgraph_store::StatementInfo;

/// Every statement of this room.
pub const STATEMENTS: &[&[&StatementInfo]] = &[
    held::STATEMENTS,
    used::STATEMENTS,
    desk::STATEMENTS,
    effective::STATEMENTS,
    follow::STATEMENTS,
    grants::STATEMENTS,
    hand_over::STATEMENTS,
    roles::STATEMENTS,
    sets::STATEMENTS,
    subjects::STATEMENTS,
    elevation::STATEMENTS,
    review::STATEMENTS,
    organization::STATEMENTS,
    organization::PURGING,
    members::STATEMENTS,
];
