//! Good input, mangled: bits turned, pieces cut, doubled, swapped for those of other input, and words put in that matter to a parser.

use std::{fs, sync::Arc};

use proptest::{collection::vec, prelude::*, sample::Index};

use crate::layers::repository;

/// The files of a corpus.
pub(crate) fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = repository().join("crates/server/tests/corpus").join(name);
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{name}");
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

#[derive(Debug, Clone)]
enum Change {
    Turn(Index, u8),
    Cut(Index, usize),
    Double(Index, usize),
    Swap(Index, Index, usize),
    Put(Index, Index),
}

fn change() -> impl Strategy<Value = Change> {
    let length = || prop_oneof![1_usize..4, 1_usize..40, 1_usize..2_000];
    prop_oneof![
        (any::<Index>(), 0_u8..8).prop_map(|(at, bit)| Change::Turn(at, bit)),
        (any::<Index>(), length()).prop_map(|(at, length)| Change::Cut(at, length)),
        (any::<Index>(), length()).prop_map(|(at, length)| Change::Double(at, length)),
        (any::<Index>(), any::<Index>(), length()).prop_map(|(at, from, length)| Change::Swap(at, from, length)),
        (any::<Index>(), any::<Index>()).prop_map(|(at, word)| Change::Put(at, word)),
    ]
}

/// One of the seeds, mangled a little or a lot, or not at all.
pub(crate) fn mangled(seeds: Vec<Vec<u8>>, words: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let seeds = Arc::new(seeds);
    (any::<Index>(), any::<Index>(), vec(change(), 0..8)).prop_map(move |(seed, other, changes)| {
        let (mut bytes, other) = (seed.get(seeds.as_slice()).clone(), other.get(seeds.as_slice()).clone());
        changes.iter().for_each(|change| apply(change, &mut bytes, &other, words));
        bytes
    })
}

fn apply(change: &Change, bytes: &mut Vec<u8>, other: &[u8], words: &[&str]) {
    let place = |at: &Index, of: &[u8]| at.index(of.len() + 1);
    match change {
        Change::Turn(at, bit) => {
            let at = place(at, bytes);
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << bit;
            }
        }
        Change::Cut(at, length) => {
            let at = place(at, bytes);
            bytes.drain(at..(at + length).min(bytes.len()));
        }
        Change::Double(at, length) => {
            let at = place(at, bytes);
            let piece = bytes[at..(at + length).min(bytes.len())].to_vec();
            bytes.splice(at..at, piece);
        }
        Change::Swap(at, from, length) => {
            let (at, from) = (place(at, bytes), place(from, other));
            let piece = other[from..(from + length).min(other.len())].to_vec();
            bytes.splice(at..(at + piece.len()).min(bytes.len()), piece);
        }
        Change::Put(at, word) => {
            let at = place(at, bytes);
            bytes.splice(at..at, word.get(words).bytes());
        }
    }
}
