//! How much memory bodies hold that are on their way, in and out: so much in all, and a quarter of it for one tenant at most.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Body as _;
use wardgraph_api::Problem;
use wardgraph_kernel::{TenantId, metric};

/// Smaller bodies are not counted: as many as there are connections of them fit into memory.
pub(crate) const COUNTED_BYTES: usize = 64 << 10;

/// A store of memory for bodies.
#[derive(Debug)]
pub(crate) struct Held {
    most: usize,
    books: Mutex<Books>,
}

#[derive(Debug, Default)]
struct Books {
    all: usize,
    /// Who holds something now: a tenant, or all callers without one together.
    by: HashMap<Option<TenantId>, usize>,
}

/// Some of it, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Holding {
    held: Arc<Held>,
    whose: Option<TenantId>,
    bytes: usize,
}

impl Held {
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, books: Mutex::default() })
    }

    /// How much one body may become that is no longer than `longest`: half of all, and no less than that.
    pub(crate) fn for_one(&self, longest: usize) -> usize {
        (self.most / 2).max(longest)
    }

    /// Nothing of it yet.
    pub(crate) fn none(self: &Arc<Self>, whose: Option<&TenantId>) -> Holding {
        Holding { held: self.clone(), whose: whose.cloned(), bytes: 0 }
    }

    /// Counts a large answer until its last byte left. Where there is no room for it: a 503, if the request changed nothing.
    pub(crate) async fn hold(
        self: &Arc<Self>,
        response: Response,
        whose: Option<&TenantId>,
        changed: bool,
    ) -> Result<Response, Problem> {
        let length = response.body().size_hint().lower();
        if length <= COUNTED_BYTES as u64 {
            return Ok(response);
        }
        let mut holding = self.none(whose);
        if !holding.grow(usize::try_from(length).unwrap_or(usize::MAX), changed) {
            metric::HTTP_ANSWERS_WITHOUT_ROOM.of([]).increment(1);
            return Err(
                Problem::unavailable("too much is waiting to be read by its clients: read answers as they come").retry_after(1)
            );
        }
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map_err(|error| Problem::internal("the answer could not be written").inside(&error))?;
        let kept = Kept { bytes: body.to_bytes(), _until: holding };
        Ok(Response::from_parts(parts, Body::from(Bytes::from_owner(kept))))
    }
}

impl Holding {
    /// Holds `bytes` in all from now on, if there is room, or `whatever` there is. Whoever holds nothing else may exceed the quarter.
    pub(crate) fn grow(&mut self, bytes: usize, whatever: bool) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        let mut books = self.held.books.lock().unwrap_or_else(PoisonError::into_inner);
        let (all, theirs) = (books.all.saturating_add(more), books.by.get(&self.whose).copied().unwrap_or(0));
        let alone = theirs == self.bytes;
        let fits = all <= self.held.most && (alone || theirs.saturating_add(more) <= self.held.most / 4);
        if fits || whatever {
            books.all = all;
            books.by.insert(self.whose.clone(), theirs.saturating_add(more));
            self.bytes += more;
        }
        fits || whatever
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        if self.bytes == 0 {
            return;
        }
        let mut books = self.held.books.lock().unwrap_or_else(PoisonError::into_inner);
        books.all -= self.bytes;
        if let Some(theirs) = books.by.get_mut(&self.whose) {
            *theirs -= self.bytes;
            if *theirs == 0 {
                books.by.remove(&self.whose);
            }
        }
    }
}

/// Bytes, and what is dropped with the last of them: wherever they are copied by reference, in HTTP's own buffers most of all.
pub(super) struct Kept<T> {
    pub(super) bytes: Bytes,
    pub(super) _until: T,
}

impl<T> AsRef<[u8]> for Kept<T> {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(bytes: usize) -> Response {
        Response::new(Body::from(vec![0; bytes]))
    }

    #[tokio::test]
    async fn answers_are_counted_until_their_last_byte_is_gone() {
        let held = Held::new(1 << 20);
        let (one, other) = (TenantId::parse("one").unwrap(), TenantId::parse("other").unwrap());
        let answered = async |whose: &TenantId, bytes: usize, changed: bool| held.hold(answer(bytes), Some(whose), changed).await;
        let first = answered(&one, 200 << 10, false).await.unwrap();
        assert_eq!(answered(&one, 100 << 10, false).await.unwrap_err().status, 503, "more than a quarter for one tenant");
        let small = answered(&one, COUNTED_BYTES, false).await.unwrap();
        let large = answered(&other, 800 << 10, false).await.unwrap();
        assert_eq!(held.books.lock().unwrap().all, 1_000 << 10);
        assert_eq!(answered(&TenantId::parse("third").unwrap(), 100 << 10, false).await.unwrap_err().status, 503);
        // What a request changed is told whatever there is.
        let told = answered(&one, 100 << 10, true).await.unwrap();
        let mut body = first.into_body();
        let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
        drop(body);
        let tail = frame.slice(frame.len() - 1..);
        drop(frame);
        assert_eq!(held.books.lock().unwrap().all, 1_100 << 10, "its last byte is still there");
        drop((tail, large, told, small));
        let books = held.books.lock().unwrap();
        assert!(books.all == 0 && books.by.is_empty(), "{books:?}");
    }

    #[test]
    fn one_body_may_grow_beyond_the_quarter_and_a_second_may_not() {
        let held = Held::new(1 << 20);
        let whose = TenantId::parse("one").unwrap();
        let (mut first, mut second) = (held.none(Some(&whose)), held.none(Some(&whose)));
        assert!(first.grow(100 << 10, false) && first.grow(800 << 10, false));
        assert!(!second.grow(100 << 10, false));
        assert!(!first.grow(2 << 20, false), "there is not so much in all");
        drop(first);
        assert!(second.grow(800 << 10, false));
    }
}
