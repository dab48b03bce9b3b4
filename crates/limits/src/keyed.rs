//! Buckets by key, in a table that cannot outgrow its bound.
//!
//! A key is known by its 64-bit hash under a secret of this process, so an entry takes 48 bytes however long the key. Two keys of one hash
//! would share their buckets, and be limited together: among 100,000 keys the chance is below one in 10^9, and nobody can aim at it.
//! The table is cut into shards, each under its own lock, held for one look-up.
//! **Invariant:** a shard never holds more than its share of keys, so the table never more than its bound
//! (`a_flood_of_new_keys_stays_bounded`).
//!
//! When a new key meets a full shard, the keys whose buckets are all full again are dropped: a full bucket and an absent one are
//! the same, so nothing is forgiven. If all are in use, the new key shares one overflow bucket per class with every other key
//! that found no room: a flood of keys (an attacker's many networks) throttles newcomers, and neither grows the table nor gets in freely.
//! A sweep reads the whole shard (some 3,000 keys, microseconds), so a shard is swept at most ten times a second.

use std::{
    collections::HashMap,
    fmt,
    hash::{BuildHasher, BuildHasherDefault, Hash, Hasher, RandomState},
    marker::PhantomData,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use wardgraph_kernel::LimitClass;

use crate::{
    bucket::{Bucket, Nanos},
    table::PerClass,
};

const SHARDS: usize = 64;
const SWEEP_PAUSE: Nanos = Nanos(100_000_000);

type Buckets = PerClass<Bucket>;

/// Buckets by key.
pub(crate) struct Keyed<K: ?Sized> {
    /// Holds the secret.
    hasher: RandomState,
    shards: [Mutex<Shard>; SHARDS],
    keys_per_shard: usize,
    overflow: Mutex<Buckets>,
    overflowed: AtomicU64,
    keys: PhantomData<fn(&K)>,
}

#[derive(Default)]
struct Shard {
    buckets: HashMap<Fingerprint, Buckets, BuildHasherDefault<AsItIs>>,
    next_sweep: Nanos,
}

impl<K: Hash + ?Sized> Keyed<K> {
    /// A table of at most `keys` keys.
    pub(crate) fn new(keys: usize) -> Self {
        Self {
            hasher: RandomState::new(),
            shards: std::array::from_fn(|_| Mutex::default()),
            keys_per_shard: keys.div_euclid(SHARDS).max(1),
            overflow: Mutex::new(Buckets::default()),
            overflowed: AtomicU64::new(0),
            keys: PhantomData,
        }
    }

    /// Works on `key`'s bucket of `class`: its own, or the shared one if the table has no room.
    pub(crate) fn change<T>(&self, key: &K, class: LimitClass, now: Nanos, work: impl FnOnce(&mut Bucket) -> T) -> T {
        let key = Fingerprint(self.hasher.hash_one(key));
        if let Some(shard) = self.shards.get(key.shard()) {
            let mut shard = lock(shard);
            if let Some(buckets) = shard.buckets.get_mut(&key) {
                return work(buckets.of_mut(class));
            }
            if shard.has_room(self.keys_per_shard, now) {
                return work(shard.buckets.entry(key).or_default().of_mut(class));
            }
        }
        self.overflowed.fetch_add(1, Ordering::Relaxed);
        work(lock(&self.overflow).of_mut(class))
    }

    /// A copy of what [`Keyed::change`] would work on; makes no entry.
    pub(crate) fn read(&self, key: &K, class: LimitClass, now: Nanos) -> Bucket {
        let key = Fingerprint(self.hasher.hash_one(key));
        if let Some(shard) = self.shards.get(key.shard()) {
            let mut shard = lock(shard);
            if let Some(buckets) = shard.buckets.get(&key) {
                return *buckets.of(class);
            }
            if shard.has_room(self.keys_per_shard, now) {
                return Bucket::default();
            }
        }
        *lock(&self.overflow).of(class)
    }

    /// How many keys the table holds.
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).buckets.len()).sum()
    }

    /// How many changes went to the shared buckets since the start.
    pub(crate) fn overflowed(&self) -> u64 {
        self.overflowed.load(Ordering::Relaxed)
    }
}

impl Shard {
    /// Whether one more key fits, if need be after dropping the idle ones.
    fn has_room(&mut self, keys: usize, now: Nanos) -> bool {
        if self.buckets.len() >= keys && now >= self.next_sweep {
            self.buckets.retain(|_, buckets| !buckets.all(|bucket| bucket.is_full(now)));
            self.next_sweep = now.plus(SWEEP_PAUSE);
        }
        self.buckets.len() < keys
    }
}

/// A key's hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Fingerprint(u64);

impl Fingerprint {
    /// Taken from the middle: within a shard the map goes by the lowest and the highest bits.
    const fn shard(self) -> usize {
        (self.0 >> 32) as usize % SHARDS
    }
}

/// The hash of what is a hash already.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    /// A fingerprint is one `u64`; anything else would still be told apart.
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// The arithmetic under the locks cannot panic half-way, so a poisoned lock guards sound data.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<K: ?Sized> fmt::Debug for Keyed<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyed").field("keys_per_shard", &self.keys_per_shard).finish_non_exhaustive()
    }
}
