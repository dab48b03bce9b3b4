//! Storing what may be there already: it is created, or what is there stays, or is changed.

use std::borrow::Cow;

use uuid::Uuid;
use wardgraph_kernel::{Chance, Timestamp, Write};
use wardgraph_store::{StoreError, Tx, in_turns};

use crate::GraphError;

/// How often what comes and goes meanwhile is tried again.
const MOST_ROUNDS: usize = 4;

/// What becomes of what is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum There<K> {
    /// It stays, and is named. It may be gone as soon as it is.
    Named,
    /// It stays, and is read. It is held until the transaction ends, so that it is not erased before what is kept of the answer can be taken back.
    Held,
    /// It is changed, and so much of what it was is kept.
    Changed(K),
}

/// What became of each item that was to be created, in the items' order: or the id of what stands there, if it is held or changed; `None` if what
/// stood there is gone again.
pub(crate) type Created<S> = Result<Vec<Result<S, Option<Uuid>>>, GraphError>;
/// What became of each item that was there, in the items' order; `None` for one that is gone.
pub(crate) type Met<S> = Result<Vec<Option<S>>, GraphError>;

/// What can be stored again.
pub trait Upsert: Clone + Send + Sync {
    /// What became of one that was to be stored.
    type Stored: Send;
    /// How much is kept of what they were.
    type Keeps: Copy + Send + Sync;

    /// Creates those that are new.
    fn create(
        tx: &mut Tx<'_, Write>,
        new: &[Self],
        there: There<Self::Keeps>,
        now: Timestamp,
        chance: &dyn Chance,
    ) -> impl Future<Output = Created<Self::Stored>> + Send;

    /// Holds those that were there, each under the id that was found.
    fn hold(tx: &mut Tx<'_, Write>, met: &[(Uuid, &Self)]) -> impl Future<Output = Met<Self::Stored>> + Send;

    /// Holds what they lean on before they are tried again, as far as it is still there.
    fn steady(tx: &mut Tx<'_, Write>, new: &[Self]) -> impl Future<Output = Result<(), GraphError>> + Send;

    /// Changes those that were there, each under the id that was found.
    fn change(
        tx: &mut Tx<'_, Write>,
        met: &[(Uuid, &Self)],
        keeps: Self::Keeps,
        now: Timestamp,
    ) -> impl Future<Output = Met<Self::Stored>> + Send;
}

/// Stores nodes or edges: one result an item, in the items' order. It is the first that its transaction does: where somebody else's change overtakes
/// it, everything is undone and done again, and who lost is refused alone.
pub async fn upsert_all<T: Upsert>(
    tx: &mut Tx<'_, Write>,
    new: &[T],
    there: There<T::Keeps>,
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<Vec<T::Stored>, GraphError> {
    in_turns!(tx, |turn| {
        if turn > 0 {
            T::steady(tx, new).await?;
        }
        once(tx, new, there, now, chance).await
    })
}

/// What is new is inserted first, so that two who store the same thing at once meet at its key: one creates it, and the other finds it.
async fn once<T: Upsert>(
    tx: &mut Tx<'_, Write>,
    new: &[T],
    there: There<T::Keeps>,
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<Vec<T::Stored>, GraphError> {
    let mut stored: Vec<Option<T::Stored>> = new.iter().map(|_| None).collect();
    for round in 0..MOST_ROUNDS {
        let items = if round == 0 {
            Cow::Borrowed(new)
        } else {
            stored.iter().zip(new).filter(|(place, _)| place.is_none()).map(|(_, item)| item.clone()).collect()
        };
        let places = stored.iter_mut().filter(|place| place.is_none());
        let created = T::create(tx, &items, there, now, chance).await?;
        let mut met = Vec::new();
        for ((place, item), created) in places.zip(&*items).zip(created) {
            match created {
                Ok(created) => *place = Some(created),
                Err(Some(id)) => met.push((place, (id, item))),
                Err(None) => {}
            }
        }
        let (places, met): (Vec<_>, Vec<_>) = met.into_iter().unzip();
        if !met.is_empty() {
            let met = match there {
                There::Changed(keeps) => T::change(tx, &met, keeps, now).await?,
                There::Named | There::Held => T::hold(tx, &met).await?,
            };
            places.into_iter().zip(met).for_each(|(place, met)| *place = met);
        }
        if stored.iter().all(Option::is_some) {
            return Ok(stored.into_iter().flatten().collect());
        }
    }
    // Whoever has them comes and goes.
    Err(StoreError::Conflict.into())
}

/// Stores one node or edge.
pub async fn upsert<T: Upsert>(
    tx: &mut Tx<'_, Write>,
    new: &T,
    there: There<T::Keeps>,
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<T::Stored, GraphError> {
    let stored = upsert_all(tx, std::slice::from_ref(new), there, now, chance).await?;
    stored.into_iter().next().ok_or_else(|| StoreError::Unsafe("what was stored came back without a result".into()).into())
}
