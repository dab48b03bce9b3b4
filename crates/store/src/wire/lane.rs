//! A connection that many share: whole transactions of one swift statement each, one behind the other.
//!
//! **Invariant:** what is written for a transaction is written at once, from `BEGIN` to `Sync`, under the lock that also notes who waits for it.
//! So transactions never mingle, answers come in the order of those who wait, and one whom nobody waits for any more is passed over: it was sent,
//! and holds its place and its tenant's until Postgres is done with it.

use std::{
    collections::VecDeque,
    future::poll_fn,
    io,
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use bytes::BytesMut;
use futures_util::task::AtomicWaker;
use postgres_protocol::message::{backend::Message, frontend};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::oneshot,
};
use wardgraph_shares::Share;

use crate::{
    Row, StoreError,
    wire::{Draft, Session, Socket, draft::Bound, landing::Landing, session::READ},
};

/// How many may wait on one lane: whoever comes then takes a connection of the pool.
const MOST: usize = 32;
/// How many of one tenant's: others wait for that many and no more, whatever it asks for and however often it goes away.
const EACH: usize = 16;

/// One connection that many share. Dropping the last handle ends it.
#[derive(Debug)]
pub(crate) struct Lane(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    ahead: Mutex<Ahead>,
    /// How many wait, and at which of its milliseconds somebody came last. Kept beside the queue, so that choosing a lane waits for nobody who
    /// writes on it.
    waiting: AtomicUsize,
    used: AtomicU64,
    began: Instant,
    over: AtomicBool,
    driver: AtomicWaker,
}

/// What was written and not sent, and who waits, in this order.
#[derive(Debug)]
struct Ahead {
    out: BytesMut,
    bound: Bound,
    queue: VecDeque<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    whose: Share,
    landing: Landing,
    answer: oneshot::Sender<Vec<Row>>,
}

/// Somebody's place on a lane.
type Place = oneshot::Receiver<Vec<Row>>;

impl Lane {
    /// A lane over a fresh session, and what drives it: a future that ends when the lane is over.
    pub(crate) fn over(session: Session) -> (Self, impl Future<Output = ()> + Send + use<>) {
        let ahead = Ahead { out: BytesMut::new(), bound: Bound::default(), queue: VecDeque::with_capacity(MOST) };
        let shared = Arc::new(Shared {
            ahead: Mutex::new(ahead),
            waiting: AtomicUsize::new(0),
            used: AtomicU64::new(0),
            began: Instant::now(),
            over: AtomicBool::new(false),
            driver: AtomicWaker::new(),
        });
        let (socket, out, input) = (session.into_socket(), BytesMut::new(), BytesMut::new());
        let driver = Driver { shared: shared.clone(), socket, out, input, current: None };
        (Self(shared), driver.drive())
    }

    /// How many wait, if anybody else may.
    pub(crate) fn waiting(&self) -> Option<usize> {
        let waiting = self.0.waiting.load(Ordering::Relaxed);
        (waiting < MOST && !self.is_over()).then_some(waiting)
    }

    /// Whether nobody can be served any more.
    pub(crate) fn is_over(&self) -> bool {
        self.0.over.load(Ordering::Relaxed)
    }

    /// For how long nobody came.
    pub(crate) fn rested(&self) -> Duration {
        self.0.began.elapsed().saturating_sub(Duration::from_millis(self.0.used.load(Ordering::Relaxed)))
    }

