//! Who holds which role of an organization, besides what memberships and registrations say.

mod change;
mod read;

pub use change::{NewGrant, make, revoke};
pub use read::{Filter, Grant, list};

use wardgraph_store::StatementInfo;

pub(crate) const STATEMENTS: &[&StatementInfo] = &[
    change::FIND.info(),
    change::FORGET.info(),
    change::MAKE.info(),
    change::REVOKE.info(),
    read::LIST.info(),
    read::OF_CLIENT.info(),
    read::OF_ROLE.info(),
    read::OF_USER.info(),
];
