//! The pass of anyone: no credential was asked, and no data can be reached.

use std::{fmt, marker::PhantomData, sync::Arc};

use wardgraph_api::Problem;
use wardgraph_kernel::{Endpoint, Timestamp};

use crate::{Browser, admit::Admission, permit::no_browser};

/// Leave to read configuration. Has no way to begin anything.
pub struct Visitor<E> {
    now: Timestamp,
    browser: Option<Arc<Browser>>,
    endpoint: PhantomData<fn() -> E>,
}

impl<E: Endpoint> Visitor<E> {
    pub(crate) fn new(admission: &Admission) -> Self {
        Self { now: admission.now, browser: admission.browser.clone(), endpoint: PhantomData }
    }

    /// Which browser asks.
    ///
    /// # Errors
    /// Where the endpoint is no page.
    pub fn browser(&self) -> Result<Arc<Browser>, Problem> {
        self.browser.clone().ok_or_else(no_browser)
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
