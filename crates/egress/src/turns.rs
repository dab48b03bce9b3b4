//! Turns: how many are asked at once, how many of them for one owner, and how many on one host.
//!
//! **Invariant:** whoever waits for a host of the same owner, or for the owner's turn, holds no room that another owner could use
//! (`a_slow_host_holds_its_own_turns_and_no_others`).

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use wardgraph_shares::Shares;

/// Turns to ask.
#[derive(Debug)]
pub struct Turns {
    room: Arc<Semaphore>,
    owners: Shares<String>,
    hosts: Shares<String>,
}

/// Leave to ask, until it is dropped.
#[derive(Debug)]
pub struct Turn {
    _permits: [OwnedSemaphorePermit; 3],
}

impl Turns {
    /// Turns for `at_once`, of which one owner has so many, and one host of an owner.
    pub fn new(at_once: usize, of_an_owner: usize, of_a_host: usize) -> Self {
        let room = Semaphore::new(at_once);
        if at_once == 0 {
            // Nobody waits for what never comes.
            room.close();
        }
        Self { room: Arc::new(room), owners: Shares::new(of_an_owner), hosts: Shares::new(of_a_host) }
    }

    /// Waits for a turn to ask a host in an owner's name; `None` if there was none for so long.
    pub async fn take(&self, owner: &str, host: &str, within: Duration) -> Option<Turn> {
        let waiting = async {
            // No host has a blank.
            let host = self.hosts.of(format!("{owner} {host}").as_str()).acquire_owned().await.ok()?;
            let owner = self.owners.of(owner).acquire_owned().await.ok()?;
            let room = self.room.clone().acquire_owned().await.ok()?;
            Some(Turn { _permits: [host, owner, room] })
        };
        timeout(within, waiting).await.ok()?
    }
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
}
