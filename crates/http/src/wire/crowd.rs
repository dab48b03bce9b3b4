//! How many connections there are, in all and of one network, and who makes room when there are too many.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    ops::Bound,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use wardgraph_kernel::metric;
use wardgraph_limits::Network;

/// How long one that was asked to make room may take, before another one is asked.
const LEAVE_WITHIN: Duration = Duration::from_millis(50);

/// Everyone who is connected.
#[derive(Debug)]
pub(super) struct Crowd {
    room: Arc<Semaphore>,
    /// Nothing where one network may have them all: then a newcomer is never refused, but room made for it.
    each: Option<usize>,
    books: Mutex<Books>,
}

#[derive(Debug, Default)]
struct Books {
    networks: HashMap<Network, usize>,
    seats: BTreeMap<u64, Arc<Seat>>,
    next: u64,
    /// Who was asked last to make room: the next one is asked next, so that it is everyone's turn before it is anyone's again.
    asked: u64,
}

/// What one connection is about: how many requests it began, how many of them have an answer, and how many answers have left.
#[derive(Debug, Default)]
pub(super) struct Seat {
    pub(super) begun: AtomicUsize,
    pub(super) answered: AtomicUsize,
    pub(super) sent: AtomicUsize,
    wanted: Notify,
}

/// One connection's place, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) seat: Arc<Seat>,
    number: u64,
    _room: OwnedSemaphorePermit,
    counted: Counted,
}

/// One connection more of a network.
#[derive(Debug)]
struct Counted {
    crowd: Arc<Crowd>,
    network: Network,
}

impl Seat {
    /// Done once the place is wanted by someone else and nothing is asked on this connection.
    pub(super) async fn is_wanted(&self) {
        loop {
            self.wanted.notified().await;
            if self.is_idle() {
                return;
            }
        }
    }

    fn is_idle(&self) -> bool {
        self.begun.load(Ordering::Relaxed) == self.sent.load(Ordering::Relaxed)
    }
}

impl Crowd {
    /// Room for `all` connections, `each` of them from one network.
    pub(super) fn new(all: usize, each: usize) -> Arc<Self> {
        let each = Some(each.max(1)).filter(|each| *each < all);
        Arc::new(Self { room: Arc::new(Semaphore::new(all)), each, books: Mutex::default() })
    }

    /// A place for a connection from `address`; `None` if its network has as many as it may. Where all places are taken, one that asks
    /// nothing makes room; where all ask something, this waits.
    pub(super) async fn place(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let counted = self.count(address)?;
        let room = loop {
            if let Ok(room) = self.room.clone().try_acquire_owned() {
                break room;
            }
            self.ask_for_room();
            if let Ok(room) = tokio::time::timeout(LEAVE_WITHIN, self.room.clone().acquire_owned()).await {
                // Never closed.
                break room.ok()?;
            }
        };
        let mut books = self.books();
        books.next += 1;
        let (number, seat) = (books.next, Arc::<Seat>::default());
        books.seats.insert(number, seat.clone());
        Some(Place { seat, number, _room: room, counted })
    }

    fn count(self: &Arc<Self>, address: IpAddr) -> Option<Counted> {
        let network = Network::of(address);
        let mut books = self.books();
        let there = books.networks.entry(network).or_default();
        // One that has none open is not refused: so no entry of nobody stays.
        if self.each.is_some_and(|each| *there >= each) {
            return None;
        }
        *there += 1;
        Some(Counted { crowd: self.clone(), network })
    }

    fn ask_for_room(&self) {
        let mut books = self.books();
        let after = (Bound::Excluded(books.asked), Bound::Unbounded);
        let mut in_turn = books.seats.range(after).chain(books.seats.range(..=books.asked));
        let Some((number, seat)) = in_turn.find(|(_, seat)| seat.is_idle()).map(|(number, seat)| (*number, seat.clone())) else {
            return;
        };
        books.asked = number;
        drop(books);
        metric::HTTP_CONNECTIONS_DISPLACED.of([]).increment(1);
        seat.wanted.notify_one();
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.counted.crowd.books().seats.remove(&self.number);
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut books = self.crowd.books();
        if let Some(there) = books.networks.get_mut(&self.network) {
            *there -= 1;
            if *there == 0 {
                books.networks.remove(&self.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_network_has_its_share_and_gives_it_back() {
        let crowd = Crowd::new(10, 2);
        let place = async |address: &str| crowd.place(address.parse().unwrap()).await;
        let (first, second) = (place("192.0.2.1").await, place("::ffff:192.0.2.1").await);
        assert!(first.is_some() && second.is_some());
        assert!(place("192.0.2.1").await.is_none());
        assert!(place("192.0.2.2").await.is_some());
        drop(first);
        assert!(place("192.0.2.1").await.is_some());
        drop(second);
        let books = crowd.books();
        assert!(books.networks.is_empty() && books.seats.is_empty(), "someone who left is remembered: {books:?}");
        assert_eq!(crowd.room.available_permits(), 10);
    }

    #[tokio::test]
    async fn who_asks_nothing_makes_room_in_turn_and_who_asks_something_does_not() {
        let crowd = Crowd::new(3, 3);
        let address: IpAddr = "192.0.2.1".parse().unwrap();
        let (left, mut who) = tokio::sync::mpsc::unbounded_channel();
        let sit = async |name: usize, busy: bool| {
            let place = crowd.place(address).await.unwrap();
            place.seat.begun.store(usize::from(busy), Ordering::Relaxed);
            let left = left.clone();
            tokio::spawn(async move {
                place.seat.is_wanted().await;
                left.send(name).unwrap();
            });
        };
        for (name, busy) in [(0, false), (1, true), (2, false), (3, false), (4, false), (5, false)] {
            sit(name, busy).await;
        }
        let mut order = Vec::new();
        while let Ok(name) = who.try_recv() {
            order.push(name);
        }
        assert_eq!(order, [0, 2, 3]);
    }
}
