//! The streams of one HTTP/2 connection: what each still holds, and when their client has had its chance.

use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use hyper::body::{Body as _, Frame, SizeHint};
use tokio::{sync::Notify, time::Instant};

use super::{crowd::Seat, held::Kept, patient::LEAST_PER_SECOND};

/// So many more streams may be cancelled before their answer than were answered: a search while its words are typed cancels many.
const MOST_CANCELLED: usize = 100;

/// All of them.
#[derive(Debug)]
pub(super) struct Streams {
    unread_within: Duration,
    seat: Arc<Seat>,
    books: Mutex<Books>,
    /// Told when the client cancels more than anyone needs to.
    pub(super) abused: Notify,
}

#[derive(Debug)]
struct Books {
    next: u64,
    /// Streams that are not over: those with an answer must have taken it by then.
    open: BTreeMap<u64, Option<Instant>>,
    answered: usize,
    cancelled: usize,
    last: Instant,
}

/// What is to be done with a connection.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It goes on.
    Fine,
    /// Nothing was asked for too long.
    Idle,
    /// An answer was not taken in time.
    Unread,
}

/// One stream, until the last byte of its answer left.
#[derive(Debug)]
pub(super) struct Stream {
    streams: Arc<Streams>,
    number: u64,
}

impl Streams {
    pub(super) fn new(unread_within: Duration, seat: Arc<Seat>) -> Arc<Self> {
        let books = Books { next: 0, open: BTreeMap::new(), answered: 0, cancelled: 0, last: Instant::now() };
        Arc::new(Self { unread_within, seat, books: Mutex::new(books), abused: Notify::new() })
    }

    fn books(&self) -> std::sync::MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request came. `None` where the client has cancelled too many to be heard.
    pub(super) fn open(self: &Arc<Self>) -> Option<Stream> {
        let mut books = self.books();
        if books.is_abused() {
            return None;
        }
        books.next += 1;
        let number = books.next;
        books.open.insert(number, None);
        self.seat.begun.fetch_add(1, Ordering::Relaxed);
        Some(Stream { streams: self.clone(), number })
    }

    /// What is to be done now, where a connection may go unused for `idle_within`.
    pub(super) fn verdict(&self, idle_within: Duration) -> Verdict {
        let (books, now) = (self.books(), Instant::now());
        if books.open.values().flatten().any(|by| *by < now) {
            Verdict::Unread
        } else if books.open.is_empty() && now - books.last > idle_within {
            Verdict::Idle
        } else {
            Verdict::Fine
        }
    }
}

impl Books {
    fn is_abused(&self) -> bool {
        self.cancelled > MOST_CANCELLED + self.answered
    }
}

impl Stream {
    /// The answer, which has to be taken in time from now on.
    pub(super) fn answer(self, response: Response) -> Response {
        let length = response.body().size_hint().lower();
        let within = self.streams.unread_within + Duration::from_secs(length / LEAST_PER_SECOND);
        if let Some(by) = self.streams.books().open.get_mut(&self.number) {
            *by = Some(Instant::now() + within);
        }
        if response.body().is_end_stream() {
            return response;
        }
        response.map(|body| Body::new(Tracked { body, stream: Arc::new(self) }))
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let mut books = self.streams.books();
        match books.open.remove(&self.number) {
            Some(Some(_)) => books.answered += 1,
            _ => books.cancelled += 1,
        }
        books.last = Instant::now();
        self.streams.seat.sent.fetch_add(1, Ordering::Relaxed);
        if books.is_abused() {
            self.streams.abused.notify_one();
        }
    }
}

/// An answer's body, every byte of which is its stream's.
struct Tracked {
    body: Body,
    stream: Arc<Stream>,
}

impl hyper::body::Body for Tracked {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        let kept = |bytes| Bytes::from_owner(Kept { bytes, _until: self.stream.clone() });
        Poll::Ready(frame.map(|frame| frame.map(|frame| frame.map_data(kept))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    const WITHIN: Duration = Duration::from_millis(200);

    #[tokio::test]
    async fn an_answer_must_be_taken_to_its_last_byte() {
        let streams = Streams::new(WITHIN, Arc::default());
        let answer = streams.open().unwrap().answer(Response::new(Body::from("text")));
        let data = answer.into_body().frame().await.unwrap().unwrap().into_data().unwrap();
        let rest = data.slice(3..);
        drop(data);
        assert_eq!(streams.verdict(WITHIN), Verdict::Fine);
        tokio::time::sleep(WITHIN * 2).await;
        assert_eq!(streams.verdict(WITHIN), Verdict::Unread);
        drop(rest);
        assert_eq!(streams.verdict(WITHIN), Verdict::Fine);
        tokio::time::sleep(WITHIN * 2).await;
        assert_eq!(streams.verdict(WITHIN), Verdict::Idle);
    }

    #[tokio::test]
    async fn a_client_that_only_cancels_is_not_heard() {
        let streams = Streams::new(WITHIN, Arc::default());
        for _ in 0..50 {
            drop(streams.open().unwrap().answer(Response::new(Body::empty())));
        }
        for _ in 0..=MOST_CANCELLED + 50 {
            drop(streams.open().unwrap());
        }
        assert!(streams.open().is_none());
        streams.abused.notified().await;
    }
}
