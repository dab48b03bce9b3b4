//! Storing nodes under the caller's own ids: what is there already is kept, or replaced.

use uuid::Uuid;
use wardgraph_kernel::{Chance, NodeId, Timestamp, Write};
use wardgraph_store::{Tx, in_turns};

use super::{
    Creation, MostVersions, NewNode, Node, insert,
    replace::{Meant, Replaced, hold, write_by_external_id},
};
use crate::{
    GraphError,
    upsert::{Created, Met, There, Upsert},
};

/// What became of a node that was to be stored.
#[derive(Debug, Clone)]
pub enum Stored {
    /// It was created.
    Created(NodeId),
    /// The tenant has a node of its external id.
    Exists(NodeId),
    /// The same, and it is held.
    Held(Box<Node>),
    /// The node of its external id was replaced; `changed` tells whether it is of a new version.
    Replaced(Box<Replaced>),
}

impl Stored {
    /// Whether it was queued for a vector, `new` being what was stored.
    pub fn is_queued(&self, new: &NewNode) -> bool {
        match self {
            Self::Created(_) => new.has_text(),
            Self::Exists(_) | Self::Held(_) => false,
            Self::Replaced(replaced) => replaced.queued,
        }
    }
}

/// No two items that are to be changed may have the same external id.
impl Upsert for NewNode {
    type Stored = Stored;
    type Keeps = MostVersions;

    async fn create(
        tx: &mut Tx<'_, Write>,
        new: &[Self],
        there: There<MostVersions>,
        now: Timestamp,
        chance: &dyn Chance,
    ) -> Created<Stored> {
        let told = |creation| match creation {
            Creation::Created(id) => Ok(Stored::Created(id)),
            Creation::Exists(id) if there == There::Named => Ok(Stored::Exists(id)),
            Creation::Exists(id) => Err(Some(id.uuid())),
            Creation::Open => Err(None),
        };
        Ok(insert(tx, new, now, chance).await?.into_iter().map(told).collect())
    }

    async fn hold(tx: &mut Tx<'_, Write>, met: &[(Uuid, &Self)]) -> Met<Stored> {
        let mut held = Vec::with_capacity(met.len());
        for (id, _) in met {
            held.push(match hold(tx, (*id).into(), Meant::ANY).await {
                Ok(node) => Some(Stored::Held(Box::new(node))),
                Err(GraphError::NoNode(_)) => None,
                Err(error) => return Err(error),
            });
        }
        Ok(held)
    }

    async fn steady(_: &mut Tx<'_, Write>, _: &[Self]) -> Result<(), GraphError> {
        Ok(())
    }

    /// Replaces what has the external ids by now.
    async fn change(tx: &mut Tx<'_, Write>, met: &[(Uuid, &Self)], keeps: MostVersions, now: Timestamp) -> Met<Stored> {
        let items: Vec<&Self> = met.iter().map(|(_, item)| *item).collect();
        let replaced = write_by_external_id(tx, &items, Meant::ANY, keeps, now).await?;
        Ok(replaced.into_iter().map(|replaced| Some(Stored::Replaced(Box::new(replaced?)))).collect())
    }
}

/// Replaces the node that has the external id of `new`, if it is there and of a version that is meant: none is created.
pub async fn replace_by_external_id(
    tx: &mut Tx<'_, Write>,
    new: &NewNode,
    meant: Meant<'_>,
    keeps: MostVersions,
    now: Timestamp,
) -> Result<Replaced, GraphError> {
    let replaced = in_turns!(tx, write_by_external_id(tx, &[new], meant, keeps, now).await)?;
    let replaced = replaced.into_iter().next().flatten().ok_or(GraphError::NoneMeant)?;
    if !replaced.changed {
        meant.check(replaced.node.version)?;
    }
    Ok(replaced)
}
