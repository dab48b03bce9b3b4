//! Storing edges again: one that is there gets the props that are given.

use std::collections::BTreeMap;

use serde_json::Value;
use uuid::Uuid;
use wardgraph_kernel::{Chance, NodeId, Timestamp, Write};
use wardgraph_store::{Role, Row, Statement, StatementInfo, StoreError, Tx};

use super::{Creation, Edge, NewEdge, create_all, read};
use crate::GraphError;

/// Gives edges their props; what is the same already stays as it is.
const UPDATE: Statement<Write> = Statement::writing(
    "graph.edge.update",
    &[Role::App],
    "with input as materialized (
       select i.edge_id, i.props, i.size_bytes, i.n from unnest($2::uuid[], $3::jsonb[], $4::int[]) with ordinality as i(edge_id, props, size_bytes, n)
     ), was as materialized (
       select e.edge_id, e.src, e.rel, e.dst, e.props, e.created_at
       from edges e where e.tenant_id = $1 and e.edge_id = any($2) order by e.edge_id for no key update
     ), updated as (
       update edges e set props = i.props, size_bytes = i.size_bytes
       from was w join input i using (edge_id)
       where e.tenant_id = $1 and e.edge_id = w.edge_id and w.props is distinct from i.props
       returning e.edge_id, e.props
     )
     select $1::text, w.edge_id, w.src, w.rel, w.dst, coalesce(u.props, w.props), w.created_at, u.edge_id is not null
     from input i left join was w using (edge_id) left join updated u using (edge_id) order by i.n",
);

pub(crate) const STATEMENTS: &[&StatementInfo] = &[UPDATE.info()];

/// How often an edge that comes and goes meanwhile is tried again.
const MOST_TURNS: usize = 4;

/// What became of an edge that was to be stored.
#[derive(Debug, Clone)]
pub enum Stored {
    /// It was created.
    Created(Box<Edge>),
    /// It was there.
    Replaced(Box<Replaced>),
    /// The end that this field names is no node of the tenant.
    NoEnd(&'static str),
    /// A later item is the same edge, and counts.
    Superseded,
}

/// An edge that was there.
#[derive(Debug, Clone)]
pub struct Replaced {
    /// The edge as it is now.
    pub edge: Edge,
    /// Whether they are others now.
    pub changed: bool,
}

/// An edge that items of a batch are, and the last of these.
struct Met {
    last: usize,
    made: Option<(usize, (NodeId, NodeId))>,
}

/// Creates edges, and gives the props of `new` to those that the tenant has: one result an item, in the items' order. Of several items that are
/// one edge the last counts.
///
/// What is new is inserted first, so that two who store the same edge at once meet at its key: one creates it, and the other changes it.
pub async fn upsert_all(
    tx: &mut Tx<'_, Write>,
    new: &[NewEdge],
    now: Timestamp,
    chance: &dyn Chance,
) -> Result<Vec<Stored>, GraphError> {
    let mut stored: Vec<Option<Stored>> = new.iter().map(|_| None).collect();
    for _ in 0..MOST_TURNS {
        let open: Vec<usize> = (0..new.len()).filter(|index| stored.get(*index).is_some_and(Option::is_none)).collect();
        let items: Vec<NewEdge> = open.iter().filter_map(|index| new.get(*index).cloned()).collect();
        let mut edges: BTreeMap<Uuid, Met> = BTreeMap::new();
        for (index, creation) in open.into_iter().zip(create_all(tx, &items, now, chance).await?) {
            let (id, made) = match creation {
                Creation::Created { id, src, dst } => (id, Some((index, (src, dst)))),
                Creation::Exists { id, .. } => (id, None),
                Creation::NoEnd(field) => {
                    put(&mut stored, index, Stored::NoEnd(field));
                    continue;
                }
            };
            let met = edges.entry(id.uuid()).or_insert(Met { last: index, made: None });
            if met.last != index {
                put(&mut stored, met.last, Stored::Superseded);
                met.last = index;
            }
            met.made = met.made.or(made);
        }
        let items: Vec<_> =
            edges.into_iter().filter_map(|(id, met)| Some((id, met.last, met.made, new.get(met.last)?))).collect();
        let there: Vec<_> = items.iter().filter(|(_, last, made, _)| made.is_none_or(|(by, _)| by != *last)).collect();
        let mut updated = update(tx, there.iter().map(|(id, _, _, item)| (*id, *item))).await?;
        for (id, last, made, item) in items {
            match (made, updated.remove(&id)) {
                (Some((_, ends)), _) => {
                    let edge = Edge::created(tx.tenant(), id.into(), ends, item.clone(), now);
                    put(&mut stored, last, Stored::Created(Box::new(edge)));
                }
                (None, Some(replaced)) => put(&mut stored, last, Stored::Replaced(Box::new(replaced))),
                (None, None) => {}
            }
        }
        if stored.iter().all(Option::is_some) {
            return Ok(stored.into_iter().flatten().collect());
        }
    }
    // Whoever has the edges comes and goes.
    Err(StoreError::Conflict.into())
}

fn put(stored: &mut [Option<Stored>], index: usize, what: Stored) {
    if let Some(place) = stored.get_mut(index) {
        *place = Some(what);
    }
}

/// Gives edges their props; one that is gone is left out.
async fn update(
    tx: &mut Tx<'_, Write>,
    items: impl Iterator<Item = (Uuid, &NewEdge)>,
) -> Result<BTreeMap<Uuid, Replaced>, GraphError> {
    let (ids, items): (Vec<Uuid>, Vec<&NewEdge>) = items.unzip();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let props: Vec<Value> = items.iter().map(|item| Value::Object(item.props.clone())).collect();
    let sizes: Vec<i32> = items.iter().map(|item| item.size_bytes()).collect();
    let tenant = tx.tenant();
    let rows = tx.write(&UPDATE, &[&tenant, &ids, &props, &sizes]).await?;
    Ok(rows.iter().filter_map(|row| replaced(row).transpose()).collect::<Result<_, StoreError>>()?)
}

fn replaced(row: &Row) -> Result<Option<(Uuid, Replaced)>, StoreError> {
    let Some(id) = row.try_get::<Option<Uuid>>(1)? else { return Ok(None) };
    Ok(Some((id, Replaced { edge: read(row)?, changed: row.try_get(7)? })))
}
