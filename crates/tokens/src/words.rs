//! Words that many tokens say alike, scopes above all: each list of them is in memory once, however many tokens are remembered that say it.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

/// A list of words. Cheap to clone.
pub type Words = Arc<[String]>;

/// Past this many lists those that no token says any more are forgotten.
const SWEPT_ABOVE: usize = 1_000;

/// The lists that are in use.
#[derive(Debug, Default)]
pub(crate) struct KeptWords(Mutex<Held>);

#[derive(Debug, Default)]
struct Held {
    lists: HashSet<Words>,
    /// How many were in use when they were looked through.
    used: usize,
}

impl KeptWords {
    /// The list of these words.
    pub(crate) fn of<'a>(&self, words: impl Iterator<Item = &'a str>) -> Words {
        let words: Vec<String> = words.map(str::to_owned).collect();
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = held.lists.get(words.as_slice()) {
            return known.clone();
        }
        if held.lists.len() >= SWEPT_ABOVE.max(2 * held.used) {
            held.lists.retain(|list| Arc::strong_count(list) > 1);
            held.used = held.lists.len();
        }
        let words = Words::from(words);
        held.lists.insert(words.clone());
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_alike_is_there_once_and_forgotten_with_the_last_who_says_it() {
        let kept = KeptWords::default();
        let one = kept.of(["nodes:read", "search:read"].into_iter());
        assert!(Arc::ptr_eq(&one, &kept.of(["nodes:read", "search:read"].into_iter())));
        assert!(!Arc::ptr_eq(&one, &kept.of(["nodes:read search:read"].into_iter())));
        for number in 0..3 * SWEPT_ABOVE {
            kept.of([number.to_string().as_str()].into_iter());
            assert!(kept.0.lock().unwrap().lists.len() <= SWEPT_ABOVE);
        }
        assert!(Arc::ptr_eq(&one, &kept.of(["nodes:read", "search:read"].into_iter())));
    }
}
