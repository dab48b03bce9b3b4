//! Leave to give, or to be shown, what wants a permission besides the endpoint's.

use std::marker::PhantomData;

use wardgraph_access::On;
use wardgraph_kernel::Guards;

use crate::Permit;

/// Leave to give the field `F`, or to be shown it. Made by the permit of an endpoint whose row names the field, and by nothing else.
#[derive(Debug, Clone, Copy)]
pub struct Leave<F>(PhantomData<fn() -> F>);

impl<E> Permit<E> {
    /// Leave to give the field `F`, or to be shown it, if the caller holds what the row asks for it.
    pub fn leave<F>(&self) -> Option<Leave<F>>
    where
        E: Guards<F>,
    {
        self.authority().allows(E::PERMISSION, On::All).then_some(Leave(PhantomData))
    }
}
