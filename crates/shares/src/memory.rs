//! A memory that many share, and of which each has a part: what is too much of one makes room for itself among its own.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use moka::{policy::EvictionPolicy, sync::Cache};

/// How much fits, as things are weighed.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    /// Of all owners together.
    pub all: u64,
    /// Of each.
    pub each: u64,
    /// For how long something is kept.
    pub kept: Kept,
}

/// For how long something is kept that makes room for nothing.
#[derive(Debug, Clone, Copy)]
pub enum Kept {
    /// While it is asked for: this long after it was the last time.
    Idle(Duration),
    /// This long, however often it is asked for.
    For(Duration),
}

/// What is remembered, each of it somebody's. Of all of it, what was not asked for longest makes room; of one owner's, what was there first.
/// Cheap to clone, and the same then.
///
/// **Invariant:** whatever somebody has remembered, it takes from others no more than their part
/// (`whoever_fills_the_memory_has_their_own_forgotten`). Asking for what is there takes no lock besides the memory's own.
pub struct Shared<K, V, O> {
    cache: Cache<K, Arc<V>>,
    parts: Arc<Parts<K, O>>,
    owner: fn(&K, &V) -> O,
    weigh: fn(&V) -> u32,
}

/// What each owner has there.
struct Parts<K, O> {
    each: u64,
    of: Mutex<HashMap<O, Part<K>>>,
}

/// What one owner has there.
struct Part<K> {
    weight: u64,
    next: u64,
    by_age: BTreeMap<u64, Arc<K>>,
    entries: HashMap<Arc<K>, Entry>,
}

#[derive(Clone, Copy)]
struct Entry {
    age: u64,
    weight: u32,
    /// Where the very value is that counts: another one may have taken its place.
    address: usize,
}

impl<K, V, O> Shared<K, V, O>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Send + Sync + 'static,
    O: Hash + Eq + Send + 'static,
{
    /// An empty memory, in which something is whose `owner` says, and weighs what `weigh` says.
    pub fn new(room: Room, owner: fn(&K, &V) -> O, weigh: fn(&V) -> u32) -> Self {
        let parts: Arc<Parts<K, O>> = Arc::new(Parts { each: room.each, of: Mutex::default() });
        let left = parts.clone();
        let cache = Cache::builder()
            .max_capacity(room.all)
            .weigher(move |_, value: &Arc<V>| weigh(value))
            .eviction_policy(EvictionPolicy::lru())
            .eviction_listener(move |key: Arc<K>, value: Arc<V>, _| left.leave(&owner(&key, &value), &key, address(&value)));
        let cache = match room.kept {
            Kept::Idle(time) => cache.time_to_idle(time),
            Kept::For(time) => cache.time_to_live(time),
        };
        Self { cache: cache.build(), parts, owner, weigh }
    }

    /// What is known by this key.
    pub fn get(&self, key: &K) -> Option<Arc<V>> {
        self.cache.get(key)
    }

    /// Remembers something.
    pub fn insert(&self, key: K, value: Arc<V>) {
        let over = self.enter(&key, &value);
        self.cache.insert(key, value);
        self.forget(over);
    }

    /// What is known by this key, or is made now; of several at once, one makes it.
    ///
    /// # Errors
    /// That of making it, which is not remembered.
    pub fn get_or_make<E: Send + Sync + 'static>(&self, key: &K, make: impl FnOnce() -> Result<V, E>) -> Result<Arc<V>, Arc<E>> {
        let mut over = Vec::new();
        let known = self.cache.try_get_with_by_ref(key, || {
            let value = Arc::new(make()?);
            over = self.enter(key, &value);
            Ok(value)
        });
        self.forget(over);
        known
    }

    /// How much is there now, of all owners. Waits until whatever is to be forgotten is: for tests.
    pub fn count(&self) -> u64 {
        self.cache.run_pending_tasks();
        self.cache.entry_count()
    }

    /// Counts what is about to be there. Counted before: else it could be gone before it is counted, and count for ever.
    fn enter(&self, key: &K, value: &Arc<V>) -> Vec<Arc<K>> {
        self.parts.enter((self.owner)(key, value), key, (self.weigh)(value), address(value))
    }

    /// Not while the parts are held: who is forgotten leaves them.
    fn forget(&self, over: Vec<Arc<K>>) {
        for key in over {
            self.cache.invalidate(&*key);
        }
    }
}

impl<K: Hash + Eq + Clone, O: Hash + Eq> Parts<K, O> {
    /// Counts something, and tells what goes for it.
    fn enter(&self, owner: O, key: &K, weight: u32, address: usize) -> Vec<Arc<K>> {
        let mut of = self.lock();
        let part = of.entry(owner).or_default();
        part.remove(key);
        let (key, age) = (Arc::new(key.clone()), part.next);
        part.next += 1;
        part.weight += u64::from(weight);
        part.by_age.insert(age, key.clone());
        part.entries.insert(key, Entry { age, weight, address });
        let mut over = Vec::new();
        // What came just now stays, whatever it weighs.
        while part.weight > self.each && part.entries.len() > 1 {
            let Some((_, oldest)) = part.by_age.pop_first() else { break };
            part.remove(&oldest);
            over.push(oldest);
        }
        over
    }

