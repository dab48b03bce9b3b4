//! The audit log: events, how they are appended with the change they tell of, how they are read, and how refusals are folded.
//!
//! Refuses to know: who asks, and HTTP.

mod append;
mod event;
mod fold;
mod list;
mod logs;

pub use append::{APPEND, Batch};
pub use event::{Circumstances, Entry, Subject};
pub use fold::{Fold, Folded, Refusal};
pub use list::{Filter, Listed, list};
pub use logs::{LogParams, Logs, appends};

use wardgraph_store::StatementInfo;

/// Every statement of this room.
pub const STATEMENTS: &[&StatementInfo] =
    &[APPEND.info(), list::LIST.info(), list::OF_TYPE.info(), list::OF_NODE.info(), list::OF_REQUEST.info()];
