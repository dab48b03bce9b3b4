//! Walking relations: from a node up to everything it is a kind of.

use std::collections::{BTreeMap, BTreeSet};

use wardgraph_api::wire::edge::EdgePage;
use wardgraph_kernel::NodeId;

use super::{
    side::Side,
    slice::Slice,
    verdict::{Done, Failed},
};
use crate::wordnet::SynsetId;

/// Where the walk begins.
pub(super) const DOG: SynsetId = SynsetId::noun(2_086_723);
const UP: &str = "HYPERNYM";

/// What every walk up from the dog must meet, whatever the slice.
const LANDMARKS: &[&str] = &["canine", "carnivore", "mammal", "animal", "entity"];

/// Walks up from the dog, edge by edge, and compares with what WordNet says.
pub(super) async fn up(side: &Side) -> Result<Done<()>, Failed> {
    let known: BTreeMap<NodeId, SynsetId> = side.ids.iter().map(|(synset, node)| (*node, *synset)).collect();
    let (mut above, mut open, mut calls) = (BTreeMap::new(), vec![DOG], 0);
    while let Some(synset) = open.pop() {
        let Some(node) = side.ids.get(&synset) else { continue };
        let page: EdgePage = side.client.read(&format!("/edges?node_id={node}&direction=out&rel={UP}&limit=1000")).await?;
        calls += 1;
        let next: BTreeSet<_> = page.edges.iter().filter_map(|edge| known.get(&edge.dst).copied()).collect();
        open.extend(next.iter().filter(|id| !above.contains_key(*id)));
        above.insert(synset, next);
    }
    let (met, expected) = (above.keys().copied().collect::<BTreeSet<_>>(), all_above(&side.slice));
    let named = |ids: &BTreeSet<SynsetId>| ids.iter().map(|id| name(side, *id)).collect::<Vec<_>>();
    let landmarks = named(&met);
    if met != expected || !LANDMARKS.iter().all(|landmark| landmarks.iter().any(|name| name == landmark)) {
        return Err(Failed::unexpected(named(&expected).join(", "), landmarks.join(", ")));
    }
    let chain: Vec<_> = longest(&above, DOG).into_iter().map(|id| name(side, id)).collect();
    Ok(Done::new(())
        .note(chain.join(" > "))
        .note(format!("{} synsets above it by {calls} calls, as WordNet has them", met.len() - 1)))
}

fn name(side: &Side, id: SynsetId) -> String {
    side.slice.synsets.get(&id).map_or_else(|| id.to_string(), |synset| synset.name().to_owned())
}

/// What WordNet itself has above the dog, the dog included.
fn all_above(slice: &Slice) -> BTreeSet<SynsetId> {
    let (mut met, mut open) = (BTreeSet::new(), vec![DOG]);
    while let Some(id) = open.pop() {
        if met.insert(id) {
            open.extend(slice.links.iter().filter(|link| link.src == id && link.rel == UP).map(|link| link.dst));
        }
    }
    met
}

/// The longest way up. WordNet has no circle of hypernyms; a way that closes one ends there.
fn longest(above: &BTreeMap<SynsetId, BTreeSet<SynsetId>>, from: SynsetId) -> Vec<SynsetId> {
    fn follow(above: &BTreeMap<SynsetId, BTreeSet<SynsetId>>, way: &mut Vec<SynsetId>, best: &mut Vec<SynsetId>) {
        if way.len() > best.len() {
            best.clone_from(way);
        }
        let next = way.last().and_then(|last| above.get(last)).into_iter().flatten();
        for id in next {
            if !way.contains(id) {
                way.push(*id);
                follow(above, way, best);
                way.pop();
            }
        }
    }
    let mut best = Vec::new();
    follow(above, &mut vec![from], &mut best);
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_way_up_is_taken_and_circles_end() {
        let [a, b, c, d] = [1, 2, 3, 4].map(SynsetId::noun);
        let above = BTreeMap::from([(a, [b, d].into()), (b, [c].into()), (c, [d, a].into()), (d, BTreeSet::new())]);
        assert_eq!(longest(&above, a), [a, b, c, d]);
    }
}
