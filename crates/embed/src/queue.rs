//! What waits for a thread: two lanes, the urgent one first.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::Lane;
use crate::request::Request;
use crate::turns::Turns;

/// The lanes, and the threads that wait for them to fill.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    lanes: Mutex<Lanes>,
    filled: Condvar,
}

#[derive(Debug, Default)]
struct Lanes {
    queries: Turns<Request>,
    documents: VecDeque<Request>,
    closed: bool,
}

impl Queue {
    /// Puts a request at the end of its lane, or of its tenant's part of it. A closed queue drops it, which tells its caller.
    pub(crate) fn push(&self, lane: Lane, request: Request) {
        let mut lanes = self.lock();
        if lanes.closed {
            return;
        }
        match lane {
            Lane::Query(tenant) => lanes.queries.push(tenant, request),
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
        let query = self.queries.pop().map(|(tenant, request)| (Lane::Query(tenant), request));
        query.or_else(|| self.documents.pop_front().map(|request| (Lane::Document, request)))
    }
}
