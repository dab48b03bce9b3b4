//! The events of one unit of work, each in the log of the tenant whom it is about.

use wardgraph_kernel::{Chance, Timestamp, Write};
use wardgraph_store::{Params, Statement, ToSql};

use crate::{APPEND, Batch, Circumstances, Entry};

/// Events of one moment, by log.
#[derive(Debug)]
pub struct Logs {
    batches: Vec<Batch>,
    now: Timestamp,
}

/// The parameters of a log's [`APPEND`].
pub type LogParams<'a> = [&'a (dyn ToSql + Sync); 13];

impl Logs {
    /// No events yet.
    pub const fn new(now: Timestamp) -> Self {
        Self { batches: Vec::new(), now }
    }

    /// Adds an event to the log of `tenant` as rows spell it.
    pub fn push(&mut self, tenant: &str, circumstances: &Circumstances, chance: &dyn Chance, entry: Entry) {
        let place = self.batches.iter().position(|batch| batch.is_of(tenant));
        let place = place.unwrap_or_else(|| {
            self.batches.push(Batch::new(tenant.to_owned(), self.now));
            self.batches.len() - 1
        });
        if let Some(batch) = self.batches.get_mut(place) {
            batch.push(circumstances, chance, entry);
        }
    }

    /// The parameters, log by log.
    pub fn params(&self) -> Vec<LogParams<'_>> {
        self.batches.iter().map(Batch::params).collect()
    }
}

/// The statements that append the events with these parameters.
pub fn appends<'a>(params: &'a [LogParams<'a>]) -> Vec<(&'static Statement<Write>, Params<'a>)> {
    params.iter().map(|params| (&APPEND, params.as_slice())).collect()
}
