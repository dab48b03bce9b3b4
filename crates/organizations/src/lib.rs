//! Organizations as Postgres keeps them: what they are, who is in them, the roles they make, and who holds which.
//!
//! What rules mean is the room `access`'s; this one reads and writes them, and says what a change would hand out.
//!
//! Refuses to know: HTTP, tokens, who asks.

mod announce;
mod error;
pub mod held;
pub mod members;
pub mod organization;
mod refusal;

pub use error::OrganizationError;
pub use held::Standing;
pub use refusal::KeepingError;

use wardgraph_store::StatementInfo;

/// Every statement of this room.
pub const STATEMENTS: &[&[&StatementInfo]] =
    &[held::STATEMENTS, organization::STATEMENTS, organization::PURGING, members::STATEMENTS];
