//! Storing nodes under the caller's own ids: what is there already is kept, or replaced.

use wardgraph_kernel::{Chance, NodeId, Timestamp, Write};
use wardgraph_store::{StoreError, Tx};

use super::{
    Creation, NewNode, Node, create_all,
    replace::{Meant, Replaced, write_by_external_id},
};
use crate::GraphError;

/// How often a node that comes and goes meanwhile is tried again.
const MOST_TURNS: usize = 4;

/// What became of a node that was to be stored.
#[derive(Debug, Clone)]
pub enum Stored {
    /// It was created.
    Created(NodeId),
    /// The node of its external id was replaced; `changed` tells whether it is of a new version.
    Replaced(Box<Replaced>),
}

impl Stored {
    /// The node as it is now.
    pub fn node(self, tenant: String, new: NewNode, now: Timestamp) -> Node {
        match self {
            Self::Created(id) => Node::created(tenant, id, new, now),
            Self::Replaced(replaced) => replaced.node,
        }
    }
}

/// Creates nodes, and replaces those whose external id the tenant has: one result an item, in the items' order. No two items may have the
/// same external id.
///
/// What is new is inserted first, so that two who store the same node at once meet at its key: one creates it, and the other replaces it.
pub async fn upsert_all(
    tx: &mut Tx<'_, Write>,
    new: &[NewNode],
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<Vec<Stored>, GraphError> {
    let mut stored: Vec<Option<Stored>> = new.iter().map(|_| None).collect();
    for _ in 0..MOST_TURNS {
        let open: Vec<usize> = (0..new.len()).filter(|index| stored.get(*index).is_some_and(Option::is_none)).collect();
        let items: Vec<NewNode> = open.iter().filter_map(|index| new.get(*index).cloned()).collect();
        let mut there = Vec::new();
        for (index, created) in open.into_iter().zip(create_all(tx, &items, now, chance).await?) {
            match (created, stored.get_mut(index), new.get(index)) {
                (Creation::Created(id), Some(place), _) => *place = Some(Stored::Created(id)),
                (Creation::Exists(_), _, Some(item)) => there.push((index, item)),
                _ => {}
            }
        }
        let items: Vec<&NewNode> = there.iter().map(|(_, item)| *item).collect();
        if !items.is_empty() {
            for ((index, _), replaced) in there.into_iter().zip(write_by_external_id(tx, &items, Meant::ANY, now).await?) {
                if let (Some(place), Some(replaced)) = (stored.get_mut(index), replaced) {
                    *place = Some(Stored::Replaced(Box::new(replaced)));
                }
            }
        }
        if stored.iter().all(Option::is_some) {
            return Ok(stored.into_iter().flatten().collect());
        }
    }
    // Whoever has the external ids comes and goes.
    Err(StoreError::Conflict.into())
}

/// Replaces the node that has the external id of `new`, if it is there and of a version that is meant: none is created.
pub async fn replace_by_external_id(
    tx: &mut Tx<'_, Write>,
    new: &NewNode,
    meant: Meant<'_>,
    now: Timestamp,
) -> Result<Replaced, GraphError> {
    let replaced = write_by_external_id(tx, &[new], meant, now).await?.into_iter().next().flatten();
    let replaced = replaced.ok_or(GraphError::NoneMeant)?;
    if !replaced.changed {
        meant.check(replaced.node.version)?;
    }
    Ok(replaced)
}
