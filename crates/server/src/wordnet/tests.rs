use std::collections::{BTreeMap, BTreeSet};

use super::{line::parse, *};

/// The dictionary that the set-up fetches into the repository's cache.
pub(crate) async fn dictionary() -> Vec<Synset> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.cache/wordnet/dict"));
    load(folder).await.unwrap()
}

#[tokio::test]
async fn wordnet_is_read_whole() {
    let all = dictionary().await;
    let mut counts = BTreeMap::new();
    for synset in &all {
        *counts.entry(synset.id.pos).or_insert(0) += 1;
    }
    assert_eq!(counts.into_values().collect::<Vec<_>>(), [82_192, 13_789, 18_185, 3_625]);
    assert_eq!(all.len(), 117_791);
    assert_eq!(all.iter().map(|synset| synset.pointers.len()).sum::<usize>(), 378_203);

    let ids: BTreeSet<_> = all.iter().map(|synset| synset.id).collect();
    assert_eq!(ids.len(), all.len(), "an id stands for one synset");
    assert!(all.iter().flat_map(|synset| &synset.pointers).all(|pointer| ids.contains(&pointer.target)));
    assert!(all.iter().all(|synset| !synset.lemmas.is_empty() && !synset.gloss.is_empty()));
}

#[test]
fn a_noun_is_read_with_its_words_relations_and_gloss() {
    let line = "02086723 05 n 03 dog 0 domestic_dog 0 Canis_familiaris 0 002 @ 02085998 n 0000 ~ 01325095 n 0000 | a member of the genus Canis; \"the dog barked all night\"  ";
    let dog = parse(Pos::Noun, line).unwrap();
    assert_eq!((dog.id.to_string().as_str(), dog.file, dog.name()), ("n02086723", "noun.animal", "dog"));
    let hypernym = Pointer { relation: "HYPERNYM", target: SynsetId::noun(2_085_998) };
    assert_eq!(dog.pointers, [hypernym, Pointer { relation: "HYPONYM", target: SynsetId::noun(1_325_095) }]);
    assert_eq!(dog.text(), "dog, domestic dog, Canis familiaris: a member of the genus Canis; \"the dog barked all night\"");
}

#[test]
fn counts_of_words_are_hexadecimal_frames_are_skipped_and_markers_fall() {
    let words = "w 0 ".repeat(16);
    assert_eq!(parse(Pos::Noun, &format!("1 05 n 10 {words}000 | x")).unwrap().lemmas.len(), 16);
    let verb = parse(Pos::Verb, "00001740 29 v 01 breathe 0 000 02 + 02 00 + 08 00 | draw air").unwrap();
    assert_eq!((verb.name(), verb.file), ("breathe", "verb.body"));
    let adjective = parse(Pos::Adjective, "2 00 s 01 galore(ip) 0 001 & 00000003 a 0000 | in great numbers").unwrap();
    assert_eq!((adjective.name(), adjective.pointers[0].relation), ("galore", "SIMILAR_TO"));
}

#[test]
fn a_backslash_means_one_thing_of_adverbs_and_another_of_adjectives() {
    let relation = |pos| relation::name(pos, "\\").unwrap();
    assert_eq!([relation(Pos::Adverb), relation(Pos::Adjective)], ["DERIVED_FROM", "PERTAINYM"]);
}

#[test]
fn a_line_of_another_form_is_refused_with_a_reason() {
    for (line, reason) in [
        ("", "there is no gloss"),
        ("1 05 n 01 dog 0 000", "there is no gloss"),
        ("x 05 n 01 dog 0 000 | g", "a number was expected"),
        ("1 45 n 01 dog 0 000 | g", "there is no such lexicographer file"),
        ("1 05 v 01 dog 0 000 | g", "the part of speech is not the file's"),
        ("1 05 n 02 dog 0 000 | g", "the line ends too early"),
        ("1 05 n 01 dog 0 001 ? 2 n 0000 | g", "the pointer symbol is unknown"),
        ("1 05 n 01 dog 0 001 @ 2 x 0000 | g", "the pointer's part of speech is unknown"),
        ("1 05 n 01 dog 0 000 more | g", "there is more than the counts say"),
    ] {
        assert_eq!(parse(Pos::Noun, line).unwrap_err(), reason, "{line:?}");
    }
}

/// A noun from its line.
pub(crate) fn noun(line: &str) -> Synset {
    parse(Pos::Noun, line).unwrap()
}
