//! Storing what may be there already: it is created, or changed.

use uuid::Uuid;
use wardgraph_kernel::{Chance, Timestamp, Write};
use wardgraph_store::{StoreError, Tx};

use crate::GraphError;

/// How often what comes and goes meanwhile is tried again.
const MOST_TURNS: usize = 4;

/// What became of each item that was to be created, in the items' order: or the id of what stood there.
pub(crate) type Created<S> = Result<Vec<Result<S, Uuid>>, GraphError>;
/// What became of each item that was there, in the items' order; `None` for one that is gone.
pub(crate) type Changed<S> = Result<Vec<Option<S>>, GraphError>;

/// What can be stored again.
pub trait Upsert: Clone + Send + Sync {
    /// What became of one that was to be stored.
    type Stored: Send;

    /// Creates those that are new.
    fn create(
        tx: &mut Tx<'_, Write>,
        new: &[Self],
        now: Timestamp,
        chance: &dyn Chance,
    ) -> impl Future<Output = Created<Self::Stored>> + Send;

    /// Changes those that were there, each under the id that was found.
    fn change(
        tx: &mut Tx<'_, Write>,
        there: &[(Uuid, &Self)],
        now: Timestamp,
    ) -> impl Future<Output = Changed<Self::Stored>> + Send;
}

/// Creates nodes or edges, and changes those that are there: one result an item, in the items' order.
///
/// What is new is inserted first, so that two who store the same thing at once meet at its key: one creates it, and the other changes it.
pub async fn upsert_all<T: Upsert>(
    tx: &mut Tx<'_, Write>,
    new: &[T],
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<Vec<T::Stored>, GraphError> {
    let mut stored: Vec<Option<T::Stored>> = new.iter().map(|_| None).collect();
    for _ in 0..MOST_TURNS {
        let open = stored.iter_mut().zip(new).filter(|(place, _)| place.is_none());
        let (places, items): (Vec<_>, Vec<T>) = open.map(|(place, item)| (place, item.clone())).unzip();
        let created = T::create(tx, &items, now, chance).await?;
        let mut there = Vec::new();
        for ((place, item), created) in places.into_iter().zip(&items).zip(created) {
            match created {
                Ok(created) => *place = Some(created),
                Err(id) => there.push((place, (id, item))),
            }
        }
        let (places, there): (Vec<_>, Vec<_>) = there.into_iter().unzip();
        if !there.is_empty() {
            let changed = T::change(tx, &there, now).await?;
            places.into_iter().zip(changed).for_each(|(place, changed)| *place = changed);
        }
        if stored.iter().all(Option::is_some) {
            return Ok(stored.into_iter().flatten().collect());
        }
    }
    // Whoever has them comes and goes.
    Err(StoreError::Conflict.into())
}
