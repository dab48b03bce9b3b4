//! The lanes of a role: connections on which swift reads of all tenants follow each other, opened when they are needed.
//!
//! A swift read takes Postgres some 30 microseconds; a connection that has it for itself is woken for it and put to sleep again, which costs
//! both sides as much once more. Whoever finds no lane free, or loses the place on it, takes a connection of the pool as if there were none.

use std::{
    num::NonZero,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    thread::available_parallelism,
    time::{Duration, Instant},
};

use deadpool::managed::Manager;
use wardgraph_shares::Share;

use crate::{
    Row, StoreError,
    connection::{Connection, Opener, REST},
    wire::{Canceller, Draft, Lane, Prepared},
};

/// How long after one was opened another takes its place, at the earliest.
const AGAIN: Duration = Duration::from_secs(1);
/// How long it may take to ask Postgres to give up what nobody waits for.
const CANCEL_WITHIN: Duration = Duration::from_secs(1);
/// A pool spares one connection of so many.
const SPARED: usize = 4;

/// The lanes of a role. The last handle that is dropped ends them.
#[derive(Debug, Clone)]
pub(crate) struct Lanes(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    opener: Opener,
    /// How long opening one may take.
    within: Duration,
    places: Box<[Mutex<Place>]>,
    closed: AtomicBool,
}

/// Room for one lane.
#[derive(Debug, Default)]
struct Place {
    open: Option<Arc<Open>>,
    /// Of whoever opens one, and then drives it to its end: there is no other meanwhile, so that a place never has two connections.
    task: Weak<()>,
    /// When one was opened last, or tried to be.
    tried: Option<Instant>,
}

#[derive(Debug)]
struct Open {
    lane: Lane,
    prepared: Prepared,
    canceller: Canceller,
}

impl Open {
    /// Whether it can be believed to be there: something on the way may have forgotten one that rested.
    fn is_good(&self) -> bool {
        !self.lane.is_over() && (self.lane.rested() < REST || self.lane.waiting() != Some(0))
    }
}

impl Lanes {
    /// As many as half of the cores, for that many Postgres processes keep the others busy; of `connections` they take no more than a fourth.
    /// Opening one is given up after `within`.
    pub(crate) fn new(opener: Opener, connections: usize, within: Duration) -> Self {
        let cores = available_parallelism().map_or(1, NonZero::get);
        let count = cores.div_ceil(2).min(connections / SPARED);
        let places = (0..count).map(|_| Mutex::default()).collect();
        Self(Arc::new(Inner { opener, within, places, closed: AtomicBool::new(false) }))
    }

    /// How many connections they take.
    pub(crate) fn count(&self) -> usize {
        self.0.places.len()
    }

    /// How many are open, and how many of these nobody uses.
    pub(crate) fn status(&self) -> (usize, usize) {
        let open = self.0.places.iter().filter_map(|place| lock(place).open.clone()).filter(|open| !open.lane.is_over());
        open.fold((0, 0), |(count, idle), open| (count + 1, idle + usize::from(open.lane.waiting() == Some(0))))
    }

    /// Ends all of them.
    pub(crate) fn close(&self) {
        self.0.closed.store(true, Ordering::Relaxed);
        self.0.places.iter().for_each(|place| lock(place).open = None);
    }

