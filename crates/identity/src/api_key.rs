//! API keys: by which programs call as a person does, with less than the person may.

mod own;
mod text;
mod used;

pub use own::{ApiKey, NewKey, create, list, revoke, rotate};
pub use text::{KeyText, PREFIX, make};
pub use used::{KnownKey, find, touch};

use wardgraph_store::StatementInfo;

pub(crate) const STATEMENTS: &[&StatementInfo] = &[
    own::CREATE.info(),
    own::LIST.info(),
    own::REVOKE.info(),
    own::FIND.info(),
    own::SUCCEED.info(),
    used::FIND.info(),
    used::TOUCH.info(),
];
