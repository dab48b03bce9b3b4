//! WordNet whole: every synset a node, every pair of synsets and their relation an edge.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::record::{EdgeItem, End, Item, Kind, NodeItem, Position, Record};
use crate::wordnet::Synset;

/// The records of one kind, from `at` on. Places are counted in records: they come in the same order each time.
pub(super) fn records(synsets: &[Synset], kind: Kind, at: Position) -> Box<dyn Iterator<Item = Record> + '_> {
    let items: Box<dyn Iterator<Item = (String, Item)>> = match kind {
        Kind::Nodes => Box::new(synsets.iter().map(node)),
        Kind::Edges => Box::new(synsets.iter().flat_map(edges)),
    };
    let from = usize::try_from(at.offset).unwrap_or(usize::MAX);
    Box::new(items.enumerate().skip(from).map(|(place, (raw, item))| {
        let end = place as u64 + 1;
        Record { line: end, end: Position { offset: end, line: end + 1 }, raw: format!("{raw}\n").into(), item: Ok(item) }
    }))
}

fn node(synset: &Synset) -> (String, Item) {
    let node = synset.node();
    let raw = node.to_string();
    let members = if let Value::Object(members) = node { members } else { Map::new() };
    (raw, Item::Node(NodeItem { external_id: synset.id.external_id(), id: None, created_at: None, members }))
}

/// Several pointers between the words of two synsets fold into one edge.
fn edges(synset: &Synset) -> impl Iterator<Item = (String, Item)> + use<> {
    let src = synset.id.external_id();
    let targets: BTreeSet<_> = synset.pointers.iter().map(|pointer| (pointer.relation, pointer.target)).collect();
    targets.into_iter().map(move |(rel, target)| {
        let dst = target.external_id();
        let raw = serde_json::json!({ "src": src, "rel": rel, "dst": dst }).to_string();
        let (src, dst) = (End::External(src.clone()), End::External(dst));
        (raw, Item::Edge(EdgeItem { src, rel: rel.to_owned(), dst, props: Map::new(), created_at: None }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wordnet::tests::dictionary;

    #[tokio::test]
    async fn wordnet_becomes_a_graph_whole() {
        let all = dictionary().await;
        assert_eq!(records(&all, Kind::Nodes, Position::START).count(), 117_791);
        let mut edges = records(&all, Kind::Edges, Position::START);
        let middle = edges.nth(999).unwrap().end;
        let next = edges.next().unwrap();
        assert_eq!(edges.count(), 365_119 - 1_001);
        let again = records(&all, Kind::Edges, middle).next().unwrap();
        assert_eq!((again.line, again.raw), (next.line, next.raw));
    }
}
