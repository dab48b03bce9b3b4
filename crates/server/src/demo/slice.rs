//! A slice of WordNet: lexicographer files taken whole, with every relation between their synsets.

use std::collections::{BTreeMap, BTreeSet};

use crate::wordnet::{FILES, Synset, SynsetId};

/// What tenant A takes first: one hierarchy from `entity` down to every animal and dish.
const FIRST_OF_A: &[&str] = &["noun.Tops", "noun.animal", "noun.food", "noun.plant", "noun.body", "noun.person"];
/// What tenant B takes, and A never.
const FILES_OF_B: &[&str] = &["verb.motion", "verb.weather"];

/// One edge. Several pointers between the words of two synsets fold into one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Link {
    pub(super) src: SynsetId,
    pub(super) rel: &'static str,
    pub(super) dst: SynsetId,
}

/// Synsets and everything between them.
#[derive(Debug)]
pub(super) struct Slice {
    pub(super) files: Vec<&'static str>,
    pub(super) synsets: BTreeMap<SynsetId, Synset>,
    /// How many relations WordNet has between the synsets.
    pub(super) relations: usize,
    /// The edges that they make.
    pub(super) links: BTreeSet<Link>,
}

/// Tenant A's: files until there are `wanted` synsets or none are left.
pub(super) fn of_a(all: &[Synset], wanted: usize) -> Slice {
    let rest = FILES.iter().filter(|file| !FIRST_OF_A.contains(file) && !FILES_OF_B.contains(file));
    cut(all, FIRST_OF_A.iter().chain(rest), wanted)
}

/// Tenant B's: small, and nothing of it is A's.
pub(super) fn of_b(all: &[Synset]) -> Slice {
    cut(all, FILES_OF_B, usize::MAX)
}

fn cut<'a>(all: &[Synset], files: impl IntoIterator<Item = &'a &'static str>, wanted: usize) -> Slice {
    let mut slice = Slice { files: Vec::new(), synsets: BTreeMap::new(), relations: 0, links: BTreeSet::new() };
    for file in files {
        if slice.synsets.len() >= wanted {
            break;
        }
        slice.files.push(file);
        slice.synsets.extend(all.iter().filter(|synset| synset.file == *file).map(|synset| (synset.id, synset.clone())));
    }
    for synset in slice.synsets.values() {
        let within = synset.pointers.iter().filter(|pointer| slice.synsets.contains_key(&pointer.target));
        for pointer in within {
            slice.relations += 1;
            slice.links.insert(Link { src: synset.id, rel: pointer.relation, dst: pointer.target });
        }
    }
    slice
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wordnet::tests::dictionary;

    #[tokio::test]
    async fn a_takes_whole_files_with_every_relation_between_them() {
        let all = dictionary().await;
        let a = of_a(&all, 10_000);
        assert_eq!(a.files, ["noun.Tops", "noun.animal", "noun.food"]);
        assert_eq!((a.synsets.len(), a.relations, a.links.len()), (10_136, 32_056, 32_053));
        let between = all.iter().filter(|synset| a.synsets.contains_key(&synset.id)).flat_map(|synset| {
            let within = synset.pointers.iter().filter(|pointer| a.synsets.contains_key(&pointer.target));
            within.map(|pointer| Link { src: synset.id, rel: pointer.relation, dst: pointer.target })
        });
        assert!(between.into_iter().all(|link| a.links.contains(&link)));
    }

    #[tokio::test]
    async fn b_shares_nothing_with_a_however_much_a_takes() {
        let all = dictionary().await;
        let (a, b) = (of_a(&all, usize::MAX), of_b(&all));
        assert_eq!((b.synsets.len(), b.relations, b.links.len()), (1_492, 3_012, 3_003));
        assert_eq!(a.synsets.len() + b.synsets.len(), all.len());
        assert!(b.synsets.keys().all(|id| !a.synsets.contains_key(id)));
    }

    #[test]
    fn pointers_between_the_same_two_fold_into_one_edge() {
        let line = |offset: u32, pointers: usize| {
            let target = if offset == 1 { 2 } else { 1 };
            let pointers = format!("{pointers:03} {}", format!("+ {target} n 0101 ").repeat(pointers));
            crate::wordnet::tests::noun(&format!("{offset} 05 n 01 w 0 {pointers}| g"))
        };
        let slice = cut(&[line(1, 2), line(2, 1)], &["noun.animal"], 1);
        assert_eq!((slice.relations, slice.links.len()), (3, 2));
    }
}