    /// Counts something no more that is gone.
    fn leave(&self, owner: &O, key: &K, address: usize) {
        let mut of = self.lock();
        let Some(part) = of.get_mut(owner) else { return };
        if part.entries.get(key).is_some_and(|entry| entry.address == address) {
            part.remove(key);
        }
        if part.entries.is_empty() {
            of.remove(owner);
        }
    }

    /// Nothing panics while it holds this lock; were it so, the sums would be whole still.
    fn lock(&self) -> MutexGuard<'_, HashMap<O, Part<K>>> {
        self.of.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq> Part<K> {
    fn remove(&mut self, key: &K) {
        if let Some(entry) = self.entries.remove(key) {
            self.by_age.remove(&entry.age);
            self.weight -= u64::from(entry.weight);
        }
    }
}

impl<K> Default for Part<K> {
    fn default() -> Self {
        Self { weight: 0, next: 0, by_age: BTreeMap::new(), entries: HashMap::new() }
    }
}

impl<K, V, O> Clone for Shared<K, V, O> {
    fn clone(&self) -> Self {
        Self { cache: self.cache.clone(), parts: self.parts.clone(), owner: self.owner, weigh: self.weigh }
    }
}

impl<K, V, O> fmt::Debug for Shared<K, V, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("each", &self.parts.each).finish_non_exhaustive()
    }
}

fn address<V>(value: &Arc<V>) -> usize {
    Arc::as_ptr(value).addr()
}

#[cfg(test)]
mod tests {
    use super::*;

    type Key = (String, u32);

    fn key(owner: &str, number: u32) -> Key {
        (owner.to_owned(), number)
    }

    fn memory(all: u64, each: u64) -> Shared<Key, u32, String> {
        Shared::new(Room { all, each, kept: Kept::For(Duration::from_hours(1)) }, |(owner, _), _| owner.clone(), |weight| *weight)
    }

    #[test]
    fn whoever_fills_the_memory_has_their_own_forgotten() {
        let memory = memory(100, 20);
        for number in 0..70 {
            memory.insert(key(&format!("t{}", number % 7), number), Arc::new(1));
        }
        for number in 0..1_000 {
            memory.insert(key("hostile", number), Arc::new(1));
            memory.get_or_make(&key("hostile", 10_000 + number), || Ok::<_, ()>(1)).unwrap();
        }
        assert_eq!(memory.count(), 90);
        for number in 0..70 {
            assert!(memory.get(&key(&format!("t{}", number % 7), number)).is_some(), "{number}");
        }
        // What came last is there.
        for number in 990..1_000 {
            assert!(memory.get(&key("hostile", number)).is_some() && memory.get(&key("hostile", 10_000 + number)).is_some());
        }
        assert!(memory.get(&key("hostile", 989)).is_none());
    }

    #[test]
    fn what_is_there_counts_once_and_what_is_gone_not_at_all() {
        let memory = memory(1_000, 20);
        for weight in [5, 15, 4, 15] {
            memory.insert(key("a", 1), Arc::new(weight));
        }
        memory.insert(key("a", 2), Arc::new(5));
        assert!(memory.get(&key("a", 1)).is_some(), "twenty in all");
        memory.cache.invalidate(&key("a", 1));
        memory.cache.run_pending_tasks();
        memory.insert(key("a", 3), Arc::new(15));
        assert!(memory.get(&key("a", 2)).is_some(), "twenty again");
        // What is more than a part by itself is there alone.
        memory.insert(key("a", 4), Arc::new(30));
        assert!(memory.get(&key("a", 4)).is_some() && memory.count() == 1);
        memory.cache.invalidate(&key("a", 4));
        assert!(memory.parts.lock().is_empty(), "nothing is known of whoever has nothing");
        assert_eq!(memory.get_or_make(&key("a", 5), || Err::<u32, _>("no")), Err(Arc::new("no")));
        assert!(memory.parts.lock().is_empty());
    }

    #[test]
    fn what_changes_hands_counts_for_whoever_has_it() {
        let room = Room { all: 100, each: 2, kept: Kept::For(Duration::from_hours(1)) };
        let memory = Shared::<u32, char, char>::new(room, |_, owner| *owner, |_| 1);
        memory.insert(1, Arc::new('a'));
        memory.insert(1, Arc::new('b'));
        for number in 2..=5 {
            memory.insert(number, Arc::new('a'));
        }
        assert_eq!(memory.count(), 3);
        assert!(memory.get(&1).is_some_and(|owner| *owner == 'b') && memory.get(&4).is_some() && memory.get(&5).is_some());
    }
}
