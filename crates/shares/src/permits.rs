//! Shares of what one has after another: connections of a pool, room in a queue, processors.
//!
//! What is shared is not here. Whoever hands it out takes a permit of the asker's share first, and then of the whole: so whoever waits for their own
//! share holds nothing that another could use.

use std::{
    borrow::Borrow,
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::Semaphore;

/// Past this many shares those that nobody holds are forgotten.
const SWEPT_ABOVE: usize = 1_000;

/// Somebody's share. While anybody holds it, it is the same for all who ask for it, and no other's: where it is in memory tells whose it is
/// ([`Arc::ptr_eq`]).
pub type Share = Arc<Semaphore>;

/// Everybody's share of something, by what tells them apart.
///
/// **Invariant:** of what is held, two never have a share each in the same name (`a_share_is_the_same_for_all_who_hold_it`). Those that nobody holds
/// are few, or forgotten (`shares_that_nobody_holds_are_forgotten`); a share that is asked for again and again costs one lock, one hash and no memory.
#[derive(Debug)]
pub struct Shares<K> {
    each: usize,
    held: Mutex<Held<K>>,
}

#[derive(Debug)]
struct Held<K> {
    by: HashMap<K, Share>,
    /// Past this many they are looked through: so many more than were held the last time that it costs each newcomer little.
    swept_above: usize,
}

impl<K: Eq + Hash> Shares<K> {
    /// Shares of `all`: a third of it each, at least one.
    pub fn thirds_of(all: usize) -> Self {
        Self::new(all.div_ceil(3).max(1))
    }

    /// Shares of so many. For one of nothing nobody waits: it is closed.
    pub fn new(each: usize) -> Self {
        Self { each, held: Mutex::new(Held { by: HashMap::new(), swept_above: SWEPT_ABOVE }) }
    }

    /// How much a share is.
    pub const fn each(&self) -> usize {
        self.each
    }

    /// The share in this name.
    pub fn of<Q>(&self, name: &Q) -> Share
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned = K> + ?Sized,
    {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        match held.by.get(name) {
            Some(share) => share.clone(),
            None => held.add(name.to_owned(), self.each),
        }
    }
}

impl<K: Eq + Hash> Held<K> {
    fn add(&mut self, name: K, each: usize) -> Share {
        if self.by.len() >= self.swept_above {
            // Nobody comes by one in the meantime: they are handed out under the lock that is held now.
            self.by.retain(|_, share| Arc::strong_count(share) > 1);
            self.swept_above = SWEPT_ABOVE.max(2 * self.by.len());
        }
        let share = Arc::new(Semaphore::new(each));
        if each == 0 {
            share.close();
        }
        self.by.insert(name, share.clone());
        share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_third_and_never_nothing() {
        for (all, each) in [(13, 5), (3, 1), (1, 1), (0, 1)] {
            assert_eq!(Shares::<u8>::thirds_of(all).of(&0).available_permits(), each, "{all}");
        }
    }

    #[test]
    fn a_share_is_the_same_for_all_who_hold_it() {
        let shares = Shares::<String>::thirds_of(13);
        let held = shares.of("acme");
        let _one = held.clone().try_acquire_owned().unwrap();
        assert!(Arc::ptr_eq(&held, &shares.of("acme")));
        assert_eq!(shares.of("acme").available_permits(), 4);
        assert!(!Arc::ptr_eq(&held, &shares.of("other")));
        assert_eq!(shares.of("other").available_permits(), 5);
    }

    #[test]
    fn shares_that_nobody_holds_are_forgotten() {
        let shares = Shares::new(2);
        // Of one only a permit is held.
        let (held, permit) = (shares.of(&usize::MAX), shares.of(&(usize::MAX - 1)).try_acquire_owned().unwrap());
        for number in 0..3 * SWEPT_ABOVE {
            shares.of(&number);
            assert!(shares.held.lock().unwrap().by.len() <= SWEPT_ABOVE);
        }
        assert!(Arc::ptr_eq(&held, &shares.of(&usize::MAX)));
        assert_eq!(shares.of(&(usize::MAX - 1)).available_permits(), 1);
        drop(permit);
    }

    #[test]
    fn however_many_are_held_they_are_not_looked_through_each_time() {
        let shares = Shares::new(1);
        let held: Vec<_> = (0..2 * SWEPT_ABOVE).map(|number| shares.of(&number)).collect();
        assert_eq!(shares.held.lock().unwrap().swept_above, 2 * SWEPT_ABOVE);
        drop(held);
        shares.of(&usize::MAX);
        assert_eq!(shares.held.lock().unwrap().by.len(), 1);
        assert_eq!(shares.held.lock().unwrap().swept_above, SWEPT_ABOVE);
    }

    #[tokio::test]
    async fn nobody_waits_for_a_share_of_nothing() {
        assert!(Shares::new(0).of("a").acquire_owned().await.is_err());
    }
}
