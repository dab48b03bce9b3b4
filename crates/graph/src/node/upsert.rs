//! Storing nodes under the caller's own ids: what is there already is kept, or replaced.

use uuid::Uuid;
use wardgraph_kernel::{Chance, NodeId, Timestamp, Write};
use wardgraph_store::Tx;

use super::{
    Creation, NewNode, Node, create_all,
    replace::{Meant, Replaced, write_by_external_id},
};
use crate::{
    GraphError,
    upsert::{Changed, Created, Upsert},
};

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

/// No two items may have the same external id.
impl Upsert for NewNode {
    type Stored = Stored;

    async fn create(tx: &mut Tx<'_, Write>, new: &[Self], now: Timestamp, chance: &dyn Chance) -> Created<Stored> {
        let told = |creation| match creation {
            Creation::Created(id) => Ok(Stored::Created(id)),
            Creation::Exists(id) => Err(id.uuid()),
        };
        Ok(create_all(tx, new, now, chance).await?.into_iter().map(told).collect())
    }

    /// Replaces what has the external ids by now.
    async fn change(tx: &mut Tx<'_, Write>, there: &[(Uuid, &Self)], now: Timestamp) -> Changed<Stored> {
        let items: Vec<&Self> = there.iter().map(|(_, item)| *item).collect();
        let replaced = write_by_external_id(tx, &items, Meant::ANY, now).await?;
        Ok(replaced.into_iter().map(|replaced| Some(Stored::Replaced(Box::new(replaced?)))).collect())
    }
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
