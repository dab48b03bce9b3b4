//! How many connections there are: in all, and of one network.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wardgraph_limits::Network;

/// Everyone who is connected.
#[derive(Debug)]
pub(super) struct Crowd {
    room: Arc<Semaphore>,
    each: usize,
    networks: Mutex<HashMap<Network, usize>>,
}

/// One connection's place, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    crowd: Arc<Crowd>,
    network: Network,
    _room: OwnedSemaphorePermit,
}

impl Crowd {
    /// Room for `all` connections, `each` of them from one network.
    pub(super) fn new(all: usize, each: usize) -> Arc<Self> {
        Arc::new(Self { room: Arc::new(Semaphore::new(all)), each, networks: Mutex::default() })
    }

    /// Waits until there is room for one more connection.
    pub(super) async fn room(&self) -> Option<OwnedSemaphorePermit> {
        // Never closed.
        self.room.clone().acquire_owned().await.ok()
    }

    /// A place for a connection from `address`; `None` if its network has as many as it may.
    pub(super) fn place(self: &Arc<Self>, address: IpAddr, room: OwnedSemaphorePermit) -> Option<Place> {
        let network = Network::of(address);
        let mut networks = self.networks.lock().unwrap_or_else(PoisonError::into_inner);
        let there = networks.entry(network).or_default();
        // One that has none open is not refused: so no entry of nobody stays.
        if *there >= self.each.max(1) {
            return None;
        }
        *there += 1;
        Some(Place { crowd: self.clone(), network, _room: room })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut networks = self.crowd.networks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(there) = networks.get_mut(&self.network) {
            *there -= 1;
            if *there == 0 {
                networks.remove(&self.network);
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
        let place = async |address: &str| crowd.place(address.parse().unwrap(), crowd.room().await.unwrap());
        let (first, second) = (place("192.0.2.1").await, place("::ffff:192.0.2.1").await);
        assert!(first.is_some() && second.is_some());
        assert!(place("192.0.2.1").await.is_none());
        assert!(place("192.0.2.2").await.is_some());
        drop(first);
        assert!(place("192.0.2.1").await.is_some());
        drop(second);
        assert!(crowd.networks.lock().unwrap().is_empty(), "a network that left is remembered");
        assert_eq!(crowd.room.available_permits(), 10);
    }
}
