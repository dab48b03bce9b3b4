//! Turns: how many are asked at once, how many of them for one owner, and how many on one host.
//!
//! **Invariant:** whoever waits for a host of the same owner, or for the owner's turn, holds no room that another owner could use
//! (`a_slow_host_holds_its_own_turns_and_no_others`).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// Turns to ask.
#[derive(Debug)]
pub struct Turns {
    room: Arc<Semaphore>,
    owners: Shares,
    hosts: Shares,
}

/// Leave to ask, until it is dropped.
#[derive(Debug)]
pub struct Turn {
    _permits: [OwnedSemaphorePermit; 3],
}

impl Turns {
    /// Turns for `at_once`, of which one owner has so many, and one host of an owner.
    pub fn new(at_once: usize, of_an_owner: usize, of_a_host: usize) -> Self {
        Self { room: semaphore(at_once), owners: Shares::of(of_an_owner), hosts: Shares::of(of_a_host) }
    }

    /// Waits for a turn to ask a host in an owner's name; `None` if there was none for so long.
    pub async fn take(&self, owner: &str, host: &str, within: Duration) -> Option<Turn> {
        let waiting = async {
            // No host has a blank.
            let host = self.hosts.named(&format!("{owner} {host}")).acquire_owned().await.ok()?;
            let owner = self.owners.named(owner).acquire_owned().await.ok()?;
            let room = self.room.clone().acquire_owned().await.ok()?;
            Some(Turn { _permits: [host, owner, room] })
        };
        timeout(within, waiting).await.ok()?
    }
}

/// A share for each name that is in use.
#[derive(Debug)]
struct Shares {
    most: usize,
    named: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl Shares {
    fn of(most: usize) -> Self {
        Self { most, named: Mutex::default() }
    }

    /// The share of a name. Those that nobody has or waits for are forgotten: there are no more than there are calls under way.
    fn named(&self, name: &str) -> Arc<Semaphore> {
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        named.retain(|_, share| Arc::strong_count(share) > 1);
        named.entry(name.to_owned()).or_insert_with(|| semaphore(self.most)).clone()
    }
}

/// Where there is no turn nobody waits for one.
fn semaphore(permits: usize) -> Arc<Semaphore> {
    let semaphore = Semaphore::new(permits);
    if permits == 0 {
        semaphore.close();
    }
    Arc::new(semaphore)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT_ONCE: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn a_slow_host_holds_its_own_turns_and_no_others() {
        let turns = Turns::new(3, 2, 1);
        let slow = turns.take("a", "slow", AT_ONCE).await.unwrap();
        assert!(turns.take("a", "slow", AT_ONCE).await.is_none());
        let another = turns.take("a", "another", AT_ONCE).await.unwrap();
        assert!(turns.take("a", "third", AT_ONCE).await.is_none(), "an owner has two");
        let theirs = turns.take("b", "slow", AT_ONCE).await.unwrap();
        assert!(turns.take("c", "other", AT_ONCE).await.is_none(), "there are three");
        drop(another);
        assert!(turns.take("c", "other", AT_ONCE).await.is_some());
        drop((slow, theirs));
        assert!(turns.take("a", "slow", AT_ONCE).await.is_some());
    }

    #[tokio::test]
    async fn names_are_forgotten_that_nobody_waits_for() {
        let turns = Turns::new(1, 1, 1);
        for number in 0..100 {
            turns.take(&format!("owner {number}"), "host", AT_ONCE).await.unwrap();
        }
        assert!(turns.hosts.named.lock().unwrap().len() <= 1 && turns.owners.named.lock().unwrap().len() <= 1);
    }
}
