//! Fields that want a permission of their own, besides the one that their endpoint asks.

use crate::{Endpoint, Permission};

/// A field of a request or an answer, as a row of the table names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Where it stands: names with dots between, `[]` behind that of a list.
    pub path: &'static str,
    /// What is asked of who gives it, or is to be shown it.
    pub permission: Permission,
}

/// An endpoint with the field `F`. Implemented by `api::endpoints!` alone, where the row says `fields:`.
pub trait Guards<F>: Endpoint {
    /// What is asked of who gives it, or is to be shown it.
    const PERMISSION: Permission;
}

/// When something came about.
#[derive(Debug, Clone, Copy)]
pub enum CreatedAt {}
/// What describes an edge, where it is shown with a node.
#[derive(Debug, Clone, Copy)]
pub enum EdgeProps {}
