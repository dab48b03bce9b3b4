//! The roles of an organization: those that every one has, and those that it made.

mod change;
mod draft;
mod read;

pub use change::{Changed, create, delete, replace};
pub use draft::{Draft, draft};
pub use read::{Kept, get, list};

use wardgraph_store::StatementInfo;

pub(crate) const STATEMENTS: &[&StatementInfo] = &[
    change::CREATE.info(),
    change::DELETE.info(),
    change::FORGET_PAST.info(),
    change::HOLDERS.info(),
    change::REPLACE.info(),
    read::FIND.info(),
    read::LIST.info(),
];