    /// The rows of the one statement that `draw` writes between `BEGIN` and `COMMIT`; `None` if nobody could do it, or nobody said what came of it.
    pub(crate) async fn read(
        &self,
        whose: &Share,
        draw: impl FnOnce(&mut Draft<'_>, &Prepared) -> Result<(), StoreError>,
        within: Duration,
    ) -> Result<Option<Vec<Row>>, StoreError> {
        let Some(open) = self.free() else { return Ok(None) };
        let Some(place) = open.lane.enter(whose, |draft| draw(draft, &open.prepared)) else { return Ok(None) };
        if let Ok(rows) = tokio::time::timeout(within, place).await {
            return Ok(rows.ok());
        }
        // Those behind it would wait as long, and Postgres go on for nobody.
        open.lane.end();
        let canceller = open.canceller.clone();
        tokio::spawn(async move { tokio::time::timeout(CANCEL_WITHIN, canceller.cancel()).await });
        Err(StoreError::Timeout)
    }

    /// The lane on which the fewest wait. Where there is none one is opened, for those who come later.
    fn free(&self) -> Option<Arc<Open>> {
        if self.0.closed.load(Ordering::Relaxed) {
            return None;
        }
        let mut best: Option<(usize, Arc<Open>)> = None;
        for (at, place) in self.0.places.iter().enumerate() {
            let mut place = lock(place);
            match &place.open {
                Some(open) if open.is_good() => {
                    if let Some(waiting) = open.lane.waiting()
                        && best.as_ref().is_none_or(|(fewest, _)| waiting < *fewest)
                    {
                        best = Some((waiting, open.clone()));
                    }
                }
                _ => {
                    place.open = None;
                    if place.task.strong_count() == 0 && place.tried.is_none_or(|tried| tried.elapsed() > AGAIN) {
                        let task = Arc::new(());
                        (place.task, place.tried) = (Arc::downgrade(&task), Some(Instant::now()));
                        tokio::spawn(open(Arc::downgrade(&self.0), at, task));
                    }
                }
            }
        }
        best.map(|(_, open)| open)
    }
}

impl Inner {
    fn keep(&self, at: usize, open: Open) {
        if let Some(place) = self.places.get(at) {
            let mut place = lock(place);
            if !self.closed.load(Ordering::Relaxed) {
                place.open = Some(Arc::new(open));
            }
        }
    }
}

async fn open(lanes: Weak<Inner>, at: usize, _task: Arc<()>) {
    let Some(inner) = lanes.upgrade() else { return };
    let late = |_| Err(StoreError::Unavailable("connecting took too long".into()));
    match tokio::time::timeout(inner.within, inner.opener.create()).await.unwrap_or_else(late) {
        Ok(connection) => {
            let Connection { session, prepared, canceller } = *connection;
            let (opened, driver) = Lane::over(session);
            inner.keep(at, Open { lane: opened, prepared, canceller });
            drop(inner);
            driver.await;
        }
        Err(error) => tracing::debug!(%error, "no shared connection to Postgres"),
    }
}

fn lock(place: &Mutex<Place>) -> MutexGuard<'_, Place> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use tokio::{io::AsyncReadExt, net::UnixListener};

    use super::*;
    use crate::{Login, Role, connection::Timeouts};

    /// Longer than any of these tests.
    const PATIENCE: Duration = Duration::from_secs(30);

    /// How many connections are open at once, at most, to a Postgres that takes them and says nothing; and how many there were.
    #[derive(Debug, Default)]
    struct Silent {
        open: AtomicUsize,
        most: AtomicUsize,
        all: AtomicUsize,
    }

    impl Silent {
        fn at(folder: &std::path::Path) -> Arc<Self> {
            let (listener, silent) = (UnixListener::bind(folder.join(".s.PGSQL.5432")).unwrap(), Arc::new(Self::default()));
            let seen = silent.clone();
            tokio::spawn(async move {
                while let Ok((mut stream, _)) = listener.accept().await {
                    let seen = seen.clone();
                    seen.all.fetch_add(1, Ordering::SeqCst);
                    seen.most.fetch_max(seen.open.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    tokio::spawn(async move {
                        while stream.read(&mut [0; 1024]).await.is_ok_and(|read| read > 0) {}
                        seen.open.fetch_sub(1, Ordering::SeqCst);
                    });
                }
            });
            silent
        }
    }

    /// Lanes of four connections, which is one lane, where somebody asks for it every now and then.
    async fn asked_for(within: Duration, asked: Duration) -> Arc<Silent> {
        let folder = tempfile::tempdir().unwrap();
        let silent = Silent::at(folder.path());
        let mut login = Login::at_socket(folder.path());
        login.user("wardgraph_app");
        let opener = Opener::new(Role::App, login, Timeouts { connect: PATIENCE, ..Timeouts::default() }, &[]);
        let lanes = Lanes::new(opener, SPARED, within);
        assert_eq!(lanes.count(), 1);
        let begun = Instant::now();
        while begun.elapsed() < asked {
            assert!(lanes.free().is_none());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        silent
    }

    #[tokio::test]
    async fn a_postgres_that_says_nothing_is_asked_for_one_connection_at_a_time() {
        let silent = asked_for(PATIENCE, AGAIN * 3).await;
        assert_eq!(silent.all.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_connection_that_does_not_come_is_given_up_and_asked_for_again() {
        let silent = asked_for(Duration::from_millis(100), AGAIN * 3).await;
        assert!((2..=3).contains(&silent.all.load(Ordering::SeqCst)), "{silent:?}");
        assert_eq!(silent.most.load(Ordering::SeqCst), 1);
    }
}
