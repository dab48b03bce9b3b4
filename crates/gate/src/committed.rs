//! The proof that a unit of work was committed with its events.

use std::fmt;

use wardgraph_api::Problem;
use wardgraph_kernel::{AuditedRead, Endpoint, Mode, Read, Write};

/// The answer of a handler that had to leave an event: only a commit, or a refusal that was committed, makes one.
pub struct Committed<E: Endpoint> {
    outcome: Result<E::Output, Problem>,
}

impl<E: Endpoint> Committed<E> {
    pub(crate) const fn with(outcome: Result<E::Output, Problem>) -> Self {
        Self { outcome }
    }

    pub(crate) fn open(self) -> Result<E::Output, Problem> {
        self.outcome
    }
}

impl<E: Endpoint> fmt::Debug for Committed<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Committed").field("endpoint", &E::SPEC.id).finish_non_exhaustive()
    }
}

/// What a handler of this mode gives back.
pub trait Finish: Mode {
    /// Whether an answer is kept for a request that names an `Idempotency-Key`.
    const KEEPS: bool;

    /// The output itself where nothing was changed, else [`Committed`].
    type Answer<E: Endpoint>: Send;

    /// Opens an answer.
    fn open<E: Endpoint>(answer: Self::Answer<E>) -> Result<E::Output, Problem>;
}

impl Finish for Read {
    const KEEPS: bool = false;

    type Answer<E: Endpoint> = E::Output;

    fn open<E: Endpoint>(answer: E::Output) -> Result<E::Output, Problem> {
        Ok(answer)
    }
}

impl Finish for Write {
    const KEEPS: bool = true;

    type Answer<E: Endpoint> = Committed<E>;

    fn open<E: Endpoint>(answer: Committed<E>) -> Result<E::Output, Problem> {
        answer.open()
    }
}

impl Finish for AuditedRead {
    const KEEPS: bool = false;

    type Answer<E: Endpoint> = Committed<E>;

    fn open<E: Endpoint>(answer: Committed<E>) -> Result<E::Output, Problem> {
        answer.open()
    }
}