    /// Puts a transaction behind the others: `draw` writes it, from `BEGIN` to `COMMIT`. The rows come of its one statement. A place that is
    /// lost was not served, whatever the reason.
    pub(crate) fn enter(&self, whose: &Share, draw: impl FnOnce(&mut Draft<'_>) -> Result<(), StoreError>) -> Option<Place> {
        let mut ahead = self.0.lock();
        let Ahead { out, bound, queue } = &mut *ahead;
        let theirs = queue.iter().filter(|waiting| Arc::ptr_eq(&waiting.whose, whose)).count();
        if self.is_over() || queue.len() >= MOST || theirs >= EACH {
            return None;
        }
        let mut draft = Draft::new(out, bound, Vec::with_capacity(8));
        if draw(&mut draft).is_err() {
            // Half of it is written: nothing that follows could be told from it.
            self.end();
            return None;
        }
        let landing = Landing::of(draft.flown());
        frontend::sync(out);
        let (answer, place) = oneshot::channel();
        queue.push_back(Waiting { whose: whose.clone(), landing, answer });
        self.0.used.store(u64::try_from(self.0.began.elapsed().as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.0.waiting.fetch_add(1, Ordering::Relaxed);
        drop(ahead);
        self.0.driver.wake();
        Some(place)
    }

    /// Ends the lane: who waits on it loses the place.
    pub(crate) fn end(&self) {
        self.0.over.store(true, Ordering::Relaxed);
        self.0.driver.wake();
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.end();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Ahead> {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What reads and writes a lane's socket. The lane is over when it is dropped, however that comes about.
struct Driver {
    shared: Arc<Shared>,
    socket: Socket,
    out: BytesMut,
    input: BytesMut,
    /// Whose answer is coming in.
    current: Option<Waiting>,
}

impl Driver {
    async fn drive(mut self) {
        let why = poll_fn(|context| self.poll(context)).await;
        tracing::debug!(%why, "a shared connection to Postgres is over");
    }

    /// Ready when the lane is over, with the reason.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        self.shared.driver.register(context.waker());
        if self.shared.over.load(Ordering::Relaxed) {
            return Poll::Ready(io::Error::other("it was ended"));
        }
        if let Poll::Ready(Err(error)) = self.poll_send(context) {
            return Poll::Ready(error);
        }
        loop {
            if let Err(error) = ready!(self.poll_read(context)).and_then(|()| self.take_in()) {
                return Poll::Ready(error);
            }
        }
    }

    /// Sends whatever was written; pending while the socket takes no more.
    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            if self.out.is_empty() {
                std::mem::swap(&mut self.out, &mut self.shared.lock().out);
                if self.out.is_empty() {
                    return Poll::Ready(Ok(()));
                }
            }
            while !self.out.is_empty() {
                if ready!(pin!(self.socket.write_buf(&mut self.out)).poll(context))? == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
            }
            ready!(pin!(self.socket.flush()).poll(context))?;
        }
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.input.reserve(READ);
        match ready!(pin!(self.socket.read_buf(&mut self.input)).poll(context))? {
            0 => Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
            _ => Poll::Ready(Ok(())),
        }
    }

    /// Hands what came in to whom it is for.
    fn take_in(&mut self) -> io::Result<()> {
        while let Some(message) = Message::parse(&mut self.input)? {
            match message {
                Message::NoticeResponse(_) | Message::ParameterStatus(_) | Message::NotificationResponse(_) => {}
                Message::ReadyForQuery(ready) => self.hand_over(ready.status())?,
                message => {
                    if self.current.is_none() {
                        self.current = self.shared.lock().queue.pop_front();
                    }
                    let Some(waiting) = &mut self.current else { return Err(io::Error::other("nobody waits for this answer")) };
                    waiting.landing.take(message);
                }
            }
        }
        Ok(())
    }

    fn hand_over(&mut self, status: u8) -> io::Result<()> {
        self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
        if let Some(Waiting { landing, answer, .. }) = self.current.take()
            && let Ok(rows) = landing.end()
        {
            // Whoever does not wait any more is not missed.
            let _ = answer.send(rows.into_iter().next().unwrap_or_default());
        }
        // Those behind it would fail, since Postgres awaits a rollback.
        if status == b'I' { Ok(()) } else { Err(io::Error::other("a transaction did not end")) }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let mut ahead = self.shared.lock();
        self.shared.over.store(true, Ordering::Relaxed);
        ahead.queue.clear();
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::DuplexStream;
    use wardgraph_shares::Shares;

    use super::*;
    use crate::wire::Command;

    /// What Postgres says at the end of a transaction.
    const ANSWER: &[u8] = b"C\0\0\0\x0bCOMMIT\0Z\0\0\0\x05I";

    /// A lane, and where Postgres would be.
    fn lane() -> (Lane, DuplexStream) {
        let (near, far) = tokio::io::duplex(64 * 1024);
        let (lane, driver) = Lane::over(Session::new(Box::new(near)));
        tokio::spawn(driver);
        (lane, far)
    }

    fn tenant() -> Share {
        Shares::new(1).of("acme")
    }

    fn enter(lane: &Lane, whose: &Share) -> Option<Place> {
        lane.enter(whose, |draft| draft.command(Command::Commit))
    }

    #[tokio::test]
    async fn a_tenant_has_few_places_and_none_is_free_for_its_going_away() {
        let (lane, mut postgres) = lane();
        let (hostile, neighbour) = (tenant(), tenant());
        for _ in 0..EACH {
            drop(enter(&lane, &hostile).unwrap());
        }
        assert!(enter(&lane, &hostile).is_none());
        let place = enter(&lane, &neighbour).unwrap();
        assert_eq!(lane.waiting(), Some(EACH + 1));
        // Postgres is done with one of them, and then with all.
        postgres.write_all(ANSWER).await.unwrap();
        while lane.waiting() == Some(EACH + 1) {
            tokio::task::yield_now().await;
        }
        let last = enter(&lane, &hostile).unwrap();
        assert!(enter(&lane, &hostile).is_none());
        for _ in 0..=EACH {
            postgres.write_all(ANSWER).await.unwrap();
        }
        assert!(place.await.unwrap().is_empty());
        assert!(last.await.unwrap().is_empty());
        assert_eq!(lane.waiting(), Some(0));
    }

    #[tokio::test]
    async fn many_tenants_fill_a_lane_and_no_more_come() {
        let (lane, _postgres) = lane();
        let places: Vec<_> = (0..=MOST).filter_map(|_| enter(&lane, &tenant())).collect();
        assert_eq!((places.len(), lane.waiting()), (MOST, None));
    }

    #[tokio::test]
    async fn choosing_a_lane_waits_for_nobody_who_writes_on_it() {
        let (lane, _postgres) = lane();
        let _place = enter(&lane, &tenant()).unwrap();
        let (said, heard) = std::sync::mpsc::channel();
        let shared = lane.0.clone();
        let writes = shared.lock();
        std::thread::spawn(move || said.send((lane.waiting(), lane.rested() < Duration::from_mins(1))));
        assert_eq!(heard.recv_timeout(Duration::from_secs(10)), Ok((Some(1), true)));
        drop(writes);
    }
}
