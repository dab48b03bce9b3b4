//! The pass of anyone: no credential was asked, and no data can be reached.

use std::{fmt, marker::PhantomData};

use wardgraph_kernel::{Endpoint, Timestamp};

use crate::admit::Admission;

/// Leave to read configuration. Has no way to begin anything.
pub struct Visitor<E> {
    now: Timestamp,
    endpoint: PhantomData<fn() -> E>,
}

impl<E: Endpoint> Visitor<E> {
    pub(crate) const fn new(admission: &Admission) -> Self {
        Self { now: admission.now, endpoint: PhantomData }
    }

    /// The time of the request.
    pub const fn now(&self) -> Timestamp {
        self.now
    }
}

impl<E: Endpoint> fmt::Debug for Visitor<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Visitor").field("endpoint", &E::SPEC.id).finish_non_exhaustive()
    }
}
