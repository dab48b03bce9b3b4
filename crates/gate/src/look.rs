//! A look before the unit of work: one reading statement, after which no connection is held, so that nothing is held while a password is
//! worked out.

use std::{fmt, marker::PhantomData};

use wardgraph_kernel::Opens;
use wardgraph_store::{Tx, Unit};

/// A transaction of one reading statement, of the caller's own rows or of identity tables.
#[must_use = "a look that sees nothing is none"]
pub struct Look<M> {
    unit: Unit,
    mode: PhantomData<fn() -> M>,
}

impl<M: Opens> Look<M> {
    pub(crate) fn new(mut unit: Unit) -> Self {
        unit.end_with_next();
        Self { unit, mode: PhantomData }
    }

    /// Lends the transaction, which is read-only and ends with its first statement.
    pub fn tx(&mut self) -> Tx<'_, M> {
        self.unit.tx()
    }
}

impl<M> fmt::Debug for Look<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Look").finish_non_exhaustive()
    }
}
