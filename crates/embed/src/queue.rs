//! What waits for a thread: two lanes, the urgent one first.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::request::{Answer, Request};
use crate::{EmbedError, Lane};

const KIB: usize = 1024;

/// How much may wait in one lane, the request at work included.
#[derive(Debug)]
pub(crate) struct Room {
    free: Arc<Semaphore>,
    kib: u32,
}

impl Room {
    /// Room for `kib` KiB of text.
    pub(crate) fn new(kib: u32) -> Self {
        Self { free: Arc::new(Semaphore::new(kib as usize)), kib }
    }

    /// A request that has its room, and the end on which its caller waits.
    ///
    /// # Errors
    /// [`EmbedError::Busy`] when it does not fit now.
    pub(crate) fn admit(&self, texts: Vec<String>) -> Result<(Request, oneshot::Receiver<Answer>), EmbedError> {
        let room = self.take(&texts)?;
        Ok(Request::new(texts, room))
    }

    /// The room that texts need, held until it is dropped.
    ///
    /// # Errors
    /// [`EmbedError::Busy`] when they do not fit now.
    pub(crate) fn take(&self, texts: &[String]) -> Result<OwnedSemaphorePermit, EmbedError> {
        let kib: usize = texts.iter().map(|text| text.len().div_ceil(KIB).max(1)).sum();
        let kib = u32::try_from(kib).unwrap_or(u32::MAX).min(self.kib);
        Arc::clone(&self.free).try_acquire_many_owned(kib).map_err(|_| EmbedError::Busy)
    }
}

#[cfg(test)]
impl Room {
    /// KiB that are free now.
    pub(crate) fn free(&self) -> usize {
        self.free.available_permits()
    }
}

/// The lanes, and the threads that wait for them to fill.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    lanes: Mutex<Lanes>,
    filled: Condvar,
}

#[derive(Debug, Default)]
struct Lanes {
    queries: VecDeque<Request>,
    documents: VecDeque<Request>,
    closed: bool,
}

impl Queue {
    /// Puts a request at the end of its lane. A closed queue drops it, which tells its caller.
    pub(crate) fn push(&self, lane: Lane, request: Request) {
        let mut lanes = self.lock();
        if lanes.closed {
            return;
        }
        match lane {
            Lane::Query => lanes.queries.push_back(request),
            Lane::Document => lanes.documents.push_back(request),
        }
        drop(lanes);
        self.filled.notify_one();
    }

    /// The next request that somebody waits for, blocking until there is one; nothing when the queue is closed.
    pub(crate) fn next(&self) -> Option<(Lane, Request)> {
        let mut lanes = self.lock();
        while !lanes.closed {
            match lanes.pop() {
                Some((_, request)) if request.is_abandoned() => {}
                Some(next) => return Some(next),
                None => lanes = self.filled.wait(lanes).unwrap_or_else(PoisonError::into_inner),
            }
        }
        None
    }

    /// Drops what waits and sends the threads home.
    pub(crate) fn close(&self) {
        let mut lanes = self.lock();
        *lanes = Lanes { closed: true, ..Lanes::default() };
        drop(lanes);
        self.filled.notify_all();
    }

    /// Nothing panics while it holds this lock; were it so, the lanes would still be whole.
    fn lock(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lanes {
    fn pop(&mut self) -> Option<(Lane, Request)> {
        let query = self.queries.pop_front().map(|request| (Lane::Query, request));
        query.or_else(|| self.documents.pop_front().map(|request| (Lane::Document, request)))
    }
}
